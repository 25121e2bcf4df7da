"""Spiking neurons: `lif_step` says what a neuron does in one timestep, `fire` runs a layer through all timesteps."""

from tsearch.networks.neuron.fire import fire
from tsearch.networks.neuron.lif import lif_step

__all__ = ["fire", "lif_step"]
