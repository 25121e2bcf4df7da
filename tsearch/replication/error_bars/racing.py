"""Which members of a front are trained once more: those whose place on it is undecided.

Every member is trained anew once or twice first, so that a spread is known. From then on one that is clearly off the
front gets no further training, one that is clearly on it gets the number asked for, and one that may be either gets
up to twice as many. Racing: Maron and Moore, Artif. Intell. Rev. 11, 1997.
"""

from collections.abc import Collection, Mapping

from tsearch.front import Front
from tsearch.front.point import Point
from tsearch.replication.error_bars.bars import probabilities_on_front

OFF, ON = 0.05, 0.95  # probabilities to be on the front below and above which a place is decided
_FIRST = 2  # fresh trainings before anything is decided


def next_wanted(
    front: Front, n: int, tried: Mapping[str, Collection[int]], own: int = 0
) -> list[tuple[Point, int]]:
    """The members of `front` that are to be trained once more, in the order of the front, each with the replicate that
    comes next; [] at the end.

    `n` is the number of trainings wanted of a member, that of the search included. `tried` has the replicates of every
    configuration, by key, that were trained besides, failed ones among them; `own` is the replicate of the search
    itself. No member is trained more than 2 n times.
    """
    if n < 2:
        return []
    probabilities = probabilities_on_front(front)
    wanted = []
    for point in {point.key: point for point in front.points}.values():
        fresh = tried.get(point.key, ())
        if len(fresh) < _n_wanted(len(fresh), n, probabilities[point.number]):
            wanted.append((point, _next({own, *fresh})))
    return wanted


def _n_wanted(n_fresh: int, n: int, probability: float) -> int:
    """How many fresh trainings a member is to have that has `n_fresh`."""
    if n_fresh < min(_FIRST, n - 1):
        return n_fresh + 1
    if probability < OFF:
        return n_fresh
    return n - 1 if probability > ON else 2 * n - 1  # besides the search's own


def _next(tried: Collection[int]) -> int:
    """The smallest replicate that was not trained."""
    return next(i for i in range(len(tried) + 1) if i not in tried)
