"""Training: epochs of a schedule, checkpoints, and the way from a configuration to a result."""

RECIPE = 3
"""Version of what a training draws and how it goes on; checkpoints and results of another one are not continued.

1: weights and orders of samples from keys that hash every default, weights named by stage.
2: from keys that omit what is at the value that its absence means, weights named by block.
3: with other defaults of the settings of `training`, and one recording of every scan an epoch where there are several.
"""
