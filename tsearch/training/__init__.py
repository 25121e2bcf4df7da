"""Training: epochs of a schedule, checkpoints, and the way from a configuration to a result."""
