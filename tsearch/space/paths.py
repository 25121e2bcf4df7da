"""Which paths a space allows: the timestep vectors of a schedule in order, the searched ones last.

A path descends: no stage ever gets more timesteps from one phase to the next, no two phases are equal. Like divisions,
paths are counted, found by number and never listed as a whole. There are two kinds: led by listed timesteps
(`led_paths.py`), and any at all (`any_paths.py`)."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from tsearch.space.domains import Choice, Domain, Real
from tsearch.space.timesteps import Vector, shares_of_vector, vector_of_shares

Path = tuple[Vector, ...]


class Paths(ABC):
    """Allowed paths over the choices `timesteps`, told apart by their number of stages."""

    timesteps: Vector

    @abstractmethod
    def count(self, n_stages: int) -> int:
        """How many have `n_stages` stages."""

    @abstractmethod
    def count_single(self, n_stages: int) -> int:
        """How many of these have no phase before the last one."""

    @property
    def may_be_one(self) -> bool:
        """Whether a network may be trained with one timestep everywhere, in all its phases."""
        return 1 in self.timesteps and ((1,),) in self.listed(1)

    @abstractmethod
    def at(self, n_stages: int, index: int) -> Path:
        """The one of number `index`, counted from 0, among those with `n_stages` stages."""

    @abstractmethod
    def listed(self, n_stages: int) -> Iterator[Path]:
        """All with `n_stages` stages, in the order of their numbers."""

    @abstractmethod
    def most_leading(self, n_stages: int) -> int:
        """The most phases before the last one, of networks with up to `n_stages` stages."""

    @abstractmethod
    def neighbours(self, path: Path) -> Iterator[Path]:
        """Those that differ from `path` in one step of one entry, or in one phase; `path` is among theirs."""

    @abstractmethod
    def uniform_leads(self, timesteps: int) -> tuple[Vector, ...]:
        """For each baseline with uniform `timesteps`, those that lead its earlier phases."""

    @abstractmethod
    def uniform_lead(self, vector: Vector) -> int:
        """The timesteps that lead a uniform twin where `vector` leads its configuration."""

    @abstractmethod
    def lead_parameters(self, most_stages: int) -> dict[str, Domain]:
        """What a sampler sees of the phases before the last one."""

    @abstractmethod
    def decode_leads(self, values: Mapping[str, Any], vector: Vector) -> Path:
        """The path that ends in `vector`; parameters left out take their default."""

    @abstractmethod
    def encode_leads(self, path: Path, most_stages: int) -> dict[str, Any]:
        """Inverse of `decode_leads`. Raises: ValueError, saying why, if it is not of this space."""

    # ------------------------------------------------------------------ the last vector

    def parameters(self, most_stages: int) -> dict[str, Domain]:
        """The first stage's timesteps, for every later stage the share of the choices still open to it, and what leads
        to them."""
        shares = {f"timesteps.share.{i}": Real(0.0, 1.0, default=0.5) for i in range(2, most_stages + 1)}
        return {"timesteps.first": self._first} | shares | self.lead_parameters(most_stages)

    def decode(self, values: Mapping[str, Any], n_stages: int) -> Path:
        """The path that parameter values stand for; parameters left out take their default."""
        name = "timesteps.first"
        first = self._first.decode(values[name]) if name in values else self._first.default
        shares = [values.get(f"timesteps.share.{i}", 0.5) for i in range(2, n_stages + 1)]
        return self.decode_leads(values, vector_of_shares(self.timesteps, first, shares))

    def encode(self, path: Path, most_stages: int) -> dict[str, Any]:
        """Parameter values of a path; stages that it lacks take the middle share. Raises: ValueError, saying why, if it
        is not of this space."""
        vector = path[-1]
        for timesteps in vector:
            if timesteps not in self.timesteps:
                raise ValueError(f"timesteps {timesteps} is not one of {sorted(self.timesteps)}")
        shares = shares_of_vector(self.timesteps, vector)
        shares += (0.5,) * (most_stages - 1 - len(shares))
        named = {f"timesteps.share.{i}": share for i, share in enumerate(shares, start=2)}
        return {"timesteps.first": vector[0]} | named | self.encode_leads(path, most_stages)

    @property
    def _first(self) -> Choice:
        return Choice(tuple(sorted(self.timesteps)))


def one_step(choices: Vector, vector: Vector) -> Iterator[Vector]:
    """The vectors over ascending `choices` that differ from `vector` in one stage, by one choice."""
    for i, timesteps in enumerate(vector):
        place = choices.index(timesteps)
        for near in choices[max(place - 1, 0) : place] + choices[place + 1 : place + 2]:
            changed = (*vector[:i], near, *vector[i + 1 :])
            if list(changed) == sorted(changed, reverse=True):
                yield changed


def not_a_path(path: Path, why: str) -> ValueError:
    """What is raised for one that a space does not hold."""
    return ValueError(f"schedule {[list(vector) for vector in path]}: {why}")
