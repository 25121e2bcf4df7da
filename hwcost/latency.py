"""Latency in cycles under four execution models.

A phase's step takes as long as its busiest resource. How steps of different layers overlap is the execution model:

- `layer_serial`: one step of one layer after the other; the sum.
- `lock_step`: in every tick all layers work on different steps, and the slowest one sets the pace, plus a
  synchronisation.
- `pipelined`: a layer's step starts when the layer before has sent it and its own last step is done.
- `event_driven`: pipelined, where only events, sent spikes and touched neurons take time.

At a temporal transformer the next stage waits for the last step before it.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import ceil

from hwcost.counts import ITEMS, Number, Phase, Steps
from hwcost.errors import HwcostError, did_you_mean
from hwcost.profile import Profile

EXECUTIONS = ("layer_serial", "lock_step", "pipelined", "event_driven")
Cycles = tuple[tuple[int, ...], ...]


def latency_cycles(cycles: Cycles, barriers: Sequence[bool], execution: str, sync_cycles: int = 0) -> int:
    """Cycles from the first input to the last output.

    Args:
        cycles: Cycles of every phase at every of its steps, in order of the network.
        barriers: For every phase, whether it waits for the last step of the phase before.
        execution: One of `EXECUTIONS`.
        sync_cycles: Added to every tick of `lock_step`.
    """
    if execution not in EXECUTIONS:
        hint = did_you_mean(execution, EXECUTIONS)
        raise HwcostError(f"unknown execution model '{execution}'.{hint} Known: {', '.join(EXECUTIONS)}")
    if execution == "layer_serial":
        return sum(map(sum, cycles))
    segments = _segments(cycles, barriers)
    if execution == "lock_step":
        return sum(_lock_step(segment, sync_cycles) for segment in segments)
    return sum(finish_times(segment)[-1][-1] for segment in segments)


def first_decision_cycles(
    cycles: Cycles, barriers: Sequence[bool], execution: str, sync_cycles: int = 0
) -> int:
    """Cycles until the last layer has finished its first step."""
    last_step = (*cycles[:-1], cycles[-1][:1])
    if execution in ("layer_serial", "lock_step"):
        return latency_cycles(last_step, barriers, execution, sync_cycles)
    *before, last = _segments(cycles, barriers)
    return sum(finish_times(segment)[-1][-1] for segment in before) + finish_times(last)[-1][0]


def finish_times(cycles: Cycles) -> list[list[int]]:
    """When each step of each phase is done: f[l][t] = max(f[l-1][t], f[l][t-1]) + c[l][t]."""
    above = [0] * max(map(len, cycles))
    finished = []
    for steps in cycles:
        row, done = [], 0
        for t, duration in enumerate(steps):
            done = max(above[t], done) + duration
            row.append(done)
        finished.append(row)
        above = row
    return finished


def step_cycles(
    phase: Phase, profile: Profile, n_samples: int, execution: str, which: str = "steps"
) -> tuple[int, ...]:
    """Cycles of every step of a phase: the slowest of its resources, rounded up.

    Args:
        which: Field of the counts to use: "steps", or the bounds "low" or "high".
    """
    if execution == "event_driven":
        return _event_driven(phase, profile, n_samples, which)
    idle: list[Number] = [0] * len(phase.scanned)
    totals = {"ac": idle, "mac": idle, "bits": idle}
    for count in phase.counts:
        steps: Steps = getattr(count, which) or count.steps
        operation = ITEMS[count.item].operation
        if count.bits:
            totals["bits"] = [a + count.bits * b for a, b in zip(totals["bits"], steps, strict=True)]
        elif operation:
            totals[operation] = [a + b for a, b in zip(totals[operation], steps, strict=True)]
    scans = profile.semantics.zero_check == "scan"
    return _slowest(
        (totals["ac"], _rate(profile, "ac", n_samples)),
        (totals["mac"], _rate(profile, "mac", n_samples)),
        (totals["bits"], _rate(profile, "bits", n_samples)),
        (phase.scanned if scans else idle, _rate(profile, "scan", 1)),
        (phase.updated, _rate(profile, "updates", 1)),
    )


def _event_driven(phase: Phase, profile: Profile, n_samples: int, which: str) -> tuple[int, ...]:
    """Synaptic operations, sent spikes and touched neurons (at most one per operation, at most all)."""
    work: list[Number] = [0] * len(phase.scanned)
    for count in phase.counts:
        if ITEMS[count.item].operation:
            work = [a + b for a, b in zip(work, getattr(count, which) or count.steps, strict=True)]
    touched = [min(updated * n_samples, n) for updated, n in zip(phase.updated, work, strict=True)]
    return _slowest(
        (work, _rate(profile, "ac", n_samples)),
        (phase.sent, _rate(profile, "events", n_samples)),
        (touched, _rate(profile, "updates", n_samples)),
    )


def _slowest(*loads: tuple[Sequence[Number], tuple[int, int]]) -> tuple[int, ...]:
    """Cycles of every step: each resource's work over its rate (a fraction), rounded up; the largest counts."""
    cycles = [
        [-(-n * below // above) if type(n) is int else ceil(n * below / above) for n in work]
        for work, (above, below) in loads
    ]
    return tuple(map(max, *cycles))


@lru_cache(maxsize=4096)
def _rate(profile: Profile, unit: str, n_samples: int) -> tuple[int, int]:
    """What a resource does per cycle, times the samples, as numerator and denominator."""
    rate = Fraction(profile.number(f"{unit}_per_cycle").value) * n_samples
    return rate.numerator, rate.denominator


def _lock_step(cycles: Cycles, sync_cycles: int) -> int:
    n_ticks = max(layer + len(steps) for layer, steps in enumerate(cycles))
    ticks = [
        [steps[n - i] for i, steps in enumerate(cycles) if 0 <= n - i < len(steps)] for n in range(n_ticks)
    ]
    return sum(max(tick) + sync_cycles for tick in ticks)


def _segments(cycles: Cycles, barriers: Sequence[bool]) -> list[Cycles]:
    """The phases between barriers: nothing overlaps across one."""
    starts = [i for i, barrier in enumerate(barriers) if barrier or i == 0]
    return [cycles[a:b] for a, b in zip(starts, [*starts[1:], len(cycles)], strict=True)]
