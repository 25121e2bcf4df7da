"""Tiles of output positions and windows of timesteps: the pieces in which an array works through a layer."""

from collections.abc import Sequence
from functools import lru_cache

Window = tuple[int, int]


def tiles(positions: int, largest: int) -> tuple[tuple[int, int], ...]:
    """How `positions` output positions fill an array that holds `largest` of them: (positions in a tile, such tiles).

    The last tile holds what is left over.
    """
    full, rest = divmod(positions, largest)
    return tuple((size, n) for size, n in ((largest, full), (rest, 1)) if size and n)


def used_tiles(tiles_of: Sequence[tuple[int, int]], reach: float) -> tuple[tuple[float, float], ...]:
    """Tiles as one weight sees them: (positions that use it, such tiles), where it is used at a share `reach` of the
    positions. A share of less than one position is one position in that share of the tiles.
    """
    seen = ((size * reach, n) for size, n in tiles_of)
    return tuple((max(1.0, size), n * min(1.0, size)) for size, n in seen)


def n_tiles(positions: int, largest: int) -> int:
    """Number of tiles, the last one included."""
    return -(-positions // largest)


@lru_cache(maxsize=4096)
def windows(runs: tuple[int, ...], longest: int) -> tuple[Window, ...]:
    """Windows of at most `longest` timesteps that run, as (start, stop): from the first such step of a window to behind
    its last; steps between them that do not run have no events.

    Args:
        runs: 0 or 1 per timestep.
        longest: Timesteps that are processed together, at least 1.
    """
    active = [t for t, step in enumerate(runs) if step]
    parts = [active[k : k + longest] for k in range(0, len(active), longest)]
    return tuple((part[0], part[-1] + 1) for part in parts)


def window_length(n_steps: int, accumulator_bits: int, array_sums: int, sum_bits: int) -> int:
    """Timesteps whose sums fit beside the array, at most `n_steps`, at least 1.

    Args:
        accumulator_bits: Size of the accumulator buffer.
        array_sums: Sums of one timestep that are kept at once.
        sum_bits: Bits of one sum.
    """
    return max(1, min(n_steps, accumulator_bits // (array_sums * sum_bits)))


def channel_passes(channels: int, groups: int, at_once: int) -> int:
    """How often a layer's input is read when the array computes `at_once` output channels together. A pass takes whole
    groups, unless a group has more channels than the array, and an input belongs to one group: ceil(C_o / (g C))."""
    return -(-channels // (groups * at_once))
