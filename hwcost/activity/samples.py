"""Counts of whole event maps that tell samples and channels apart, as plain whole numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.activity.layer_spikes import Counts

Whole = NDArray[np.int64]
MOST_CHANNELS = 4096  # channels of which a record keeps the gaps between events
MOST_CHANNEL_EVENTS = 512  # channels of which it keeps the number of events


def per_sample_counts(maps: NDArray[Any]) -> Whole:
    """Sum over all places [samples, timesteps] of maps [samples, timesteps, *shape]."""
    total: Whole = maps.reshape(*maps.shape[:2], -1).sum(axis=2, dtype=np.int64)
    return total


def extremes(counts: Whole | None) -> Counts:
    """Smallest and largest count of one sample, [timesteps][2], from [samples, timesteps]; empty for None."""
    return () if counts is None else plain(np.stack((counts.min(axis=0), counts.max(axis=0)), axis=1))


def active_channels(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a channel (of a flat input: an input) has an event, [samples, timesteps, channels]."""
    return np.asarray(seen.reshape(*seen.shape[:3], -1).any(axis=3))


def channels_by_gap(active: NDArray[np.bool_]) -> Counts:
    """Channels with an event by the timestep of their latest earlier one, as `LayerSpikes.channels` holds them.

    Args:
        active: Whether a channel has an event, [samples, timesteps, channels].
    """
    latest = np.zeros((active.shape[0], active.shape[2]), dtype=np.int64)
    rows = []
    for t in range(active.shape[1]):
        now = active[:, t]
        rows.append(tuple(np.bincount(latest[now], minlength=t + 1).tolist()))
        latest[now] = t + 1
    return tuple(rows)


def events_by_channel(seen: NDArray[np.bool_]) -> tuple[int, ...]:
    """Events of every channel, all samples and timesteps together."""
    counts: Whole = seen.reshape(*seen.shape[:3], -1).sum(axis=(0, 1, 3), dtype=np.int64)
    return tuple(counts.tolist())


def busy_samples(moved: NDArray[np.bool_]) -> Counts:
    """Samples in which something happens at a timestep, and for how many of them it is the first or the last time.

    Args:
        moved: Whether anything happens, [samples, timesteps].
    """
    earlier: Whole = np.cumsum(moved, axis=1) - moved
    later = moved.sum(axis=1, keepdims=True) - moved - earlier
    first, last = moved & (earlier == 0), moved & (later == 0)
    return plain(np.stack([m.sum(axis=0) for m in (moved, first, last)], axis=1))


def plain(table: Whole) -> Counts:
    """A table as tuples of Python integers."""
    return tuple(map(tuple, table.tolist()))
