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
from math import ceil

from hwcost.counts import ITEMS, Phase
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
    totals: dict[str, list[int | float]] = {"ac": [], "mac": [], "bits": []}
    n_steps = len(phase.scanned)
    for resource in totals:
        totals[resource] = [0] * n_steps
    for count in phase.counts:
        operation = ITEMS[count.item].operation
        steps = getattr(count, which) or count.steps
        weight, resource = (count.bits, "bits") if count.bits else (1, operation)
        if resource:
            totals[resource] = [a + weight * b for a, b in zip(totals[resource], steps, strict=True)]
    rates = [profile.number(f"{unit}_per_cycle").value for unit in ("ac", "mac", "bits", "scan", "updates")]
    scans = profile.semantics.zero_check == "scan"
    return tuple(
        max(
            _ceil(totals["ac"][t], rates[0] * n_samples),
            _ceil(totals["mac"][t], rates[1] * n_samples),
            _ceil(totals["bits"][t], rates[2] * n_samples),
            _ceil(phase.scanned[t], rates[3]) if scans else 0,
            _ceil(phase.updated[t], rates[4]),
        )
        for t in range(n_steps)
    )


def _event_driven(phase: Phase, profile: Profile, n_samples: int, which: str) -> tuple[int, ...]:
    """Synaptic operations, sent spikes and touched neurons (at most one per operation, at most all)."""
    work: list[int | float] = [0] * len(phase.scanned)
    for count in phase.counts:
        if ITEMS[count.item].operation:
            work = [a + b for a, b in zip(work, getattr(count, which) or count.steps, strict=True)]
    rates = [profile.number(f"{unit}_per_cycle").value for unit in ("ac", "events", "updates")]
    return tuple(
        max(
            _ceil(n, rates[0] * n_samples),
            _ceil(sent, rates[1] * n_samples),
            _ceil(min(updated * n_samples, n), rates[2] * n_samples),
        )
        for n, sent, updated in zip(work, phase.sent, phase.updated, strict=True)
    )


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


def _ceil(work: int | float, rate: float) -> int:
    if isinstance(work, int) and float(rate).is_integer():
        return -(-work // int(rate))
    return ceil(Fraction(work) / Fraction(rate))
