"""The structures of a space: stage division and path of timestep vectors; counted and drawn without listing them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tsearch.space.divisions import Division, Divisions
from tsearch.space.paths import Path, Paths
from tsearch.space.timesteps import Vector


class Kind(NamedTuple):
    """Whether a structure has several stages, phases before the last one, and more than one timestep anywhere."""

    has_stages: bool
    has_leading: bool
    has_steps: bool


class Structure(NamedTuple):
    """Blocks per stage, and the timestep vectors of the schedule in order."""

    division: Division
    path: Path

    @property
    def vector(self) -> Vector:
        """The final timesteps per stage."""
        return self.path[-1]

    @property
    def n_phases(self) -> int:
        """How many phases are trained."""
        return len(self.path)

    @property
    def kind(self) -> Kind:
        """What it has: by this settings are idle or not."""
        has_steps = any(timesteps > 1 for vector in self.path for timesteps in vector)
        return Kind(len(self.division) > 1, self.n_phases > 1, has_steps)


@dataclass(frozen=True)
class Structures:
    """Every allowed division with every allowed path.

    They are numbered from 0: by division, then by path. A draw of listed timesteps takes O(depth * choices of
    timesteps) steps, and so does the count, however many there are."""

    divisions: Divisions
    paths: Paths

    @cached_property
    def n(self) -> int:
        """How many there are."""
        return sum(self._counts)

    def count(self, n_stages: int) -> int:
        """How many have `n_stages` stages, at least 1."""
        return self._counts[n_stages - 1] if n_stages <= len(self._counts) else 0

    @cached_property
    def kinds(self) -> dict[Kind, int]:
        """How many there are of every kind; the kinds that there are."""
        kinds: Counter[Kind] = Counter()
        for n_stages, n in enumerate(self._counts, start=1):
            n_divisions, has_stages = self.divisions.count(n_stages), n_stages > 1
            n_single = n_divisions * self.paths.count_single(n_stages)
            n_ones = n_divisions * self.paths.may_be_one
            kinds[Kind(has_stages, False, False)] += n_ones
            kinds[Kind(has_stages, False, True)] += n_single - n_ones
            kinds[Kind(has_stages, True, True)] += n - n_single
        return {kind: n for kind, n in kinds.items() if n}

    def at(self, index: int) -> Structure:
        """The structure of number `index`. Raises: IndexError outside [0, n)."""
        if not 0 <= index < self.n:
            raise IndexError(f"structure {index} of {self.n}")
        n_stages = 1
        while index >= self._counts[n_stages - 1]:
            index -= self._counts[n_stages - 1]
            n_stages += 1
        place, index = divmod(index, self.paths.count(n_stages))
        return Structure(self.divisions.at(n_stages, place), self.paths.at(n_stages, index))

    def random(self, rng: np.random.Generator) -> Structure:
        """One structure, all equally likely."""
        return self.at(_below(rng, self.n))

    def __iter__(self) -> Iterator[Structure]:
        for division in self.divisions:
            for path in self.paths.listed(len(division)):
                yield Structure(division, path)

    @cached_property
    def _counts(self) -> list[int]:
        """Structures with 1, 2, 3 ... stages."""
        counts = []
        for n_stages in range(1, self.divisions.most_stages + 1):
            n = self.divisions.count(n_stages)
            counts.append(n * self.paths.count(n_stages) if n else 0)
        return counts


def _below(rng: np.random.Generator, n: int) -> int:
    """A whole number in [0, n), all equally likely, also where n has more than 64 bits."""
    if n < 2**63:
        return int(rng.integers(n))
    n_bytes = (n.bit_length() + 7) // 8
    while True:
        number = int.from_bytes(rng.bytes(n_bytes)) >> (8 * n_bytes - n.bit_length())
        if number < n:
            return number
