"""Windows of a map that share one module and hand on their membranes: the General SNN of arXiv 2401.10843."""
