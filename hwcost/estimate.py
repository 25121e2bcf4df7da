"""`estimate` prices a network from its spike record."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product

from hwcost.activity.check import check_record
from hwcost.activity.extremes import extreme_samples
from hwcost.activity.record import SpikeRecord
from hwcost.activity.summands import events_of_one, given_events, other_events
from hwcost.cost import Cost, MeanTimesteps
from hwcost.counting.chip import chip_notes, chip_rows, on_chip
from hwcost.counting.chip_time import NANOSECONDS, ChipTime, check_chip_execution, chip_time
from hwcost.counting.counts import Work
from hwcost.counting.crossbar import on_crossbar
from hwcost.counting.footprint import footprint
from hwcost.counting.footprint_range import footprint_range
from hwcost.counting.job import Job, memory_sizes
from hwcost.counting.operations import layer_work
from hwcost.counting.rows import Row, priced_rows
from hwcost.counting.stated import dataflow_notes
from hwcost.counting.transformer import MIX_FIRST, MIX_LAST, entry_work
from hwcost.counting.undecided import counts_of, energy, may_be_cheaper, spanned
from hwcost.dataflow.choice import dataflow_of
from hwcost.dataflow.plan import plan_of
from hwcost.execution import check_execution
from hwcost.latency import Latency, extreme_latency, latency, stepwise
from hwcost.mapping.cores import Mapping as CoreMapping
from hwcost.mapping.cores import is_chip, map_network
from hwcost.network.fan_out import n_padded_synapses, n_synapses
from hwcost.network.kinds import WEIGHTED
from hwcost.network.network import NetworkSpec
from hwcost.prices.capacity import assuming, check_capacity
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile
from hwcost.prices.profile_file import load_profile


def estimate(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile | str,
    execution: str = "layer_serial",
    assume: Mapping[str, int] | None = None,
    orders: Mapping[str, str] | None = None,
) -> Cost:
    """Cost of one inference.

    Args:
        network: Shapes of what is priced.
        spikes: Its activity; the same record gives the same numbers, to the bit, anywhere.
        profile: Prices, or the name or file of a profile.
        execution: One of `hwcost.latency.EXECUTIONS`.
        assume: Word widths of a what-if, `{"weight_bits": 8}` for example; marked in the notes.
        orders: Layer name -> order taken at its temporal transformer; without it, each takes the cheaper one.

    Raises: HwcostError, naming the layer, if network and record do not fit together or cannot be priced.
    """
    check_execution(execution)
    profile = _assumed(profile, assume)
    check_capacity(network, profile)
    check_record(network, spikes)
    chip = _on_cores(network, profile, execution)
    work, chosen, undecided = network_work(network, spikes, profile, execution, orders)
    work = on_chip(network, spikes, profile, chip, work) if chip else work
    rows = priced_rows(work, network, profile)
    memory = footprint(network, profile, tuple(chosen.items()), execution)
    records = [(spikes, spikes)] if any(row.low is not None for row in rows) else []
    records += [samples] if (samples := extreme_samples(network, spikes)) else []
    taken = None if undecided else chosen
    if chip:
        on_cores = _chip_time(network, work, spikes, records, profile, chip, execution, taken)
        time = Latency(*on_cores[:5])
        rows += chip_rows(profile, chip, spikes.n_samples, on_cores)
    else:
        time = latency(network, work, profile, spikes.n_samples, execution, chosen)
        if records:
            time = _with_interval(time, network, records, profile, execution, taken)
    sizes = footprint_range(network, profile, execution) if undecided else (memory, memory)
    bits = [sum(size.values()) * spikes.n_samples for size in (memory, *sizes)]
    rows.append(leakage(profile, time, *bits))
    clock = NANOSECONDS if chip else profile.number("clock_hz")
    return Cost(
        profile=profile.name,
        execution=execution,
        rows=tuple(rows),
        n_samples=spikes.n_samples,
        latency_cycles=time.cycles,
        latency_s=time.cycles / clock.value,
        latency_cycles_interval=(time.low, time.high),
        latency_s_interval=(time.low / clock.high, time.high / clock.low),
        first_decision_cycles=time.first_decision,
        cycles_by_layer=time.by_layer,
        mean_timesteps=mean_timesteps(network),
        footprint=dict(memory),
        n_synapses=_all_synapses(network),
        mixing_orders=chosen,
        dataflows={
            layer.name: layer.placement or dataflow_of(layer, profile, execution)
            for layer in network.layers
            if layer.kind in WEIGHTED
        },
        cores=chip.cores if chip else {},
        notes=(
            *(chip_notes(profile, chip, spikes, execution) if chip else ()),
            *_notes(network, profile, execution, chosen),
            *_sample_notes(spikes, undecided, execution, is_chip=bool(chip)),
        ),
    )


def _on_cores(network: NetworkSpec, profile: Profile, execution: str) -> CoreMapping | None:
    """Where the network lies on the cores of a chip; None for hardware of other kinds."""
    if not is_chip(profile):
        return None
    check_chip_execution(profile, execution)
    return map_network(network, profile)


@lru_cache(maxsize=1024)
def mean_timesteps(network: NetworkSpec) -> MeanTimesteps:
    """Mean timesteps by stage, by weighted layer (steps that its mask lets run) and by dense MAC."""
    weighted = [layer for layer in network.layers if layer.kind in WEIGHTED] or list(network.layers)
    active = [sum(layer.mask) if layer.mask else network.timesteps(layer) for layer in weighted]
    macs = [n_padded_synapses(layer) for layer in weighted]
    return MeanTimesteps(
        sum(stage.timesteps for stage in network.stages) / len(network.stages),
        sum(active) / len(weighted),
        sum(a * m for a, m in zip(active, macs, strict=True)) / sum(macs),
    )


def _assumed(profile: Profile | str, assume: Mapping[str, int] | None) -> Profile:
    """The profile, by name or file where it is not one yet, with the word widths of a what-if."""
    profile = profile if isinstance(profile, Profile) else load_profile(profile)
    return assuming(profile, tuple(sorted(assume.items()))) if assume else profile


@lru_cache(maxsize=1024)
def _all_synapses(network: NetworkSpec) -> int:
    return sum(n_synapses(layer) for layer in network.layers if layer.kind in WEIGHTED)


def network_work(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None = None,
    beside: str = "",
) -> tuple[list[Work], dict[str, str], list[str]]:
    """The work of every layer in order, the order taken at every temporal transformer, and the layers where bounds of
    the counts leave open which order is cheaper; their work is that of the named order, with bounds for both.

    Args:
        orders: Layer name -> order to take; without it, the cheaper one.
        beside: Order that entries of the same source are taken to have before; by default their own.
    """
    work: list[Work] = []
    chosen: dict[str, str] = {}
    undecided: list[str] = []
    sizes, unary = memory_sizes(network, profile, execution), profile.semantics.graded == "unary"
    for layer in network.layers:
        recorded, others = spikes.layers[layer.name], other_events(network, layer, spikes, unary=unary)
        given, prices = given_events(network, layer, spikes, unary=unary), profile.for_layer(layer)
        memories = sizes[layer.name]
        plan = plan_of(layer, prices, execution, streams=memories.streams > 0)
        job = Job(
            network, layer, recorded, spikes.n_samples, prices, memories, plan, others, execution, given
        )
        if spikes.n_samples > 1 and recorded.per_sample:
            job = _with_samples(job, spikes)
        if not network.mixes(layer):
            work.append(on_crossbar(job, layer_work(job)))
            continue
        both = _entries(job, dict.fromkeys(chosen, beside) if beside else chosen)
        order = orders[layer.name] if orders else min(both, key=lambda o: energy(counts_of(both[o]), prices))
        parts: tuple[Work, ...] = both[order]
        if not orders:
            others_of = [both[o] for o in both if o != order]
            for name in undecided:
                if network.source(network.layer(name)) is network.source(layer):
                    tried = [_entries(job, dict.fromkeys(chosen, o)) for o in both]
                    others_of += [option for either in tried for option in either.values()]
            cheaper = [option for option in others_of if may_be_cheaper(option, parts, prices)]
            if cheaper:
                undecided.append(layer.name)
                parts = spanned(parts, cheaper)
        chosen[layer.name] = order
        work.extend(parts)
    return work, chosen, undecided


def _entries(job: Job, earlier: Mapping[str, str]) -> dict[str, tuple[Work, ...]]:
    """For each order, the work before and behind a temporal transformer."""
    both = entry_work(job, earlier)
    return {order: tuple(on_crossbar(job, part) for part in parts) for order, parts in both.items()}


def _with_samples(job: Job, spikes: SpikeRecord) -> Job:
    """The job with fewest and most events of one sample that the layer gives, and that its second summand brings."""
    unary, other = job.semantics.graded == "unary", job.network.other_source(job.layer)
    return job._replace(
        given_of_one=events_of_one(job.network, job.layer, spikes, unary=unary),
        other_of_one=events_of_one(job.network, other, spikes, unary=unary) if other else (),
    )


def _with_interval(
    time: Latency,
    network: NetworkSpec,
    records: Sequence[tuple[SpikeRecord, SpikeRecord]],
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None,
) -> Latency:
    """The latency with an interval that spans all pairs of quieter and louder records.

    Args:
        orders: Order taken at every temporal transformer; None for any.
    """
    ends = []
    for end, which, priced in ((0, "low", profile), (1, "high", stepwise(profile))):
        for record in (pair[end] for pair in records):
            choices = work_choices(network, record, priced, execution, orders)
            n_samples = record.n_samples
            found = extreme_latency(network, choices, priced, n_samples, execution, which, orders)
            ends.append(found.cycles)
    return time._replace(low=min(time.low, *ends), high=max(time.high, *ends))


def _chip_time(
    network: NetworkSpec,
    work: Sequence[Work],
    spikes: SpikeRecord,
    records: Sequence[tuple[SpikeRecord, SpikeRecord]],
    profile: Profile,
    chip: CoreMapping,
    execution: str,
    orders: Mapping[str, str] | None,
) -> ChipTime:
    """The time on a chip of cores, with an interval as in `_with_interval`."""
    time = chip_time(network, work, spikes, profile, chip, execution)
    for record in (end for pair in records for end in pair if end is not spikes):
        for choice in work_choices(network, record, profile, execution, orders):
            done = on_chip(network, record, profile, chip, choice)
            other = chip_time(network, done, record, profile, chip, execution)
            time = time._replace(low=min(time.low, other.low), high=max(time.high, other.high))
    return time


def work_choices(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None = None,
) -> list[list[Work]]:
    """The work under the given orders; without them, under both at every temporal transformer, each beside entries of
    both.
    """
    entries = [layer.name for layer in network.layers if network.mixes(layer)]
    if orders is not None or not entries:
        return [network_work(network, spikes, profile, execution, orders)[0]]
    return [
        network_work(network, spikes, profile, execution, dict.fromkeys(entries, own), beside)[0]
        for own, beside in product((MIX_FIRST, MIX_LAST), repeat=2)
    ]


def leakage(profile: Profile, time: Latency, bits: int, least: int, most: int) -> Row:
    """Static energy: every stored bit leaks for as long as the inference takes.

    Args:
        bits, least, most: Stored bits times samples, with their bounds.
    """
    power = profile.price("leakage")
    price: Price | None = power and power.over(profile.number("clock_hz"))
    low, value, high = (time.low * least,), (time.cycles * bits,), (time.high * most,)
    is_exact = low == high
    return Row("(network)", "leakage", value, price, None if is_exact else low, None if is_exact else high)


def _notes(network: NetworkSpec, profile: Profile, execution: str, orders: dict[str, str]) -> tuple[str, ...]:
    notes = [
        f"{name}: {order} at the temporal transformer ({network.transformer(network.layer(name))})"
        for name, order in orders.items()
    ]
    notes += dataflow_notes(network, profile, execution)
    notes += [f"what-if: {name} of {bits} bits" for name, bits in profile.assumed.items()]
    notes += _width_notes(network, profile)
    if profile.assumptions:
        notes.append(f"assumed numbers of profile {profile.name}: {', '.join(profile.assumptions)}")
    notes.append("an analytical estimate, not a measurement; mean timesteps alone are not a hardware cost")
    return tuple(notes)


def _width_notes(network: NetworkSpec, profile: Profile) -> list[str]:
    """The layers that name word widths of their own, and how arithmetic follows widths."""
    words = ("weight_bits", "membrane_bits", "activation_bits")
    notes = []
    for layer in network.layers:
        named = [f"{word} {getattr(layer, word)}" for word in words if getattr(layer, word)]
        notes += [f"{layer.name}: {', '.join(named)}"] if named else []
    if (notes or profile.assumed) and "mac" in profile.prices:
        notes.append("arithmetic is scaled to word widths: adders linearly, multipliers with both widths")
    return notes


def _sample_notes(
    spikes: SpikeRecord, undecided: Sequence[str], execution: str, *, is_chip: bool
) -> list[str]:
    """What is a mean or an expectation, and what spans more."""
    notes = [
        f"{name}: totals leave open which order is cheaper; the bounds hold for both" for name in undecided
    ]
    if spikes.n_samples > 1:
        told = all(layer.per_sample for layer in spikes.layers.values() if layer.events or layer.outputs)
        spans = "spans every sample" if told else "does not span samples: the record does not tell them apart"
        spans += " by its counts, while loads of cores are expected" if is_chip and told else ""
        notes.append(f"latency is that of the mean sample; its interval {spans}")
    if execution == "event_driven":
        notes.append(
            "touched neurons are expected, for events that lie anywhere among inputs of their fan-out"
        )
    return notes
