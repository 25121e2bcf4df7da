"""What a searched setting may be: one of some values, or a number from a range."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Choice:
    """One of `values`, in the order given; the first one is the default. A sampler sees labels, which are
    plain scalars."""

    values: tuple[Hashable, ...]

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

    def decode(self, label: Any) -> Any:
        return self.values[self.choices.index(label)]

    def encode(self, value: Any) -> Any:
        if value not in self.values:
            raise ValueError(f"{value} is not one of {list(self.choices)}")
        return _label(value)

    def random(self, rng: np.random.Generator) -> Any:
        return self.values[int(rng.integers(len(self.values)))]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "choice", "values": [list(v) if isinstance(v, tuple) else v for v in self.values]}


@dataclass(frozen=True)
class Real:
    """A real number in [low, high], searched on a logarithmic scale if `log`."""

    low: float
    high: float
    log: bool = False
    default: float = 0.0

    size = None

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

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "real"} | asdict(self)


@dataclass(frozen=True)
class Whole:
    """A whole number in [low, high], both included."""

    low: int
    high: int
    log: bool = False
    default: int = 0

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

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "whole"} | asdict(self)


Domain = Choice | Real | Whole


def domain_from_dict(content: Mapping[str, Any]) -> Domain:
    """Inverse of `to_dict`."""
    fields = {name: value for name, value in content.items() if name != "kind"}
    if "values" in fields:
        return Choice(tuple(tuple(v) if isinstance(v, list) else v for v in fields["values"]))
    return Real(**fields) if content["kind"] == "real" else Whole(**fields)


def _label(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, tuple) else value
