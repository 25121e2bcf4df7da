"""Reads of a layer's weight memory, per timestep: closed forms, numbers in and numbers out.

A weight is read at the first timestep of its window that uses it; the sum over a window is what its closed form gives,
and the reads of a window never exceed its synaptic operations.
"""

from collections.abc import Sequence
from math import expm1, inf, log1p

import numpy as np
from numpy.typing import NDArray

from hwcost.dataflow.tiles import Window

Numbers = Sequence[int | float]
Floats = NDArray[np.float64]


def tiled_reads(
    n_weights: float, shares: Sequence[float], tiles: Sequence[tuple[float, float]], windows: Sequence[Window]
) -> list[float]:
    """Reads where sums stay in the array and a weight that is read serves all positions of a tile.

    W = sum over windows and tiles of n_p (1 - prod over the window's timesteps of (1 - r_t)^p_k)

    Args:
        n_weights: Weights n_p.
        shares: Share r_t of the pairs of a weight and an output position that meet an event, per timestep, in [0, 1].
        tiles: (positions p_k in a tile that use a weight, such tiles).
        windows: Timesteps that are processed together.
    """
    reads = [0.0] * len(shares)
    logs = [log1p(-share) if share < 1 else -inf for share in shares]
    for size, n in tiles:
        for start, stop in windows:
            unread = float(n_weights * n)
            for t in range(start, stop):
                read = -expm1(size * logs[t]) * unread if logs[t] else 0.0
                reads[t] += read
                unread -= read
    return reads


def tiled_reads_by_channel(
    n_weights: float,
    shares: Sequence[float],
    channels: Floats,
    tiles: Sequence[tuple[float, float]],
    windows: Sequence[Window],
) -> list[float]:
    """`tiled_reads`, summed over input channels of different activity.

    Args:
        channels: Events of every input channel, all timesteps together; each has the same number of weights.
    """
    uneven = uneven_shares(shares, channels)
    with np.errstate(divide="ignore"):
        logs = np.log1p(-uneven)
    sizes = np.array([size for size, _ in tiles])[:, None, None]
    times_used = np.array([n for _, n in tiles])[:, None, None]
    powers = sizes * logs  # [tiles, timesteps, channels]
    before = np.zeros_like(powers)
    for start, stop in windows:
        before[:, start + 1 : stop] = np.cumsum(powers[:, start : stop - 1], axis=1)
    read = (np.exp(before) * -np.expm1(powers) * times_used).sum(axis=(0, 2))
    return [float(n) for n in read * (n_weights / len(channels))]


def uneven_shares(shares: Sequence[float], channels: Floats) -> Floats:
    """Shares [timesteps, channels] in [0, 1] in proportion to the channels' events, whose mean over channels is
    `shares`; what exceeds 1 in one channel goes to the others."""
    total = channels.sum()
    weights = channels * (len(channels) / total) if total else np.ones(len(channels))
    mean = np.array(shares)[:, None]
    clipped = np.minimum(1.0, mean * weights)
    room = (1.0 - clipped).sum(axis=1, keepdims=True)
    left_over = np.maximum(0.0, mean * len(channels) - clipped.sum(axis=1, keepdims=True))
    spread = np.divide(left_over, room, out=np.zeros_like(room), where=room > 0)
    return np.asarray(np.minimum(1.0, clipped + (1.0 - clipped) * spread))


def recorded_channels(channels: Sequence[Sequence[int]], windows: Sequence[Window]) -> list[int]:
    """Channels with an event in a window, each at its first timestep there.

    Args:
        channels: [t][j]: channels with an event at timestep t whose latest earlier one was at timestep j - 1.
    """
    first = [0] * len(channels)
    for start, stop in windows:
        for t in range(start, stop):
            first[t] = sum(channels[t][: start + 1])
    return first


def expected_channels(
    n_channels: int, positions: int, events: Sequence[float], windows: Sequence[Window]
) -> list[float]:
    """The expectation of `recorded_channels` for s_w events spread at random, per window:
    C_i (1 - (1 - s_w / (C_i Q))^Q), with Q = positions x timesteps of the window.

    Args:
        positions: Positions of an input channel, H_i W_i.
        events: Events of one sample, per timestep.
    """
    first = [0.0] * len(events)
    for start, stop in windows:
        places = positions * (stop - start)
        seen = before = 0.0
        for t in range(start, stop):
            seen += events[t]
            share = min(1.0, seen / (n_channels * places))
            active = n_channels * (-expm1(places * log1p(-share)) if share < 1 else 1.0)
            first[t], before = active - before, active
    return first


def at_most_operations(reads: Numbers, operations: Numbers, windows: Sequence[Window]) -> list[int | float]:
    """The reads, but in a window with fewer synaptic operations than reads, one read per operation."""
    kept: list[int | float] = list(reads)
    for start, stop in windows:
        if sum(reads[start:stop]) >= sum(operations[start:stop]):
            kept[start:stop] = operations[start:stop]
    return kept


def once_per_window(number: int, n_steps: int, windows: Sequence[Window]) -> list[int]:
    """`number` at the first timestep of every window."""
    firsts = {start for start, _ in windows}
    return [number if t in firsts else 0 for t in range(n_steps)]
