"""The synaptic operations that a batch takes, in a form that has a gradient: what `rate_weight` penalises."""

import numpy as np
import torch
from torch import Tensor

from hwcost import LayerSpec, fan_out_classes
from hwcost.network.fan_out import n_synapses
from hwcost.network.kinds import WEIGHTED
from tsearch.data.dataset import Input
from tsearch.networks.build import Network
from tsearch.pricing.describe import describe_network
from tsearch.pricing.events import events_of
from tsearch.pricing.reduction import reduction_of


class SynapticOperations:
    """Observer of `Network.run`: the synaptic operations of a batch, as a part of those at one spike per neuron and
    timestep.

    Summed over the layers with weights that read spikes, whole networks together, so that a layer counts as much as it
    costs: of every spike, the weights that it meets, exact at borders and strides and without those that are pruned. A
    spike that an average pool sums meets the weights behind the pool. At the end of a stage, spikes are those before
    its temporal transformer. Frames are left out: training does not change them. In a network of one stage and without
    average pools, this is the `sop` that the cost model counts, less those of the frames.

    IIR-SNN reports such counts and penalises none; penalties on spike counts are those of Esser et al., PNAS 113:11441,
    2016, and many others; the weights by fan-out are ours."""

    def __init__(self, network: Network, data: Input, timesteps: tuple[int, ...]) -> None:
        """For the weights that `network` has now, and the timesteps with which it will run."""
        spec = describe_network(network.configuration, data, timesteps, reduction_of(network, timesteps))
        events, where = events_of(spec), network.head.weight.device
        self._met: dict[str, Tensor] = {}
        self._most, self._taken = 0, torch.zeros((), device=where)
        for layer in spec.layers:
            source = spec.source(layer)
            if source is None or layer.is_analog or layer.kind not in WEIGHTED:
                continue
            met = torch.as_tensor(_fan_out(layer) * events[source.name].scale).to(where, torch.float32)
            self._met[source.name] = self._met.get(source.name, 0.0) + met.view(source.out_shape)
            self._most += n_synapses(layer) * layer.in_max * spec.timesteps(source)

    def __call__(self, name: str, value: Tensor) -> None:
        """See the value of a node, [T, B, C, H, W]."""
        if name in self._met:
            per_sample = value.float().sum((0, 1)) / value.shape[1]
            self._taken = self._taken + (per_sample * self._met[name]).sum()

    def part(self) -> Tensor:
        """The mean over the samples seen since the last call, a number from 0 to 1."""
        taken, self._taken = self._taken, torch.zeros_like(self._taken)
        return taken / max(self._most, 1)


def _fan_out(layer: LayerSpec) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Existing synapses of every input neuron, shaped like the input."""
    values, index = fan_out_classes(layer)
    return np.broadcast_to(values[index], layer.in_shape).copy()
