"""What a chip of cores does beside synaptic operations: updates, spikes, messages, hops, ticks, and static power.

Energy is affine: so much per used core and second, per tick, and per operation.
"""

from collections.abc import Sequence

from hwcost.activity.layer_spikes import LayerSpikes
from hwcost.activity.record import SpikeRecord
from hwcost.counting.chip_time import NANOSECONDS, ChipTime
from hwcost.counting.core_loads import core_shares
from hwcost.counting.counts import Count, Number, Steps, Work, every
from hwcost.counting.rows import Row
from hwcost.mapping.cores import Mapping
from hwcost.mapping.mesh import TOGETHER
from hwcost.mapping.traffic import Traffic
from hwcost.mapping.unpruned import pruning_notes, unpruned, unpruned_record
from hwcost.network.fan_out import class_sizes, n_synapses
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile


def on_chip(
    network: NetworkSpec, record: SpikeRecord, profile: Profile, mapping: Mapping, work: Sequence[Work]
) -> list[Work]:
    """The work with what the cores do: neurons without input apart, spikes, messages and hops."""
    network, record = unpruned(network), unpruned_record(network, record)
    seen: set[str] = set()
    parts = []
    for i, part in enumerate(work):
        if part.layer not in mapping.cores:
            parts.append(part)
            continue
        layer, spikes = network.layer(part.layer), record.layers[part.layer]
        is_whole = not part.barrier and (i + 1 == len(work) or work[i + 1].layer != part.layer)
        counts = part.counts
        if part.layer not in seen:
            mask = layer.mask if is_whole else network.input_mask(layer)
            n_steps = len(part.scanned)
            counts += tuple(_messages(layer, spikes, mapping.traffic[layer.name], profile, n_steps, mask))
        if is_whole or part.barrier:
            counts = _split_updates(network, layer, record, profile, counts)
        seen.add(part.layer)
        parts.append(part._replace(counts=counts))
    return parts


def chip_rows(profile: Profile, mapping: Mapping, n_samples: int, time: ChipTime) -> list[Row]:
    """Ticks of all used cores and chips, and their static energy over the time."""
    used = {"core": mapping.n_cores, "chip": mapping.n_chips}
    rows = []
    for name, number in used.items():
        tick, power = profile.prices.get(f"{name}_tick"), profile.prices.get(f"{name}_static")
        if tick:
            rows.append(Row("(network)", f"{name}_tick", (number * time.n_ticks * n_samples,), tick.times(1)))
        if power:
            value, low, high = ((number * n * n_samples,) for n in time[:3])
            rows.append(Row("(network)", f"{name}_static", value, power.over(NANOSECONDS), low, high))
    return rows


def chip_notes(
    network: NetworkSpec, profile: Profile, mapping: Mapping, record: SpikeRecord, execution: str
) -> list[str]:
    """Where the network lies, how evenly its cores are loaded, and what its durations mean."""
    record = unpruned_record(network, record)
    uneven = {name: _unevenness(traffic, record.layers[name]) for name, traffic in mapping.traffic.items()}
    worst = max(uneven, key=lambda name: uneven[name])
    cores = f"{mapping.n_cores} core" + ("s" if mapping.n_cores > 1 else "")
    chips = f"{mapping.n_chips} chip" + ("s" if mapping.n_chips > 1 else "")
    return [
        f"{cores} on {chips} of profile {profile.name}: {TOGETHER if mapping.shared else mapping.placement}",
        f"the busiest core of layer '{worst}' has {uneven[worst]:.2f} times the layer's mean of synaptic operations",
        "durations are counted in nanoseconds (cycles of 1 GHz)",
        *pruning_notes(network),
        *_weight_notes(profile),
        *_serial_notes(profile, mapping, execution),
    ]


def _serial_notes(profile: Profile, mapping: Mapping, execution: str) -> list[str]:
    """What layer_serial means on cores that work at once otherwise."""
    if execution != "layer_serial" or len(mapping.cores) == 1:
        return []
    waits = " and ".join(profile.common_tick)
    machine = f"; this chip steps all its cores together ({waits})" if waits else ""
    return [f"one layer works at a time (layer_serial){machine}; under lock_step all layers work at once"]


def _weight_notes(profile: Profile) -> list[str]:
    """Fewer different weights than synapses are not checked, since the weights' values are unknown here."""
    most = profile.capacity.get("weights_per_neuron")
    allowed = f"{most.value:g} different weights per neuron, shared by axon type" if most else ""
    return [f"profile {profile.name} allows {allowed}: not checked"] if most else []


