"""From a network and its spikes to prices: the record of a validation pass, its cost, and bounds before training."""
