"""Paths led by listed timesteps: in a phase led by T, every stage runs max(T, its final timesteps).

Two schedules count once where they train the same phases. A phase led by T repeats another phase, or the final one,
exactly where it does so in the last stage, which has the fewest timesteps. The number of distinct schedules of a vector
therefore depends on its last entry alone, and paths are counted by a table over (stages that follow, timesteps now)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

from tsearch.space.domains import Choice, Domain
from tsearch.space.paths import Path, Paths, not_a_path, one_step
from tsearch.space.timesteps import Vector, shrinking_vectors, vectors


@dataclass(frozen=True)
class LedPaths(Paths):
    """Every non-increasing vector over `timesteps` behind each distinct schedule of `leading`.

    They are numbered by vector, most timesteps first, then by schedule in the order given."""

    timesteps: Vector
    leading: tuple[Vector, ...]

    def count(self, n_stages: int) -> int:
        return sum(self._row(n_stages))

    def count_single(self, n_stages: int) -> int:
        """Of vectors that end in choice i, there are as many as non-increasing ones of one stage less over the choices
        up to i."""
        return sum(
            comb(n_stages - 1 + i, i)
            for i, t in enumerate(self._choices)
            if any(max(leading, default=0) <= t for leading in self.leading)
        )

    def at(self, n_stages: int, index: int) -> Path:
        vector, choice = [], 0
        for n_left in range(n_stages, 0, -1):
            row = self._row(n_left)
            while index >= row[choice]:
                index -= row[choice]
                choice += 1
            vector.append(self._choices[choice])
        return shrinking_vectors(self._schedules[vector[-1]][index], tuple(vector))

    def listed(self, n_stages: int) -> Iterator[Path]:
        for vector in vectors(self._choices, n_stages):
            for leading in self._schedules[vector[-1]]:
                yield shrinking_vectors(leading, vector)

    def most_leading(self, n_stages: int) -> int:  # noqa: ARG002
        return max(map(n_leading, self.leading))

    def neighbours(self, path: Path) -> Iterator[Path]:
        """Its vector behind other schedules, and near vectors behind its schedules."""
        found = dict.fromkeys(
            shrinking_vectors(leading, path[-1]) for leading in self._schedules[path[-1][-1]]
        )
        same = [leading for leading in self.leading if shrinking_vectors(leading, path[-1]) == path]
        for vector in one_step(self._choices[::-1], path[-1]):
            found |= dict.fromkeys(shrinking_vectors(leading, vector) for leading in same)
        return (near for near in found if near != path)

    def uniform_leads(self, timesteps: int) -> tuple[Vector, ...]:  # noqa: ARG002
        """All that are listed."""
        return self.leading

    def uniform_lead(self, vector: Vector) -> int:
        """What it was led by: the last stage has as many."""
        return vector[-1]

    def lead_parameters(self, most_stages: int) -> dict[str, Domain]:  # noqa: ARG002
        return {"schedule.leading": Choice(self.leading)}

    def decode_leads(self, values: Mapping[str, Any], vector: Vector) -> Path:
        domain, name = Choice(self.leading), "schedule.leading"
        leading = domain.decode(values[name]) if name in values else domain.default
        return shrinking_vectors(leading, vector)

    def encode_leads(self, path: Path, most_stages: int) -> dict[str, Any]:  # noqa: ARG002
        for leading in self.leading:
            if shrinking_vectors(leading, path[-1]) == path:
                return {"schedule.leading": Choice(self.leading).encode(leading)}
        listed = [list(leading) for leading in self.leading]
        raise not_a_path(path, f"none of `schedule.leading` ({listed}) gives it")

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
        return [[len(self._schedules[t]) for t in self._choices]]

    def _row(self, n_stages: int) -> list[int]:
        while len(self._table) < n_stages:
            row = self._table[-1]
            self._table.append([sum(row[i:]) for i in range(len(row))])
        return self._table[n_stages - 1]


def n_leading(leading: Vector) -> int:
    """The most phases that `leading` gives before the last one: those where a network ends in one timestep."""
    return len(shrinking_vectors(leading, (1,))) - 1


def _distinct(leading: tuple[Vector, ...], final: int) -> tuple[Vector, ...]:
    """The first of `leading` for every distinct schedule that ends in `final` timesteps."""
    by_path: dict[Path, Vector] = {}
    for timesteps in leading:
        by_path.setdefault(shrinking_vectors(timesteps, (final,)), timesteps)
    return tuple(by_path.values())
