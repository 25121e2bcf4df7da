"""When the steps of pieces of work happen that wait for one another; durations in any unit.

`earlier` holds, for every piece of work, the indices of those that it waits for. It waits step by step: its step t for
their steps t; behind a barrier its first step for their last ones.
"""

from collections.abc import Sequence
from typing import TypeVar

Earlier = Sequence[Sequence[int]]
Duration = TypeVar("Duration", int, float)


def finish_times(
    durations: Sequence[Sequence[Duration]], barriers: Sequence[bool], earlier: Earlier
) -> list[list[Duration]]:
    """When each step of each piece of work is done: f[i][t] = max(f[i][t-1], f[j][t] for all j before i) + d[i][t]."""
    finished: list[list[Duration]] = []
    for steps, barrier, before in zip(durations, barriers, earlier, strict=True):
        rows = [finished[j] for j in before]
        row: list[Duration] = []
        done: Duration = max((r[-1] for r in rows), default=0) if barrier else 0
        for t, duration in enumerate(steps):
            for ready in () if barrier else rows:
                done = max(done, ready[t])
            done += duration
            row.append(done)
        finished.append(row)
    return finished


def start_ticks(n_steps: Sequence[int], barriers: Sequence[bool], earlier: Earlier) -> list[int]:
    """The common tick of the first step of every piece of work: one after the first of those that it waits for, behind
    a barrier one after their last."""
    starts: list[int] = []
    for barrier, before in zip(barriers, earlier, strict=True):
        starts.append(max((starts[j] + (n_steps[j] if barrier else 1) for j in before), default=0))
    return starts
