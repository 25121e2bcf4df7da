"""Latency in cycles under four execution models.

How steps of different layers overlap is the execution model:

- `layer_serial`: one step of one layer after the other; the sum.
- `lock_step`: in every tick all layers work on different steps, and the slowest one sets the pace, plus a
  synchronisation.
- `pipelined`: a layer's step starts when the layers that it reads have sent it and its own last step is done.
- `event_driven`: pipelined, where only events, sent spikes and touched neurons take time.

At a temporal transformer the next stage waits for the last step before it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hwcost.counting.counts import Work
from hwcost.counting.cycles import step_cycles
from hwcost.execution import check_execution
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile

Cycles = tuple[tuple[int, ...], ...]
Earlier = Sequence[Sequence[int]]


class Latency(NamedTuple):
    """Cycles to the last and to the first decision, bounds of the first, and cycles of work by layer."""

    cycles: int
    low: int
    high: int
    first_decision: int
    by_layer: dict[str, int]


def latency(
    network: NetworkSpec,
    work: Sequence[Work],
    profile: Profile,
    n_samples: int,
    execution: str,
    *,
    is_exact: bool = True,
) -> Latency:
    """Latency of all the work of a network, in order of the network.

    Args:
        execution: One of `EXECUTIONS`.
        is_exact: True where no count has bounds; the bounds of the latency are then the latency.
    """
    barriers = [part.barrier for part in work]
    earlier = None if execution == "layer_serial" else waits_for(network, work)
    sync = int(profile.number("sync_cycles").value) if execution == "lock_step" else 0

    def steps(which: str) -> Cycles:
        return tuple(step_cycles(part, profile, n_samples, execution, which) for part in work)

    def total(cycles: Cycles) -> int:
        return latency_cycles(cycles, barriers, execution, sync, earlier)

    cycles, by_layer = steps("steps"), dict[str, int]()
    for part, durations in zip(work, cycles, strict=True):
        by_layer[part.layer] = by_layer.get(part.layer, 0) + sum(durations)
    last = total(cycles)
    low, high = (last, last) if is_exact else (total(steps("low")), total(steps("high")))
    first = first_decision_cycles(cycles, barriers, execution, sync, earlier)
    return Latency(last, low, high, first, by_layer)


def latency_cycles(
    cycles: Cycles,
    barriers: Sequence[bool],
    execution: str,
    sync_cycles: int = 0,
    earlier: Earlier | None = None,
) -> int:
    """Cycles from the first input to the last output.

    Args:
        cycles: Cycles of every piece of work at every of its steps, in order of the network.
        barriers: For every piece of work, whether it waits for the last step of those that it waits for.
        execution: One of `EXECUTIONS`.
        sync_cycles: Added to every tick of `lock_step`.
        earlier: For every piece of work, the indices of those that it waits for; by default the one before.
    """
    check_execution(execution)
    if execution == "layer_serial":
        return sum(map(sum, cycles))
    earlier = _chain(len(cycles)) if earlier is None else earlier
    if execution == "lock_step":
        return _lock_step(cycles, barriers, earlier, sync_cycles)
    return finish_times(cycles, barriers, earlier)[-1][-1]


def first_decision_cycles(
    cycles: Cycles,
    barriers: Sequence[bool],
    execution: str,
    sync_cycles: int = 0,
    earlier: Earlier | None = None,
) -> int:
    """Cycles until the last layer has finished its first step."""
    if execution in ("layer_serial", "lock_step"):
        last_step = (*cycles[:-1], cycles[-1][:1])
        return latency_cycles(last_step, barriers, execution, sync_cycles, earlier)
    earlier = _chain(len(cycles)) if earlier is None else earlier
    return finish_times(cycles, barriers, earlier)[-1][0]


def finish_times(cycles: Cycles, barriers: Sequence[bool], earlier: Earlier) -> list[list[int]]:
    """When each step of each piece of work is done: f[i][t] = max(f[i][t-1], f[j][t] for all j before i) + c[i][t].

    Behind a barrier the first step waits for the last step of all j before i instead.
    """
    finished: list[list[int]] = []
    for steps, barrier, before in zip(cycles, barriers, earlier, strict=True):
        rows = [finished[j] for j in before]
        row, done = [], max((r[-1] for r in rows), default=0) if barrier else 0
        for t, duration in enumerate(steps):
            for ready in () if barrier else rows:
                done = max(done, ready[t])
            done += duration
            row.append(done)
        finished.append(row)
    return finished


def waits_for(network: NetworkSpec, work: Sequence[Work]) -> list[tuple[int, ...]]:
    """For every piece of work, the indices of those that it waits for: the layers that it reads, and behind a temporal
    transformer all the work in front of it on the same frames.
    """
    last_of: dict[str, int] = {}
    mixing: dict[str, list[int]] = {}
    earlier: list[tuple[int, ...]] = []
    for i, part in enumerate(work):
        layer = network.layer(part.layer)
        source, other = network.source(layer), network.other_source(layer)
        if part.barrier and source is not None:
            mixing.setdefault(source.name, []).append(i - 1)
            earlier.append(tuple(mixing[source.name]))
        else:
            earlier.append(tuple(last_of[s.name] for s in (source, other) if s is not None))
        last_of[part.layer] = i
    return earlier


def _chain(n: int) -> Earlier:
    return [(i - 1,) if i else () for i in range(n)]


def _lock_step(cycles: Cycles, barriers: Sequence[bool], earlier: Earlier, sync_cycles: int) -> int:
    """The slowest step of every tick, summed. The work between two barriers shares its ticks; each starts one tick
    after those that it waits for.
    """
    segments: list[int] = []
    starts: list[int] = []
    ticks: dict[tuple[int, int], int] = {}
    for steps, barrier, before in zip(cycles, barriers, earlier, strict=True):
        segment = max((segments[j] for j in before), default=0) + barrier
        start = max((starts[j] + 1 for j in before if segments[j] == segment), default=0)
        for t, duration in enumerate(steps):
            ticks[segment, start + t] = max(ticks.get((segment, start + t), 0), duration)
        segments.append(segment)
        starts.append(start)
    return sum(ticks.values()) + sync_cycles * len(ticks)
