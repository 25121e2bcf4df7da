"""Which stage divisions a space allows: counted, found by number and tested without listing them.

A stage division is a composition of the depth: the number of blocks of every stage. They are ordered by their number
of stages, fewest first, then by their stages, longer ones first."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

Division = tuple[int, ...]


class Divisions(ABC):
    """Allowed stage divisions, told apart by their number of stages."""

    @property
    @abstractmethod
    def most_stages(self) -> int:
        """Number of stages of the finest one."""

    @abstractmethod
    def count(self, n_stages: int) -> int:
        """How many have `n_stages` stages."""

    @abstractmethod
    def at(self, n_stages: int, index: int) -> Division:
        """The one of number `index`, counted from 0, among those with `n_stages` stages."""

    @abstractmethod
    def __contains__(self, division: object) -> bool: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Division]: ...

    @property
    def first(self) -> Division:
        """The one with the fewest stages, and among those with the longest first ones."""
        n_stages = next(n for n in range(1, self.most_stages + 1) if self.count(n))
        return self.at(n_stages, 0)


@dataclass(frozen=True)
class AnyDivision(Divisions):
    """All 2**(depth - 1) divisions of `depth` blocks."""

    depth: int

    @property
    def most_stages(self) -> int:
        return self.depth

    def count(self, n_stages: int) -> int:
        """Choices of n_stages - 1 cuts among the depth - 1 places between blocks."""
        return comb(self.depth - 1, n_stages - 1)

    def at(self, n_stages: int, index: int) -> Division:
        """Found from the last one on, where stages are short: as many steps as blocks."""
        stages, left, index = [], self.depth, self.count(n_stages) - 1 - index
        for n_after in range(n_stages - 1, 0, -1):
            length = 1
            while index >= (n_with_it := comb(left - length - 1, n_after - 1)):
                index -= n_with_it
                length += 1
            stages.append(length)
            left -= length
        return (*stages, left)

    def __contains__(self, division: object) -> bool:
        return isinstance(division, tuple) and min(division, default=0) > 0 and sum(division) == self.depth

    def __iter__(self) -> Iterator[Division]:
        for n_stages in range(1, self.depth + 1):
            yield from _compositions(self.depth, n_stages)


class ListedDivisions(Divisions):
    """The divisions that a space file lists; one listed twice counts once."""

    def __init__(self, divisions: Sequence[Division]) -> None:
        ordered = sorted(set(divisions), key=lambda d: (len(d), tuple(-n for n in d)))
        self._by_stages: dict[int, list[Division]] = {}
        for division in ordered:
            self._by_stages.setdefault(len(division), []).append(division)

    @property
    def most_stages(self) -> int:
        return max(self._by_stages)

    def count(self, n_stages: int) -> int:
        return len(self._by_stages.get(n_stages, ()))

    def at(self, n_stages: int, index: int) -> Division:
        return self._by_stages[n_stages][index]

    def __contains__(self, division: object) -> bool:
        return isinstance(division, tuple) and division in self._by_stages.get(len(division), ())

    def __iter__(self) -> Iterator[Division]:
        for divisions in self._by_stages.values():
            yield from divisions


def _compositions(total: int, n_parts: int) -> Iterator[Division]:
    """Every way to write `total` as `n_parts` whole numbers above 0, in order; larger first ones first."""
    if n_parts == 1:
        yield (total,)
        return
    for first in range(total - n_parts + 1, 0, -1):
        for rest in _compositions(total - first, n_parts - 1):
            yield (first, *rest)