def _messages(
    layer: LayerSpec,
    spikes: LayerSpikes,
    traffic: Traffic,
    profile: Profile,
    n_steps: int,
    mask: Sequence[int],
) -> list[Count]:
    """Messages and hops of all events that arrive, and of the spikes that a recurrent layer sends itself."""
    table = spikes.sums if profile.semantics.graded == "unary" else spikes.events
    table, mask = table[:n_steps] or ((0,) * len(traffic.messages),) * n_steps, mask or (1,) * n_steps
    own = (0, *spikes.outputs[:-1]) if layer.kind == "recurrent" else (0,) * n_steps
    ends = zip(traffic.fewest, traffic.most, strict=True)
    items = zip(
        ("message", "hop"),
        (traffic.messages, traffic.hops),
        ends,
        (traffic.own_messages, traffic.own_hops),
        strict=True,
    )
    counts = []
    for item, means, (fewest, most), own_mean in items:
        extra = [own_mean * n * m for n, m in zip(own, mask, strict=True)]
        if len(table[0]) == len(means):
            steps = tuple(e + _dot(row, means) * m for e, row, m in zip(extra, table, mask, strict=True))
            counts.append(Count(item, steps))
            continue
        mean = _dot(class_sizes(layer), means) / layer.n_inputs
        totals = [row[0] * m for row, m in zip(table, mask, strict=True)]
        value, low, high = (
            tuple(e + mean_or_end * n for e, n in zip(extra, totals, strict=True))
            for mean_or_end in (mean, fewest, most)
        )
        counts.append(Count(item, value, low=low, high=high))
    return counts


def _split_updates(
    network: NetworkSpec, layer: LayerSpec, record: SpikeRecord, profile: Profile, counts: tuple[Count, ...]
) -> tuple[Count, ...]:
    """Updates of neurons with input, timesteps of those without, and sent spikes. An output without a neuron is summed
    up by a neuron that never fires.
    """
    active, outputs = layer.mask or (1,) * network.timesteps(layer), layer.n_outputs * record.n_samples
    updates = next((c.steps for c in counts if c.item == "neuron_update"), every(outputs, active))
    others = tuple(count for count in counts if count.item != "neuron_update")
    spikes = record.layers[layer.name]
    if spikes.outputs and ("spike" in profile.prices or "spike_s" in profile.hardware):
        others += (Count("spike", spikes.outputs),)
    if "neuron_idle" not in profile.prices:
        return (*others, Count("neuron_update", updates))
    touched = _touched(layer, spikes, record.n_samples, counts, len(updates))
    updated = tuple(min(a, b) for a, b in zip(updates, touched, strict=True))
    idle = tuple(a - b for a, b in zip(updates, updated, strict=True))
    return (*others, Count("neuron_update", updated), Count("neuron_idle", idle))


def _touched(
    layer: LayerSpec, spikes: LayerSpikes, n_samples: int, counts: Sequence[Count], n_steps: int
) -> Steps:
    """Neurons with input at every step, over all samples.

    With a bias, all. In a fully connected layer, all of the samples with an event. Else the expectation of events that
    are independent of each other: n (1 - (1 - r)^f), r the share of synapses that an event meets and f the fan-in.
    Unlike `hwcost.counting.touched` this starts from counted operations, which know masks and temporal transformers.
    """
    everyone = every(layer.n_outputs * n_samples, (1,) * n_steps)
    operations = next((c.steps for c in counts if c.item == "synaptic_operation"), None)
    if layer.bias or operations is None:
        return everyone
    if not layer.kernel:
        return tuple(layer.n_outputs * n for n in _samples_with_events(spikes, n_samples, operations, layer))
    n_units, n_events = (sum(map(sum, table)) for table in (spikes.sums, spikes.events))
    per_unit = n_events / n_units if n_units else 1.0
    synapses, fan_in = n_synapses(layer), n_synapses(layer) / layer.n_outputs
    busy = _busy_samples(spikes, operations) if n_samples > 1 else []
    samples = busy or [n_samples] * len(operations)
    rates = [
        min(1.0, n * per_unit / (b * synapses)) if b * synapses else 0.0
        for n, b in zip(operations, samples, strict=True)
    ]
    return tuple(
        layer.n_outputs * b * (1 - (1 - rate) ** fan_in) for b, rate in zip(samples, rates, strict=True)
    )


def _busy_samples(spikes: LayerSpikes, operations: Steps) -> list[Number]:
    """Samples in which something happens at a step, at most one per operation: a sample is also busy where it only
    sends spikes. Empty where not recorded.
    """
    busy = spikes.per_sample.busy if spikes.per_sample else ()
    return (
        [min(row[0], n) for row, n in zip(busy, operations, strict=True)]
        if len(busy) == len(operations)
        else []
    )


def _samples_with_events(
    spikes: LayerSpikes, n_samples: int, operations: Steps, layer: LayerSpec
) -> list[Number]:
    """Samples in which something happens at a step: recorded, or expected of independent events."""
    if n_samples == 1:
        return [int(n > 0) for n in operations]
    if busy := _busy_samples(spikes, operations):
        return busy
    n_inputs = layer.n_inputs + (layer.n_outputs if layer.kind == "recurrent" else 0)
    rates = [min(1.0, n / (n_samples * n_inputs * layer.n_outputs)) for n in operations]
    return [n_samples * (1 - (1 - rate) ** n_inputs) for rate in rates]


def _unevenness(traffic: Traffic, spikes: LayerSpikes) -> float:
    return float(core_shares(traffic, spikes)[0].max()) * traffic.n_cores


def _dot(numbers: Sequence[Number], factors: Sequence[Number]) -> Number:
    return sum(n * f for n, f in zip(numbers, factors, strict=True))
