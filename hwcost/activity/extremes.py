"""The quietest and the loudest sample that a record allows, as records of one sample: no sample has less, none more."""

from fractions import Fraction

from hwcost.activity.constant import constant_extras
from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.activity.record import SpikeRecord
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec


def extreme_samples(network: NetworkSpec, record: SpikeRecord) -> tuple[SpikeRecord, SpikeRecord] | None:
    """At every layer and timestep the fewest and the most that one sample of the record has; None where the record does
    not tell its samples apart. Events are totals: their fan-outs are not known of one sample.
    """
    if record.n_samples == 1 or any(_is_mean(record.layers[layer.name]) for layer in network.layers):
        return None
    least, most = (
        {layer.name: _of_one(network, layer, record, end) for layer in network.layers} for end in (0, 1)
    )
    return SpikeRecord(least, 1), SpikeRecord(most, 1)


def _is_mean(spikes: LayerSpikes) -> bool:
    return spikes.per_sample is None and bool(spikes.events or spikes.outputs)


def _of_one(network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, end: int) -> LayerSpikes:
    spikes = record.layers[layer.name]
    samples, most = spikes.per_sample, constant_extras(network, layer, Fraction(1))
    extras = tuple(
        (name, tuple(_one_of(n, most.get(name, n), record.n_samples, end) for n in steps))
        for name, steps in spikes.extras
    )
    if samples is None:
        return LayerSpikes(extras=extras)
    events = tuple((row[end],) for row in samples.events)
    return LayerSpikes(
        events,
        tuple((row[end],) for row in samples.sums),
        tuple(row[end] for row in samples.outputs),
        extras,
        channels=_each_new(events, layer.in_shape[0]) if end else (),
    )


def _one_of(total: int, most: int, n_samples: int, end: int) -> int:
    """Fewest (end 0) or most (end 1) of one of `n_samples` counts up to `most` that add up to `total`."""
    return min(total, most) if end else max(0, total - (n_samples - 1) * most)


def _each_new(events: Counts, channels: int) -> Counts:
    """As many active channels as events allow, none of them active before."""
    return tuple((min(row[0], channels), *(0,) * t) for t, row in enumerate(events))
