"""Counts of values with fewer timesteps than their stage has, because masks turn the last ones off."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from torch import Tensor

from hwcost import LayerSpikes, PerSample

Row = TypeVar("Row", int, tuple[int, ...])


def with_all_steps(spikes: LayerSpikes, n_input: int, n_own: int) -> LayerSpikes:
    """Counts of a layer whose input has `n_input` timesteps and which has `n_own` itself."""
    samples, events = spikes.per_sample, _continued(spikes.events, n_input)
    return replace(
        spikes,
        events=events,
        sums=events if spikes.sums is spikes.events else _continued(spikes.sums, n_input),
        outputs=_longer(spikes.outputs, n_own, 0),
        extras=tuple((name, _longer(counts, n_own, 0)) for name, counts in spikes.extras),
        channels=spikes.channels
        and (*spikes.channels, *((0,) * (t + 1) for t in range(len(spikes.channels), n_input))),
        per_sample=samples
        and PerSample(
            _continued(samples.busy, n_own),
            _continued(samples.events, n_input),
            _continued(samples.sums, n_input),
            _continued(samples.outputs, n_own),
        ),
    )


def during(counts: Tensor, active_steps: Sequence[int]) -> Tensor:
    """`counts` [n, B] at the timesteps that are active, [T, B]; 0 at the others, and at those behind the first n."""
    longer = counts.new_zeros(len(active_steps), *counts.shape[1:])
    n_steps = min(len(counts), len(active_steps))
    longer[:n_steps] = counts[:n_steps]
    return longer * longer.new_tensor(active_steps)[:, None]


def _continued(rows: tuple[tuple[int, ...], ...], n_steps: int) -> tuple[tuple[int, ...], ...]:
    return _longer(rows, n_steps, (0,) * len(rows[0])) if rows else rows


def _longer(rows: tuple[Row, ...], n_steps: int, nothing: Row) -> tuple[Row, ...]:
    """As many as `n_steps`; none stay none."""
    return rows + (nothing,) * (n_steps - len(rows)) if rows else rows
