"""Cycles of every step of a piece of work: as many as its slowest resource needs."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import ceil
from operator import add

from hwcost.counting.counts import Number, Work
from hwcost.prices.items import ITEMS
from hwcost.prices.profile import Profile

_OPERATIONS = {name: item.operation for name, item in ITEMS.items()}
BESIDE_THE_ARRAY = ("weight_buffer_read",)  # buffers that feed the array take no bandwidth of the memories


def step_cycles(
    work: Work, profile: Profile, n_samples: int, execution: str, which: str = "steps"
) -> tuple[int, ...]:
    """Cycles of every step: those of the slowest resource, rounded up.

    Args:
        execution: One of `hwcost.execution.EXECUTIONS`.
        which: Field of the counts to use: "steps", or the bounds "low" or "high".
    """
    idle = (0,) * len(work.scanned)
    totals = _totals(work, which)
    operations = [(totals.get(name, idle), (name, n_samples)) for name in ("ac", "mac")]
    if execution == "event_driven":
        touched = _touched(work, n_samples, which, *(load for load, _ in operations))
        return _slowest(
            profile,
            idle,
            *operations,
            (work.sent, ("events", n_samples)),
            (touched, ("updates", n_samples)),
        )
    done = _slowest(profile, idle, *operations, (totals.get("bits", idle), ("bits", n_samples)))
    scans = profile.semantics.zero_check == "scan"
    return tuple(map(max, done, _steady(profile, work.scanned if scans else idle, work.updated)))


@lru_cache(maxsize=4096)
def _steady(profile: Profile, scanned: tuple[int, ...], updated: tuple[int, ...]) -> tuple[int, ...]:
    """Cycles of every step for the work that does not depend on activity."""
    return _slowest(profile, (0,) * len(scanned), (scanned, ("scan", 1)), (updated, ("updates", 1)))


def _totals(work: Work, which: str) -> dict[str, Sequence[Number]]:
    """Operations and bits of memory accesses of every step, by resource: "ac", "mac", "bits"; absent where none."""
    totals: dict[str, Sequence[Number]] = {}
    for item, steps, bits, _, low, high in work.counts:
        wanted = (low if which == "low" else high if which == "high" else steps) or steps
        if bits and item not in BESIDE_THE_ARRAY:
            before = totals.get("bits")
            added = wanted if bits == 1 else [bits * n for n in wanted]
            totals["bits"] = list(map(add, before, added)) if before else added
        elif operation := _OPERATIONS[item]:
            before = totals.get(operation)
            totals[operation] = list(map(add, before, wanted)) if before else wanted
    return totals


def _touched(work: Work, n_samples: int, which: str, *operations: Sequence[Number]) -> Sequence[Number]:
    """Neurons that are updated because something arrived: as expected, or at most one per operation."""
    if work.touched and which != "high":
        return work.touched if which == "steps" else [0] * len(work.touched)
    added = map(sum, zip(*operations, strict=True))
    return [min(updated * n_samples, n) for updated, n in zip(work.updated, added, strict=True)]


def _slowest(
    profile: Profile, idle: Sequence[int], *loads: tuple[Sequence[Number], tuple[str, int]]
) -> tuple[int, ...]:
    """Cycles of every step: each resource's work over its rate (a fraction), rounded up; the largest counts.

    Args:
        idle: 0 for every step.
        loads: Work, and what does it: name and samples of `_rate`. Work that never happens needs no rate.
    """
    cycles = []
    for load, rate in loads:
        if not any(load):
            continue
        above, below = _rate(profile, *rate)
        if {*map(type, load)} == {int}:
            cycles.append([-(-n * below // above) for n in load])
        else:  # expected numbers may be fractions
            cycles.append(
                [-(-n * below // above) if type(n) is int else ceil(n * below / above) for n in load]
            )
    return tuple(map(max, idle, *cycles)) if cycles else tuple(idle)


@lru_cache(maxsize=4096)
def _rate(profile: Profile, unit: str, n_samples: int) -> tuple[int, int]:
    """What a resource does per cycle, times the samples, as numerator and denominator."""
    rate = Fraction(profile.number(f"{unit}_per_cycle").value) * n_samples
    return rate.numerator, rate.denominator
