"""The structures of a space: stage division, timesteps and schedule; counted and drawn without listing them.

Two schedules count once where they train the same phases. A phase led by T runs max(T, t) timesteps in a stage with t
final ones, so it repeats another phase, or the final one, exactly where it does so in the last stage, which has the
fewest. The number of distinct schedules of a vector therefore depends on its last entry alone, and structures are
counted by a table over (stages that follow, timesteps now)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import NamedTuple

import numpy as np

from tsearch.space.divisions import Division, Divisions
from tsearch.space.timesteps import Vector, shrinking_vectors, vectors


class Structure(NamedTuple):
    """Blocks per stage, final timesteps per stage, and the timesteps that lead the phases before."""

    division: Division
    vector: Vector
    leading: Vector

    @property
    def n_phases(self) -> int:
        """How many phases are trained."""
        return len(shrinking_vectors(self.leading, self.vector))


@dataclass(frozen=True)
class Structures:
    """Every combination of an allowed division, a non-increasing vector over `timesteps` and a schedule of `leading`.

    They are numbered from 0: by division, then by vector, most timesteps first, then by schedule in the order given.
    A draw takes O(depth * choices of timesteps) steps, and so does the count, however many there are."""

    divisions: Divisions
    timesteps: Vector
    leading: tuple[Vector, ...]

    @cached_property
    def n(self) -> int:
        """How many there are."""
        return sum(self._counts)

    def count(self, n_stages: int) -> int:
        """How many have `n_stages` stages, at least 1."""
        return self._counts[n_stages - 1] if n_stages <= len(self._counts) else 0

    @cached_property
    def kinds(self) -> dict[tuple[bool, bool], int]:
        """How many have one stage or several (first of each pair: True), and one phase or several (second); the kinds
        that there are."""
        kinds: Counter[tuple[bool, bool]] = Counter()
        for n_stages, n in enumerate(self._counts, start=1):
            n_short = self.divisions.count(n_stages) * self._n_of_one_phase(n_stages)
            kinds[n_stages > 1, False] += n_short
            kinds[n_stages > 1, True] += n - n_short
        return {kind: n for kind, n in kinds.items() if n}

    def at(self, index: int) -> Structure:
        """The structure of number `index`. Raises: IndexError outside [0, n)."""
        if not 0 <= index < self.n:
            raise IndexError(f"structure {index} of {self.n}")
        n_stages = 1
        while index >= self._counts[n_stages - 1]:
            index -= self._counts[n_stages - 1]
            n_stages += 1
        place, index = divmod(index, sum(self._table[n_stages - 1]))
        vector, index = self._vector(n_stages, index)
        return Structure(self.divisions.at(n_stages, place), vector, self._schedules[vector[-1]][index])

    def random(self, rng: np.random.Generator) -> Structure:
        """One structure, all equally likely."""
        return self.at(_below(rng, self.n))

    def __iter__(self) -> Iterator[Structure]:
        for division in self.divisions:
            for vector in vectors(self._choices, len(division)):
                for leading in self._schedules[vector[-1]]:
                    yield Structure(division, vector, leading)

    @cached_property
    def _choices(self) -> Vector:
        return tuple(sorted(set(self.timesteps), reverse=True))

    @cached_property
    def _schedules(self) -> dict[int, tuple[Vector, ...]]:
        """For the final timesteps of the last stage, the leading timesteps that give distinct schedules."""
        return {t: _distinct(self.leading, t) for t in self._choices}

    @cached_property
    def _table(self) -> list[list[int]]:
        """In row k, column i: pairs of vector and schedule for k + 1 stages that start with choice i."""
        row = [len(self._schedules[t]) for t in self._choices]
        table = [row]
        for _ in range(1, self.divisions.most_stages):
            row = [sum(row[i:]) for i in range(len(row))]
            table.append(row)
        return table

    @cached_property
    def _counts(self) -> list[int]:
        """Structures with 1, 2, 3 ... stages."""
        return [self.divisions.count(n) * sum(row) for n, row in enumerate(self._table, start=1)]

    def _n_of_one_phase(self, n_stages: int) -> int:
        """Vectors of `n_stages` with a schedule of their own timesteps alone. Of those that end in choice i, there are
        as many as non-increasing vectors of one stage less over the choices up to i."""
        return sum(
            comb(n_stages - 1 + i, i)
            for i, t in enumerate(self._choices)
            if any(max(leading, default=0) <= t for leading in self.leading)
        )

    def _vector(self, n_stages: int, index: int) -> tuple[Vector, int]:
        """The vector of the pair of number `index`, and the number of its schedule."""
        vector, choice = [], 0
        for k in range(n_stages - 1, -1, -1):
            while index >= self._table[k][choice]:
                index -= self._table[k][choice]
                choice += 1
            vector.append(self._choices[choice])
        return tuple(vector), index


def _distinct(leading: tuple[Vector, ...], final: int) -> tuple[Vector, ...]:
    """The first of `leading` for every distinct schedule that ends in `final` timesteps."""
    by_path: dict[tuple[Vector, ...], Vector] = {}
    for timesteps in leading:
        by_path.setdefault(shrinking_vectors(timesteps, (final,)), timesteps)
    return tuple(by_path.values())


def _below(rng: np.random.Generator, n: int) -> int:
    """A whole number in [0, n), all equally likely, also where n has more than 64 bits."""
    if n < 2**63:
        return int(rng.integers(n))
    n_bytes = (n.bit_length() + 7) // 8
    while True:
        number = int.from_bytes(rng.bytes(n_bytes)) >> (8 * n_bytes - n.bit_length())
        if number < n:
            return number
