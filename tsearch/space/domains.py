"""What a searched setting may be: one of some values, or a number from a range."""

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

import numpy as np


class Domain(Protocol):
    """The values that a setting may take, and their form as a sampler sees them."""

    @property
    def kind(self) -> str:
        """Its name in JSON data, see `DOMAINS`."""

    @property
    def size(self) -> int | None:
        """Number of values; None where it is continuous."""

    @property
    def default(self) -> Any: ...
    @property
    def values(self) -> tuple[Any, ...]:
        """Every value. Raises: ValueError where it is continuous."""

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that a check must try: each one of a choice, both ends of a range."""

    @property
    def words(self) -> str:
        """The values in words, for people."""

    def decode(self, value: Any) -> Any:
        """The value behind a sampler's."""

    def encode(self, value: Any) -> Any:
        """Inverse of `decode`. Raises: ValueError, saying why, if the value lies outside."""

    def random(self, rng: np.random.Generator) -> Any:
        """A value drawn uniformly, on the domain's scale."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `domain_from_dict` takes it back."""


@dataclass(frozen=True)
class Choice:
    """One of `values`, in the order given; the first one is the default. A sampler sees labels, which are
    plain scalars."""

    values: tuple[Hashable, ...]
    kind: ClassVar[str] = "choice"

    @property
    def choices(self) -> tuple[str | int | float | bool | None, ...]:
        """The values as scalars: lists become their JSON text."""
        return tuple(_label(value) for value in self.values)

    @property
    def default(self) -> Any:
        return self.values[0]

    @property
    def size(self) -> int | None:
        return len(self.values)

    @property
    def ends(self) -> tuple[Any, ...]:
        return self.values

    @property
    def words(self) -> str:
        return ", ".join("null" if label is None else str(label) for label in self.choices)

    def decode(self, value: Any) -> Any:
        if value not in self.choices:
            raise ValueError(f"{value!r} is not one of {list(self.choices)}")
        return self.values[self.choices.index(value)]

    def encode(self, value: Any) -> Any:
        if value not in self.values:
            raise ValueError(f"{value} is not one of {list(self.choices)}")
        return _label(value)

    def random(self, rng: np.random.Generator) -> Any:
        return self.values[int(rng.integers(len(self.values)))]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "values": [_as_list(value) for value in self.values]}


@dataclass(frozen=True)
class _Range:
    """What ranges of real and of whole numbers share; both ends are included."""

    low: Any
    high: Any
    log: bool = False
    default: Any = 0

    kind: ClassVar[str]

    @property
    def ends(self) -> tuple[Any, ...]:
        return (self.low, self.high)

    @property
    def words(self) -> str:
        return f"{self.low:g} to {self.high:g}{', logarithmic' if self.log else ''}"

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind} | asdict(self)


@dataclass(frozen=True)
class Real(_Range):
    """A real number in [low, high], searched on a logarithmic scale if `log`."""

    low: float
    high: float
    default: float = 0.0
    kind: ClassVar[str] = "real"
    size: ClassVar[int | None] = None

    @property
    def values(self) -> tuple[Any, ...]:
        raise ValueError(f"the real numbers in [{self.low}, {self.high}] cannot be listed")

    def decode(self, value: Any) -> float:
        return float(value)

    def encode(self, value: Any) -> float:
        if not self.low <= value <= self.high:
            raise ValueError(f"{value} is outside [{self.low}, {self.high}]")
        return float(value)

    def random(self, rng: np.random.Generator) -> float:
        if not self.log:
            return float(rng.uniform(self.low, self.high))
        drawn = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return min(max(drawn, self.low), self.high)


@dataclass(frozen=True)
class Whole(_Range):
    """A whole number in [low, high], both included."""

    low: int
    high: int
    default: int = 0
    kind: ClassVar[str] = "whole"

    @property
    def size(self) -> int | None:
        return self.high - self.low + 1

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(range(self.low, self.high + 1))

    def decode(self, value: Any) -> int:
        return int(value)

    def encode(self, value: Any) -> int:
        if value != int(value) or not self.low <= value <= self.high:
            raise ValueError(f"{value} is not a whole number in [{self.low}, {self.high}]")
        return int(value)

    def random(self, rng: np.random.Generator) -> int:
        return int(rng.integers(self.low, self.high + 1))


DOMAINS: dict[str, Any] = {domain.kind: domain for domain in (Choice, Real, Whole)}


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """The values of a choice, each one once. Raises: ValueError for two that are equal and not the same, such as true
    and 1: which of them would be searched?"""
    kept: dict[Any, Any] = {}
    for value in values:
        other = kept.setdefault(value, value)
        if repr(other) != repr(value):
            raise ValueError(f"{other!r} and {value!r} are equal; give one of them")
    return tuple(kept)


def holds(domain: Domain, value: Any) -> bool:
    """Whether `value` is one of the domain's."""
    try:
        domain.encode(value)
    except (ValueError, TypeError):
        return False
    return True


def domain_from_dict(content: Mapping[str, Any]) -> Domain:
    """Inverse of `to_dict`, also for choices of earlier versions, which name no kind."""
    fields = {name: value for name, value in content.items() if name != "kind"}
    if "values" in fields:
        fields["values"] = tuple(_as_tuple(value) for value in fields["values"])
    domain: Domain = DOMAINS[content.get("kind", Choice.kind)](**fields)
    return domain


def _label(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, tuple) else value


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
