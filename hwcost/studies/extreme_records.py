"""The least and the most activity that a network can have: records for bounds."""

from fractions import Fraction
from typing import NamedTuple

from hwcost.activity.constant import constant_extras, steady_channels
from hwcost.activity.layer_spikes import Counts, LayerSpikes, PerSample
from hwcost.activity.record import SpikeRecord
from hwcost.activity.samples import MOST_CHANNEL_EVENTS
from hwcost.network.fan_out import class_sizes
from hwcost.network.kinds import ATTENTIONS, HANDING_ON
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec

SAMPLES = 1_000_000  # in which a rate becomes whole numbers, rounded down


class Loud(NamedTuple):
    """The most activity for the energy of operations, and for the work of any single timestep."""

    altogether: SpikeRecord
    any_step: SpikeRecord


def least_record(network: NetworkSpec, min_rate: float) -> SpikeRecord:
    """Silent inputs, and of every neuron at every timestep at least `min_rate` spikes on average over samples.

    Spikes are where they cost least: all in the same samples and channels, each of value 1, so that two operands meet
    no more often than they must.
    """
    if min_rate == 0:
        return SpikeRecord.empty(network)
    samples = SAMPLES if min_rate < 1 else 1
    rate = Fraction(int(min_rate * samples), samples)
    return SpikeRecord({x.name: _least(network, x, rate, samples) for x in network.layers}, samples)


def least_rate(network: NetworkSpec, source: LayerSpec | None, rate: Fraction) -> Fraction:
    """Events per place and timestep that a layer gives at least, if its neurons and those before it fire at `rate`."""
    if source is None or (not source.fires and source.kind not in HANDING_ON):
        return Fraction(0)
    if source.fires:
        return rate
    first = least_rate(network, network.source(source), rate)
    second = least_rate(network, network.other_source(source), rate)
    return {
        "sew_add": max(first, second),
        "sew_and": max(Fraction(0), first + second - 1),
        "sew_iand": Fraction(0),
    }.get(source.kind, first)


def _least(network: NetworkSpec, layer: LayerSpec, rate: Fraction, samples: int) -> LayerSpikes:
    arriving, sent = least_rate(network, network.source(layer), rate), rate if layer.fires else Fraction(0)
    active, mask = layer.mask or (1,) * network.timesteps(layer), network.input_mask(layer)
    outputs = tuple(int(sent * samples * layer.n_outputs) * step for step in active) if layer.fires else ()
    met = tuple(a * b for a, b in zip(active, mask, strict=False))
    extras = tuple(
        (name, tuple(n * step for step in (met if layer.kind in ATTENTIONS else active)))
        for name, n in _least_extras(network, layer, arriving, rate, samples).items()
    )
    out = tuple((0 if samples > 1 else n, min(n, layer.n_outputs)) for n in outputs)
    if layer.is_analog:
        return LayerSpikes(outputs=outputs, extras=extras, per_sample=PerSample(outputs=out) if out else None)
    row = tuple(int(arriving * samples * size) for size in class_sizes(layer))
    events = tuple(tuple(n * step for n in row) for step in mask)
    totals = [sum(step) for step in events]
    channels = layer.in_shape[0]
    busy = () if network.mixes(layer) else _least_busy(network, layer, arriving, sent, samples)
    arrived = tuple((0 if samples > 1 else n, min(n, layer.n_inputs)) for n in totals)
    return LayerSpikes(
        events,
        events,
        outputs,
        extras,
        steady_channels(int(arriving * samples * channels), mask),
        _piled(sum(totals), layer.n_inputs // channels * sum(mask) * samples, channels),
        PerSample(busy, arrived, (), out),
    )


def _least_extras(
    network: NetworkSpec, layer: LayerSpec, arriving: Fraction, rate: Fraction, samples: int
) -> dict[str, int]:
    """Further counts. Two operands that are each there at a rate r are there together at least at 2 r - 1, three at
    3 r - 2.
    """
    together = {"qk": 2, "kv": 2, "av": 3}
    most = constant_extras(network, layer, Fraction(samples))
    rates = dict.fromkeys(most, arriving)
    if "other" in most:
        other = network.other_source(layer)
        rates["other"] = least_rate(network, other, rate)
    return {
        name: int(n * max(Fraction(0), 1 - together.get(name, 1) * (1 - rates[name])))
        for name, n in most.items()
    }


def _least_busy(
    network: NetworkSpec, layer: LayerSpec, arriving: Fraction, sent: Fraction, samples: int
) -> Counts:
    """Samples in which something happens: no fewer than those in which one neuron fires; as few as can be stay busy
    from one timestep to the next.
    """
    mask, active = network.input_mask(layer), layer.mask or (1,) * network.timesteps(layer)
    steps = [
        int(max(arriving * come, sent) * samples) * runs for come, runs in zip(mask, active, strict=False)
    ]
    first, last = _spread_once(steps, samples), _spread_once(steps[::-1], samples)[::-1]
    return tuple(zip(steps, first, last, strict=True))


def _spread_once(steps: list[int], samples: int) -> list[int]:
    """How many samples are busy for the first time, if as many as possible are busy at one timestep only."""
    firsts, left = [], samples
    for n in steps:
        firsts.append(min(n, left))
        left -= firsts[-1]
    return firsts


def _piled(events: int, capacity: int, channels: int) -> tuple[int, ...]:
    """Events in as few channels as can hold them."""
    if channels > MOST_CHANNEL_EVENTS:
        return ()
    piled = []
    for _ in range(channels):
        piled.append(min(events, capacity))
        events -= piled[-1]
    return tuple(piled)


def most_records(network: NetworkSpec, input_events: int | None) -> Loud:
    """Every input carries its largest event and every neuron fires at every step.

    Args:
        input_events: Most events that one sample brings, all timesteps together. For the sum of their operations they
            are spread evenly and lie where they meet most synapses; for a single timestep, all may come at once.
    """
    full = SpikeRecord.full(network)
    if input_events is None:
        return Loud(full, full)
    limited = [x for x in network.layers if network.source(x) is None and not x.is_analog]
    steps = {x.name: network.active_timesteps(x) for x in limited}
    spread = {name: -(-input_events // max(1, n)) for name, n in steps.items()}
    evenly = {x.name: _limited(network, x, full, spread[x.name]) for x in limited}
    at_once = {x.name: _limited(network, x, full, input_events) for x in limited}
    return Loud(SpikeRecord({**full.layers, **evenly}, 1), SpikeRecord({**full.layers, **at_once}, 1))


def _limited(network: NetworkSpec, layer: LayerSpec, full: SpikeRecord, most: int) -> LayerSpikes:
    """At most so many events at every timestep: at the largest fan-outs, at as many places and of values as large as
    can be.
    """
    sums, events, left, free = [], [], most, most
    for size in reversed(class_sizes(layer)):
        events.append(min(free, size))
        sums.append(max(min(left, size * layer.in_max), events[-1]))
        left, free = max(0, left - sums[-1]), free - events[-1]
    steps, spikes = network.input_timesteps(layer), full.layers[layer.name]
    channels = steady_channels(min(most, layer.in_shape[0]), (1,) * steps)
    seen, values = ((tuple(reversed(row)),) * steps for row in (events, sums))
    return LayerSpikes(seen, values, spikes.outputs, spikes.extras, channels)
