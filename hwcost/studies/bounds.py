"""`bound` brackets the cost of a network before anything is trained: no activity can cost less, none more."""

from collections.abc import Mapping
from typing import NamedTuple

from hwcost.activity.record import LayerSpikes, SpikeRecord
from hwcost.cost import Cost
from hwcost.estimate import estimate
from hwcost.network.fan_out import class_sizes
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile


class Bound(NamedTuple):
    """The cheapest and the dearest cost that any activity can have."""

    low: Cost
    high: Cost

    @property
    def energy_pj(self) -> tuple[float, float]:
        """Energy at the profile's values."""
        return self.low.total_pj, self.high.total_pj

    @property
    def latency_s(self) -> tuple[float, float]:
        """Latency at the profile's values."""
        return self.low.latency_s, self.high.latency_s


def bound(
    network: NetworkSpec,
    profile: Profile | str,
    min_rate: float = 0.0,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
    input_events: int | None = None,
) -> Bound:
    """Lower and upper cost before any training: no input and neurons at `min_rate`; all inputs and all neurons.

    Args:
        min_rate: Spikes per neuron and timestep that are believed to be the least, in [0, 1].
        execution: One of `hwcost.latency.EXECUTIONS`.
        assume: Word widths of a what-if, as in `estimate`.
        input_events: Most events that one sample brings, all timesteps together; without it, every input may carry
            its largest value at every timestep, which for event counts is far more than any recording holds.
    """
    samples = 1_000_000 if 0 < min_rate < 1 else 1
    low = SpikeRecord.constant(network, min_rate, samples)
    quiet = {layer.name: _silent(low.layers[layer.name]) for layer in _inputs(network)}
    high = SpikeRecord.full(network)
    loud = {layer.name: _brightest(network, layer, high, input_events) for layer in _inputs(network)}
    return Bound(
        estimate(network, SpikeRecord({**low.layers, **quiet}, samples), profile, execution, assume),
        estimate(network, SpikeRecord({**high.layers, **loud}, 1), profile, execution, assume),
    )


def _inputs(network: NetworkSpec) -> list[LayerSpec]:
    return [layer for layer in network.layers if network.source(layer) is None]


def _silent(spikes: LayerSpikes) -> LayerSpikes:
    nothing = tuple((0,) * len(row) for row in spikes.events)
    return LayerSpikes(nothing, nothing, spikes.outputs, spikes.extras)


def _brightest(
    network: NetworkSpec, layer: LayerSpec, full: SpikeRecord, input_events: int | None
) -> LayerSpikes:
    """The events spread evenly over time and put where they meet most synapses."""
    spikes = full.layers[layer.name]
    if layer.is_analog or input_events is None:
        return spikes
    places, left = class_sizes(layer), -(-input_events // network.input_timesteps(layer))
    sums = []
    for size in reversed(places):
        sums.append(min(left, size * layer.in_max))
        left -= sums[-1]
    events = [min(value, size) for value, size in zip(reversed(sums), places, strict=True)]
    steps = network.input_timesteps(layer)
    loud = (tuple(events),) * steps, (tuple(reversed(sums)),) * steps
    return LayerSpikes(*loud, spikes.outputs, spikes.extras)
