"""The torch modules of `tsearch.networks.windows.nodes`, each over all timesteps and windows at once."""
