"""How many ways there are to go on with a path, stage by stage.

A path of k vectors, seen at one stage, is a column: the timesteps of all k phases there, as indices of choices in
ascending order, which never increase from phase to phase. From stage to stage no entry increases. Columns that may be
equal in two phases everywhere are counted by a determinant; where phases have to differ, by inclusion and exclusion.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from math import comb

Column = tuple[int, ...]
_REMEMBERED = 2**18


def columns_below(column: Column) -> Iterator[Column]:
    """Every column with no entry above that of `column`, in descending order."""
    return _below(column, column[0] if column else 0)


@lru_cache(_REMEMBERED)
def n_continuations(n_stages: int, column: Column, equal: frozenset[int] = frozenset()) -> int:
    """How many rows of `n_stages` further columns may follow `column` so that in the end all phases differ.

    `equal` holds every i for which phases i and i + 1 (from 0) were equal so far: those have to differ later on. A set
    of them that does not is counted as fewer phases, with alternating sign."""
    return sum(
        (-1) ** n * _n_weak(n_stages, _without(column, stuck))
        for n in range(len(equal) + 1)
        for stuck in combinations(equal, n)
    )


def _without(column: Column, phases: tuple[int, ...]) -> Column:
    return tuple(entry for i, entry in enumerate(column) if i not in phases)


@lru_cache(_REMEMBERED)
def _n_weak(n_stages: int, column: Column) -> int:
    """How many rows of columns may follow, phases differing or not: chains of partitions below `column`.

    Source: Kreweras, Cahiers du BURO 6, 1965: det C(a_i + n, n + i - j). Below equal entries these are plane
    partitions in a box, counted by MacMahon's product."""
    size = range(len(column))
    return _determinant(
        [
            [comb(entry + n_stages, n_stages + i - j) if n_stages + i >= j else 0 for j in size]
            for i, entry in enumerate(column)
        ]
    )


def _determinant(rows: list[list[int]]) -> int:
    """Of whole numbers, exact. Source: Bareiss, Math. Comp. 22, 1968."""
    before, sign, n = 1, 1, len(rows)
    for k in range(n - 1):
        pivot = next((i for i in range(k, n) if rows[i][k]), None)
        if pivot is None:
            return 0
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) // before
        before = rows[k][k]
    return sign * rows[-1][-1] if rows else 1


def _below(column: Column, most: int) -> Iterator[Column]:
    if not column:
        yield ()
        return
    for entry in range(min(column[0], most), -1, -1):
        for rest in _below(column[1:], entry):
            yield (entry, *rest)
