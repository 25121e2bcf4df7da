"""A measured network at other timesteps: the network itself, and the record that the same rates would give."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import lcm

from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.activity.record import SpikeRecord
from hwcost.network.fan_out import class_sizes
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.network.stage import StageSpec


def with_timesteps(
    network: NetworkSpec, timesteps: Sequence[int], transformer: str | None = None
) -> NetworkSpec:
    """The network with other timesteps.

    Args:
        transformer: Stands wherever timesteps change, and nowhere else; None lets every stage keep its own.
    """
    changes = [False, *(before != after for before, after in pairwise(timesteps))]
    stages = [
        StageSpec(steps, stage.transformer if transformer is None else transformer if changed else None)
        for stage, steps, changed in zip(network.stages, timesteps, changes, strict=True)
    ]
    return replace(network, stages=tuple(stages))


def resampled(
    spikes: SpikeRecord, measured: NetworkSpec, wanted: NetworkSpec, rates_from: str = "constant"
) -> SpikeRecord:
    """The record that the same rates would give with other timesteps, in whole numbers."""
    scale = lcm(*(stage.timesteps for network in (measured, wanted) for stage in network.stages))
    layers = {
        layer.name: _resampled_layer(spikes, layer, wanted, rates_from, scale) for layer in wanted.layers
    }
    return SpikeRecord(layers, spikes.n_samples * scale)


def _resampled_layer(
    spikes: SpikeRecord, layer: LayerSpec, wanted: NetworkSpec, rates_from: str, scale: int
) -> LayerSpikes:
    measured, scaled_samples = spikes.layers[layer.name], spikes.n_samples * scale
    n_in, n_own = wanted.input_timesteps(layer), wanted.timesteps(layer)
    how = "spread" if wanted.source(layer) is None else rates_from
    known_by_class = not measured.events or len(measured.events[0]) == len(class_sizes(layer))
    sizes = class_sizes(layer) if known_by_class else (layer.n_inputs,)
    most = tuple(size * scaled_samples for size in sizes)
    most_sums = tuple(n * layer.in_max for n in most)

    def own_steps(steps: Sequence[int], largest: int | None = None) -> tuple[int, ...]:
        bounds = (largest or max(steps, default=0) * scale,)
        rows = _stretched(tuple((n,) for n in steps), n_own, scale, rates_from, bounds)
        return tuple(row[0] for row in rows)

    return LayerSpikes(
        _stretched(measured.events, n_in, scale, how, most),
        _stretched(measured.sums, n_in, scale, how, most_sums),
        own_steps(measured.outputs, layer.n_outputs * scaled_samples),
        tuple((name, own_steps(steps)) for name, steps in measured.extras),
    )


def _stretched(steps: Counts, wanted: int, scale: int, how: str, most: tuple[int, ...]) -> Counts:
    """Counts of `wanted` steps: the first ones as measured, or the mean, or all events spread over fewer or more steps.

    Args:
        scale: Factor of all counts, so that means stay whole numbers.
        most: Largest count that a step can have, per column.
    """
    if not steps:
        return ()
    totals = [sum(column) for column in zip(*steps, strict=True)]
    mean = tuple(total * scale // (wanted if how == "spread" else len(steps)) for total in totals)
    if how != "prefix":
        return (tuple(map(min, mean, most)),) * wanted
    measured = tuple(tuple(n * scale for n in row) for row in steps[:wanted])
    return measured + (mean,) * (wanted - len(measured))
