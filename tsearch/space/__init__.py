"""Search spaces: a YAML file becomes a frozen object that counts, draws, decodes and encodes configurations."""
