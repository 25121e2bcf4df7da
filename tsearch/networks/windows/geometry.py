"""Where the windows of a map lie: one per group, all of one size, in the order in which they run.

Source: arXiv 2401.10843, 3.1, for two windows along each axis of an even map: normal ones are half as long and do not
overlap, dilated ones are three quarters as long and begin at 0 and at a quarter. Our reading for other numbers and
lengths: windows are 1/n or 3/2 of that as long, rounded up, and their beginnings lie evenly, rounded. Several windows
are at the same place where there are fewer pixels than windows.
"""

from dataclasses import dataclass
from functools import cached_property

from tsearch.networks.plan import Pair


@dataclass(frozen=True)
class Windows:
    """Windows of `size` (rows, columns) in a `map` (rows, columns), each at its place in `starts` (row, column)."""

    map: Pair
    size: Pair
    starts: tuple[Pair, ...]

    @property
    def groups(self) -> int:
        """Number of windows, which run one after the other."""
        return len(self.starts)

    @cached_property
    def covering(self) -> list[list[int]]:
        """How many windows hold each pixel, row by row; none is left out."""
        (rows, columns), (height, width) = self.map, self.size
        return [
            [
                sum(0 <= y - top < height and 0 <= x - left < width for top, left in self.starts)
                for x in range(columns)
            ]
            for y in range(rows)
        ]


def windows_of(map: Pair, groups: int, *, is_dilated: bool) -> Windows:
    """The windows of a map: the whole map for 1 group, left and right for 2, and for 4 top left, top right, bottom
    left, bottom right. Where the map is one row, or one column, all lie along it."""
    grid = _grid(map, groups)
    factor = 3 if is_dilated else 2
    rows, columns = (
        length if n == 1 else min(length, -(-factor * length // (2 * n)))
        for n, length in zip(grid, map, strict=True)
    )
    tops, lefts = (
        [0] if n == 1 else [(2 * i * (length - size) + n - 1) // (2 * n - 2) for i in range(n)]
        for n, length, size in zip(grid, map, (rows, columns), strict=True)
    )
    return Windows(map, (rows, columns), tuple((top, left) for top in tops for left in lefts))


def _grid(map: Pair, groups: int) -> Pair:
    """Windows along rows and along columns."""
    if map[0] == 1:
        return 1, groups
    if map[1] == 1:
        return groups, 1
    return {1: (1, 1), 2: (1, 2), 4: (2, 2)}[groups]
