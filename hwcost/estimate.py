"""`estimate` prices a network from its spike record."""

from collections.abc import Mapping
from functools import lru_cache

from hwcost.activity.check import check_record
from hwcost.activity.record import SpikeRecord
from hwcost.activity.summands import given_events, other_events
from hwcost.cost import Cost, MeanTimesteps
from hwcost.counting.chip import chip_notes, chip_rows, on_chip
from hwcost.counting.chip_time import NANOSECONDS, check_chip_execution, chip_time
from hwcost.counting.counts import Work
from hwcost.counting.crossbar import on_crossbars
from hwcost.counting.footprint import footprint
from hwcost.counting.job import Job, memory_sizes
from hwcost.counting.operations import layer_work
from hwcost.counting.rows import Row, priced_rows
from hwcost.counting.stated import dataflow_notes
from hwcost.counting.transformer import entry_work
from hwcost.dataflow.choice import dataflow_of
from hwcost.dataflow.plan import plan_of
from hwcost.execution import check_execution
from hwcost.latency import Latency, latency
from hwcost.mapping.cores import Mapping as CoreMapping
from hwcost.mapping.cores import is_chip, map_network
from hwcost.mapping.whole import pruning_notes, unpruned, unpruned_record
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
) -> Cost:
    """Cost of one inference.

    Args:
        network: Shapes of what is priced.
        spikes: Its activity; the same record gives the same numbers, to the bit, anywhere.
        profile: Prices, or the name or file of a profile.
        execution: One of `hwcost.latency.EXECUTIONS`.
        assume: Word widths of a what-if, `{"weight_bits": 8}` for example; marked in the notes.

    Raises: HwcostError, naming the layer, if network and record do not fit together or cannot be priced.
    """
    check_execution(execution)
    profile = _assumed(profile, assume)
    check_capacity(network, profile)
    check_record(network, spikes)
    chip = _on_cores(network, profile, execution)
    work, orders = _work(network, spikes, profile, execution)
    work = on_crossbars(network, profile, work, spikes.n_samples)
    whole, totals = (unpruned(network), unpruned_record(network, spikes)) if chip else (network, spikes)
    work = on_chip(whole, totals, profile, chip, work) if chip else work
    rows = priced_rows(work, network, profile)
    memory = footprint(network, profile, tuple(orders.items()), execution)
    if chip:
        on_cores = chip_time(whole, work, totals, profile, chip, execution)
        time = Latency(*on_cores[:5])
        rows += chip_rows(profile, chip, spikes.n_samples, on_cores)
    else:
        is_exact = all(row.low is None for row in rows)
        time = latency(network, work, profile, spikes.n_samples, execution, is_exact=is_exact)
    rows.append(_leakage(profile, time, sum(memory.values()) * spikes.n_samples))
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
        mixing_orders=orders,
        dataflows={
            layer.name: dataflow_of(layer, profile, execution)
            for layer in network.layers
            if layer.kind in WEIGHTED
        },
        cores=chip.cores if chip else {},
        notes=(
            *((*chip_notes(profile, chip, totals), *pruning_notes(network)) if chip else ()),
            *_notes(network, profile, execution, orders),
        ),
    )


def _on_cores(network: NetworkSpec, profile: Profile, execution: str) -> CoreMapping | None:
    """Where the network lies on the cores of a chip; None for hardware of other kinds."""
    if not is_chip(profile):
        return None
    check_chip_execution(profile, execution)
    return map_network(unpruned(network), profile)


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


def _work(
    network: NetworkSpec, spikes: SpikeRecord, profile: Profile, execution: str
) -> tuple[list[Work], dict[str, str]]:
    """The work of every layer in order, and the order taken at every temporal transformer."""
    work: list[Work] = []
    orders: dict[str, str] = {}
    sizes, unary = memory_sizes(network, profile, execution), profile.semantics.graded == "unary"
    for layer in network.layers:
        recorded, others = spikes.layers[layer.name], other_events(network, layer, spikes, unary=unary)
        given, prices = given_events(network, layer, spikes, unary=unary), profile.for_layer(layer)
        memories = sizes[layer.name]
        plan = plan_of(layer, prices, execution, streams=memories.streams > 0)
        job = Job(
            network, layer, recorded, spikes.n_samples, prices, memories, plan, others, execution, given
        )
        if not network.mixes(layer):
            work.append(layer_work(job))
            continue
        both = entry_work(job, orders)
        orders[layer.name] = min(both, key=lambda order: _energy(both[order], prices))
        work.extend(both[orders[layer.name]])
    return work, orders


def _energy(work: tuple[Work, ...], profile: Profile) -> float:
    """Energy of all samples together, for comparing."""
    prices = [
        (profile.price(c.item, c.bits, c.memory_bits), sum(c.steps)) for part in work for c in part.counts
    ]
    return sum(price.value * n for price, n in prices if price)


def _leakage(profile: Profile, time: Latency, bits: int) -> Row:
    """Static energy: every stored bit leaks for as long as the inference takes."""
    power = profile.price("leakage")
    price: Price | None = power and power.over(profile.number("clock_hz"))
    steps, low, high = ((n * bits,) for n in (time.cycles, time.low, time.high))
    exact = low == high
    return Row("(network)", "leakage", steps, price, None if exact else low, None if exact else high)


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
