"""Spiking neurons over all timesteps at once: `fire` runs them, one step after the other or in one pass over memory."""

from tsearch.networks.neuron.fire import fire

__all__ = ["fire"]
