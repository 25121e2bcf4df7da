"""Every descending path of per-stage timestep vectors, such as [8, 8, 8] -> [8, 4, 2] -> [4, 2, 1].

Both ways through a path are ordered: no stage grows from phase to phase, no phase grows from stage to stage. A path is
therefore found by its number stage by stage, see `path_counts.py`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise, product
from math import comb
from typing import Any

from tsearch.space.domains import Domain, Real, Whole
from tsearch.space.path_counts import Column, columns_below, n_continuations
from tsearch.space.paths import Path, Paths, not_a_path, one_step
from tsearch.space.timesteps import Vector


@dataclass(frozen=True)
class AnyPaths(Paths):
    """All paths over `timesteps` with at most `most` phases before the last one.

    They are numbered by their number of phases, fewest first, then stage by stage, most timesteps first. The first
    draw fills a table of `n_columns` entries per stage, later ones look at each of these at most once."""

    timesteps: Vector
    most: int

    def n_columns(self, n_stages: int) -> int:
        """How many columns there are in each stage: ways to go through the choices in the most phases."""
        n = self.most_leading(n_stages) + 1
        return comb(n + len(self._choices) - 1, n)

    def count(self, n_stages: int) -> int:
        return sum(self._counts(n_stages))

    def count_single(self, n_stages: int) -> int:
        return comb(n_stages + len(self._choices) - 1, n_stages)

    def at(self, n_stages: int, index: int) -> Path:
        n_phases = 1
        for n in self._counts(n_stages):
            if index < n:
                break
            index, n_phases = index - n, n_phases + 1
        columns: list[Column] = []
        column, equal = self._start(n_phases)
        for n_left in range(n_stages - 1, -1, -1):
            for below in columns_below(column):
                still = _still_equal(below, equal)
                n = n_continuations(n_left, below, still)
                if index < n:
                    break
                index -= n
            columns.append(below)
            column, equal = below, still
        return self._path(columns)

    def listed(self, n_stages: int) -> Iterator[Path]:
        for n_phases in range(1, self.most_leading(n_stages) + 2):
            for columns in self._continued(n_stages, *self._start(n_phases)):
                yield self._path(columns)

    def most_leading(self, n_stages: int) -> int:
        """Every phase takes one choice from one stage at least."""
        return min(self.most, n_stages * (len(self._choices) - 1))

    def neighbours(self, path: Path) -> Iterator[Path]:
        """A phase that comes to equal the next one is left out; one that is left out so may come back."""
        found: dict[Path, None] = {}
        for i, vector in enumerate(path):
            for near in one_step(self._choices, vector):
                for kept in ((), (vector, near), (near, vector)):  # changed, and put behind or before it
                    changed = (*path[:i], *(kept or (near,)), *path[i + 1 :])
                    found[tuple(distinct for distinct, _ in groupby(changed))] = None
        return (near for near in found if near != path and self._holds(near))

    def uniform_leads(self, timesteps: int) -> tuple[Vector, ...]:
        """None, and as many as there may be, spread evenly over the larger choices from the largest one down."""
        larger = [t for t in reversed(self._choices) if t > timesteps]
        n = min(self.most, len(larger))
        return ((), tuple(larger[i * len(larger) // n] for i in range(n))) if n else ((),)

    def uniform_lead(self, vector: Vector) -> int:
        """Its mean, rounded up."""
        return -(-sum(vector) // len(vector))

    def lead_parameters(self, most_stages: int) -> dict[str, Domain]:
        """How many phases there are before the last one, and for stage i of the k-th one before it the share of the
        choices between those of the phase behind and of the stage before."""
        most = self.most_leading(most_stages)
        parameters: dict[str, Domain] = {"schedule.n_leading": Whole(0, most)}
        for k, i in product(range(1, most + 1), range(1, most_stages + 1)):
            parameters[_share(k, i)] = Real(0.0, 1.0, default=0.5)
        return parameters

    def decode_leads(self, values: Mapping[str, Any], vector: Vector) -> Path:
        path, top = [vector], len(self._choices) - 1
        for k in range(1, int(values.get("schedule.n_leading", 0)) + 1):
            high, before = top, []
            for i, low in enumerate(map(self._choices.index, path[0]), start=1):
                share = values.get(_share(k, i), 0.5)
                high = low + min(int(share * (high - low + 1)), high - low)
                before.append(self._choices[high])
            if tuple(before) != path[0]:  # else it would shrink nothing
                path.insert(0, tuple(before))
        return tuple(path)

    def encode_leads(self, path: Path, most_stages: int) -> dict[str, Any]:
        if problem := self._problem(path):
            raise not_a_path(path, problem)
        values: dict[str, Any] = dict.fromkeys(self.lead_parameters(most_stages), 0.5)
        values["schedule.n_leading"] = len(path) - 1
        for k, (behind, vector) in enumerate(pairwise(reversed(path)), start=1):
            high = len(self._choices) - 1
            for i, (low, place) in enumerate(zip(*map(self._places, (behind, vector)), strict=True), start=1):
                values[_share(k, i)] = (place - low + 0.5) / (high - low + 1)
                high = place
        return values

    @cached_property
    def _choices(self) -> Vector:
        return tuple(sorted(set(self.timesteps)))

    def _places(self, vector: Vector) -> Vector:
        return tuple(map(self._choices.index, vector))

    def _start(self, n_phases: int) -> tuple[Column, frozenset[int]]:
        """What stands before the first stage: no bound, and no two phases that differ yet."""
        return (len(self._choices) - 1,) * n_phases, frozenset(range(n_phases - 1))

    def _counts(self, n_stages: int) -> list[int]:
        """Paths of 1, 2, 3 ... phases."""
        most = self.most_leading(n_stages) + 1
        return [n_continuations(n_stages, *self._start(n)) for n in range(1, most + 1)]

    def _continued(
        self, n_stages: int, column: Column, equal: frozenset[int]
    ) -> Iterator[tuple[Column, ...]]:
        """Every row of columns that may follow `column`."""
        if n_stages == 0:
            yield ()
            return
        for below in columns_below(column):
            still = _still_equal(below, equal)
            if n_continuations(n_stages - 1, below, still):
                for rest in self._continued(n_stages - 1, below, still):
                    yield (below, *rest)

    def _path(self, columns: Iterable[Column]) -> Path:
        return tuple(tuple(self._choices[place] for place in phase) for phase in zip(*columns, strict=True))

    def _holds(self, path: Path) -> bool:
        """Whether it descends, over the choices, in no more phases than allowed."""
        return not self._problem(path)

    def _problem(self, path: Path) -> str:
        """Why a path is none of these; "" where it is one."""
        if len(path) > self.most + 1:
            return f"{len(path) - 1} vectors before the last one, at most {self.most} are allowed (`most_leading`)"
        for vector in path:
            if other := [t for t in vector if t not in self._choices]:
                return f"timesteps {other[0]} is not one of {list(self._choices)}"
            if list(vector) != sorted(vector, reverse=True):
                return f"{list(vector)} increases from stage to stage"
        for a, b in pairwise(path):
            if a == b:
                return f"{list(a)} comes twice in a row; a path names the vectors before `timesteps`, each one once"
            if any(x < y for x, y in zip(a, b, strict=True)):
                return f"it grows from {list(a)} to {list(b)}"
        return ""


def _still_equal(column: Column, equal: frozenset[int]) -> frozenset[int]:
    """Those phases that are equal to their next one in this column too."""
    return frozenset(i for i in equal if column[i] == column[i + 1])


def _share(phase: int, stage: int) -> str:
    return f"schedule.share.{phase}.{stage}"
