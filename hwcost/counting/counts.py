"""Counts: every energy is the count of an item times a price. Counts are whole numbers, or plain floats where they are
expected ones.

Because a cost is a list of (count, price), it is linear in every price, and a report can be priced again with other
prices without running anything.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

Number = int | float
Steps = tuple[Number, ...]


class Count(NamedTuple):
    """How often one item happens in one layer, per timestep, summed over samples.

    `bits` (of one access) and `memory_bits` (size of the memory that is accessed) are set for memory accesses. `low`
    and `high` bound the count where the record holds totals only; None means that the count is exact.
    """

    item: str
    steps: Steps
    bits: int = 0
    memory_bits: int = 0
    low: Steps | None = None
    high: Steps | None = None


class Work(NamedTuple):
    """What runs once per timestep: a layer, or half a layer where a temporal transformer cuts it in two.

    `scanned` inputs and `updated` neurons (per timestep and sample) and `sent` spikes (per timestep, all samples) are
    what latency needs besides the counts. `barrier` says that the first step waits for the last step of the work
    in front of the transformer. `touched` is how many neurons (all samples) something arrives at, as expected; empty
    where at most one per operation.
    """

    layer: str
    counts: tuple[Count, ...]
    scanned: tuple[int, ...]
    updated: tuple[int, ...]
    sent: tuple[int, ...]
    barrier: bool = False
    touched: tuple[float, ...] = ()


def every(number: int, mask: Sequence[int]) -> tuple[int, ...]:
    """`number` at every step that the mask lets run."""
    return tuple([number * step for step in mask])  # a list first: half the time of a generator


def gated(steps: tuple[Any, ...], mask: Sequence[int]) -> tuple[Any, ...]:
    """Numbers of the steps that the mask lets run; an empty mask lets all."""
    return tuple([n * runs for n, runs in zip(steps, mask, strict=False)]) if 0 in mask else steps


def times(factor: Number, steps: Sequence[Number]) -> Steps:
    """Each step's number times a factor."""
    return tuple([factor * n for n in steps])
