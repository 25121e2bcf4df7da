"""`bound` brackets the cost of a network before anything is trained: no activity can cost less, none more.

Every count rises with every event, so that the least and the most activity bound energy and cycles of every step. What
does not simply rise is bounded besides:

- The order at a temporal transformer follows activity. Energy is the least over orders, at the least and at the most
  activity; latency and memory may be those of the dearer order, and are bounded step by step over both.
- A codec that takes the shorter form costs least if samples differ most.
- Of shared weights, those that one timestep reads are not read at the next: longest steps are those without windows,
  and shortest steps read none.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import repeat
from typing import NamedTuple

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.counting.footprint_range import footprint_range
from hwcost.counting.network_work import network_work, work_choices
from hwcost.counting.rows import Row, priced_rows
from hwcost.counting.transformer import MIX_FIRST, MIX_LAST
from hwcost.estimate import estimate, estimate_with_work, leakage
from hwcost.latency import extreme_latency, stepwise
from hwcost.mapping.cores import is_chip
from hwcost.network.network import NetworkSpec
from hwcost.prices.capacity import profile_for
from hwcost.prices.profile import Profile
from hwcost.studies.extreme_records import least_record, most_records

SUMMED = (
    "synaptic_operation",
    "synapse_ac",
    "synapse_mac",
    "address_multiply",
    "address_add",
    "pool_add",
    "pool_or",
    "message",
    "hop",
)
"""Items in proportion to events, wherever in time they are."""


TIMED = ("core_static", "chip_static", "leakage")


class Bound(NamedTuple):
    """The cheapest and the dearest cost that any activity can have."""

    low: Cost
    high: Cost

    def __repr__(self) -> str:
        return f"Bound(low={self.low!r}, high={self.high!r})"

    @property
    def energy_pj(self) -> tuple[float, float]:
        """Energy at the profile's values."""
        return self.low.total_pj, self.high.total_pj

    @property
    def latency_s(self) -> tuple[float, float]:
        """Latency at the profile's values."""
        return self.low.latency_s, self.high.latency_s

    @property
    def first_decision_cycles(self) -> tuple[int, int]:
        """Cycles until the last layer has finished its first step."""
        return self.low.first_decision_cycles, self.high.first_decision_cycles

    @property
    def footprint_bits(self) -> tuple[int, int]:
        """Memory: it differs only where the order at a temporal transformer follows activity."""
        return self.low.footprint_bits, self.high.footprint_bits


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
        min_rate: Spikes of every neuron at every timestep, on average over samples, that are believed to be the least,
            in [0, 1].
        execution: One of `hwcost.EXECUTIONS`.
        assume: Word widths of a what-if, as in `estimate`.
        input_events: Most events that one sample brings, all timesteps together; without it, every input may carry
            its largest value at every timestep, which for event counts is far more than any recording holds.
    """
    profile = profile_for(profile, assume)
    least, most = least_record(network, min_rate), most_records(network, input_events)
    return Bound(
        _end(network, least, least, profile, execution, "low"),
        _end(network, most.altogether, most.any_step, profile, execution, "high"),
    )


def _end(
    network: NetworkSpec,
    altogether: SpikeRecord,
    any_step: SpikeRecord,
    profile: Profile,
    execution: str,
    which: str,
) -> Cost:
    """The cheaper order's energy, and the shortest or longest latency and the least or most memory of any order."""
    base, work = estimate_with_work(network, altogether, profile, execution)
    if is_chip(profile):
        return _end_on_cores(base, estimate(network, any_step, profile, execution), which)
    rows = _rows(network, altogether, profile, execution, which, base)
    if any_step is not altogether:
        at_once = _rows(network, any_step, profile, execution, which)
        rows = [a if a.item in SUMMED else b for a, b in zip(rows, at_once, strict=True)]
    priced = profile if which == "low" else stepwise(profile, execution)
    known = work if any_step is altogether and priced is profile else ()
    choices, samples = work_choices(network, any_step, priced, execution, known=known), altogether.n_samples
    time = extreme_latency(network, choices, priced, samples, execution, which)
    memory = footprint_range(network, profile, execution)[which == "high"]
    rows.append(leakage(profile, time, *(sum(memory.values()) * samples,) * 3))
    clock = profile.number("clock_hz")
    return replace(
        base,
        rows=tuple(rows),
        latency_cycles=time.cycles,
        latency_s=time.cycles / clock.value,
        latency_cycles_interval=(time.cycles, time.cycles),
        latency_s_interval=(time.cycles / clock.high, time.cycles / clock.low),
        first_decision_cycles=time.first_decision,
        cycles_by_layer=time.by_layer,
        footprint=dict(memory),
    )


def _end_on_cores(altogether: Cost, any_step: Cost, which: str) -> Cost:
    """On a chip of cores, which has one stage: the counts at their ends, and the time of any single timestep."""
    pairs = zip(map(_at, altogether.rows, repeat(which)), map(_at, any_step.rows, repeat(which)), strict=True)
    return replace(any_step, rows=tuple(a if a.item in SUMMED else b for a, b in pairs))


def _at(row: Row, which: str) -> Row:
    if row.item in TIMED:  # their bounds are those of the chip's durations
        return row
    return row._replace(steps=getattr(row, which) or row.steps, low=None, high=None)


def _rows(
    network: NetworkSpec,
    record: SpikeRecord,
    profile: Profile,
    execution: str,
    which: str,
    cost: Cost | None = None,
) -> list[Row]:
    """The least or the most of every count. An entry of a stage has least to do where others have mixed its frames.

    Args:
        cost: The cost of the record, where it is known; its last row is leakage.
    """
    sources = [network.source(layer) for layer in network.layers if network.mixes(layer)]
    if cost is not None and len(set(sources)) == len(sources):  # no entry has others beside it
        return [_at(row, which) for row in cost.rows[:-1]]
    beside = MIX_FIRST if which == "low" else MIX_LAST
    work = network_work(network, record, profile, execution, beside=beside).work
    return [_at(row, which) for row in priced_rows(work, network, profile)]
