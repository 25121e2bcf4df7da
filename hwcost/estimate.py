"""`estimate` prices a network from its spike record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import fmean

from hwcost.activity.check import check_record
from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost, MeanTimesteps
from hwcost.counting.assumptions import assumptions_used
from hwcost.counting.chip import chip_notes, chip_rows, on_chip
from hwcost.counting.chip_time import NANOSECONDS, check_chip_execution
from hwcost.counting.counts import Work
from hwcost.counting.dataflow_notes import dataflow_notes, shared_weight_notes
from hwcost.counting.footprint import footprint
from hwcost.counting.footprint_range import footprint_range
from hwcost.counting.network_work import network_work
from hwcost.counting.rows import Row, priced_rows
from hwcost.counting.static_power import static_notes
from hwcost.dataflow.choice import dataflow_of
from hwcost.errors import HwcostError
from hwcost.execution import check_execution
from hwcost.latency import Latency, latency
from hwcost.latency_interval import chip_time_with_interval, told_apart, with_interval
from hwcost.mapping.cores import Mapping as CoreMapping
from hwcost.mapping.cores import is_chip, map_network
from hwcost.network.fan_out import n_padded_synapses, n_synapses
from hwcost.network.kinds import WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.capacity import check_capacity, profile_for
from hwcost.prices.price import Price
from hwcost.prices.profile import Profile


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
        execution: One of `hwcost.execution.EXECUTIONS`.
        assume: Word widths of a what-if, `{"weight_bits": 8}` for example; marked in the notes.
        orders: Layer name -> order taken at its temporal transformer; without it, each takes the cheaper one.

    Raises: HwcostError, naming the layer, if network and record do not fit together or cannot be priced.
    """
    if not isinstance(network, NetworkSpec) or not isinstance(spikes, SpikeRecord):
        found = ", ".join(type(given).__name__ for given in (network, spikes))
        raise HwcostError(
            f"estimate(network, spikes, profile): NetworkSpec, SpikeRecord expected, got {found}"
        )
    return estimate_with_work(network, spikes, profile_for(profile, assume), execution, orders)[0]


def estimate_with_work(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None = None,
) -> tuple[Cost, list[Work]]:
    """The cost as in `estimate`, and the work that it prices."""
    check_execution(execution)
    check_capacity(network, profile)
    check_record(network, spikes)
    chip = _on_cores(network, profile, execution)
    work, chosen, undecided = network_work(network, spikes, profile, execution, orders)
    work = on_chip(network, spikes, profile, chip, work) if chip else work
    rows = priced_rows(work, network, profile)
    memory = footprint(network, profile, tuple(chosen.items()), execution)
    records, taken = told_apart(network, spikes, rows), None if undecided else chosen
    if chip:
        on_cores = chip_time_with_interval(network, work, spikes, records, profile, chip, execution, taken)
        time = Latency(*on_cores[:5])
        rows += chip_rows(profile, chip, spikes.n_samples, on_cores)
    else:
        time = latency(network, work, profile, spikes.n_samples, execution, chosen)
        time = with_interval(time, network, work, spikes, records, profile, execution, taken)
    sizes = footprint_range(network, profile, execution) if undecided else (memory, memory)
    bits = [sum(size.values()) * spikes.n_samples for size in (memory, *sizes)]
    rows.append(leakage(profile, time, *bits))
    dataflows = dict(_dataflows(network, profile, execution))
    assumptions = assumptions_used(profile, rows, execution, dataflows)
    clock = NANOSECONDS if chip else profile.number("clock_hz")
    cost = Cost(
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
        dataflows=dataflows,
        cores=chip.cores if chip else {},
        n_cores=chip.n_cores if chip else 0,
        n_chips=chip.n_chips if chip else 0,
        profile_hash=profile.content_hash,
        assumed=profile.assumed,
        notes=(
            *(chip_notes(network, profile, chip, spikes, execution) if chip else ()),
            *(static_notes(profile, chip, rows) if chip else ()),
            *_notes(network, profile, execution, chosen, assumptions),
            *_sample_notes(spikes, undecided, execution, is_chip=bool(chip)),
            *shared_weight_notes(network, profile, execution, spikes.n_samples),
        ),
    )
    return cost, work


def _on_cores(network: NetworkSpec, profile: Profile, execution: str) -> CoreMapping | None:
    """Where the network lies on the cores of a chip; None for hardware of other kinds."""
    if not is_chip(profile):
        return None
    check_chip_execution(profile, execution)
    return map_network(network, profile)


@lru_cache(maxsize=1024)
def mean_timesteps(network: NetworkSpec) -> MeanTimesteps:
    """Mean timesteps by stage, by layer of neurons and by dense MAC, those of pruned weights among them. Steps that a
    layer's mask leaves out do not count; that of a stage is the mean of its layers of neurons. Where no layer has
    neurons, weighted layers stand for them."""
    weighted = [layer for layer in network.layers if layer.kind in WEIGHTED] or list(network.layers)
    layers = [layer for layer in network.layers if layer.neuron is not None] or weighted
    macs = [n_padded_synapses(replace(layer, kept="")) for layer in weighted]
    return MeanTimesteps(
        fmean(_of_stage(network, layers, number) for number in range(len(network.stages))),
        fmean(network.active_timesteps(layer) for layer in layers),
        sum(network.active_timesteps(a) * m for a, m in zip(weighted, macs, strict=True)) / sum(macs),
    )


def _of_stage(network: NetworkSpec, layers: Sequence[LayerSpec], number: int) -> float:
    own = [network.active_timesteps(layer) for layer in layers if layer.stage == number]
    return fmean(own) if own else network.stages[number].timesteps


@lru_cache(maxsize=1024)
def _all_synapses(network: NetworkSpec) -> int:
    return sum(n_synapses(layer) for layer in network.layers if layer.kind in WEIGHTED)


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


@lru_cache(maxsize=1024)
def _dataflows(network: NetworkSpec, profile: Profile, execution: str) -> Mapping[str, str]:
    """Layer name -> its placement or dataflow; without the latter where memory has no price."""
    weighted = [layer for layer in network.layers if layer.kind in WEIGHTED]
    if profile.memory is None:
        return {layer.name: layer.placement for layer in weighted if layer.placement}
    return {layer.name: layer.placement or dataflow_of(layer, profile, execution) for layer in weighted}


def _notes(
    network: NetworkSpec, profile: Profile, execution: str, orders: dict[str, str], assumptions: Sequence[str]
) -> tuple[str, ...]:
    notes = [
        f"{name}: {order} at the temporal transformer ({network.transformer(network.layer(name))})"
        for name, order in orders.items()
    ]
    notes += dataflow_notes(network, profile, execution)
    notes += [f"what-if: {name} of {bits} bits" for name, bits in profile.assumed.items()]
    notes += _width_notes(network, profile)
    if assumptions:
        notes.append(f"assumed numbers of profile {profile.name}: {', '.join(assumptions)}")
    notes.append("an analytical estimate, not a measurement; mean timesteps alone are not a hardware cost")
    return tuple(notes)


@lru_cache(maxsize=1024)
def _width_notes(network: NetworkSpec, profile: Profile) -> Sequence[str]:
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
