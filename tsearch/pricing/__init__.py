"""From a network and its spikes to prices: the record of a validation pass, its cost, and bounds before training."""

COUNTING = 1
"""Version of what is counted and how a count becomes a price; results of another one are not compared."""
