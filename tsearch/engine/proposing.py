"""Proposing: from what is known of a search to the parameter values that are tried next.

A proposer is any function, or object that can be called, of the form below; `proposers/` has the ones with a name.
What it gives depends on its arguments alone: after a restart it is asked with the same ones, and must answer the same.
It may keep what is costly to make again.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tsearch.errors import TsearchError
from tsearch.frozen import content_hash
from tsearch.space.domains import Domain
from tsearch.space.goals import Objective


@dataclass(frozen=True)
class Problem:
    """What is searched.

    Args:
        objectives: In the order of `Told.objectives`.
        n_given: So many of the trials told come first that nobody proposes: baselines, and what the user asked for.
        conditions: By parameter that matters only where another one has some value: that one, and the value.
    """

    parameters: Mapping[str, Domain]
    objectives: tuple[Objective, ...]
    n_given: int = 0
    conditions: Mapping[str, tuple[str, Any]] = field(default_factory=dict)

    def matters(self, parameter: str, values: Mapping[str, Any]) -> bool:
        """Whether a parameter changes anything beside `values`."""
        if parameter not in self.conditions:
            return True
        other, value = self.conditions[parameter]
        return bool(values.get(other) == value)


@dataclass(frozen=True)
class UnderWay:
    """A trial that has not ended: its number and parameter values."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """A trial that has ended.

    Args:
        objectives: Their values; None where it failed.
        violation: By how much it breaks the constraints (0: not at all); None where there are none, or it failed.
    """

    number: int
    values: Mapping[str, Any]
    objectives: tuple[float, ...] | None
    violation: float | None = None


class Proposer(Protocol):
    """Gives a value for every parameter, as its domain's `encode` gives it; parameters left out take their default.

    `told` comes in the order of telling, `under_way` in that of numbers. `told` is the same list every time, which only
    grows, but for a trial that `History` puts between others. A proposal that was tried already is dropped, and the
    proposer is asked again with other random numbers.
    """

    def __call__(
        self,
        problem: Problem,
        told: Sequence[Told],
        under_way: Sequence[UnderWay],
        rng: np.random.Generator,
        /,
    ) -> Mapping[str, Any]: ...


class History:
    """What a proposer knows: the trials told, and those under way. A trial without values lies outside the space, as a
    baseline may: no proposal could give it, so no proposer is told of it.

    Trials are told in the order in which they end; with `is_ordered`, whenever they end, in that of their numbers: one
    that paused is told late, and after a restart nobody remembers how late.
    """

    def __init__(self, told: Sequence[Told] = (), *, is_ordered: bool = False) -> None:
        self.ended = list(told)
        self.told = [trial for trial in told if trial.values]
        self._is_ordered = is_ordered
        self._under_way: dict[int, UnderWay] = {}

    @property
    def under_way(self) -> list[UnderWay]:
        """In the order of their numbers."""
        return [trial for _, trial in sorted(self._under_way.items()) if trial.values]

    def begin(self, number: int, values: Mapping[str, Any]) -> None:
        """A trial is under way from now on."""
        self._under_way[number] = UnderWay(number, values)

    def tell(self, number: int, objectives: Sequence[float] | None, violation: float | None) -> None:
        """A trial has ended."""
        values = self._under_way.pop(number).values
        told = Told(number, values, None if objectives is None else tuple(objectives), violation)
        for known in (self.ended, self.told) if values else (self.ended,):
            if self._is_ordered:
                insort(known, told, key=lambda trial: trial.number)
            else:
                known.append(told)


def checked(values: Mapping[str, Any], problem: Problem) -> dict[str, Any]:
    """What a proposer gave, with the default of every parameter left out. Raises: TsearchError if it is outside."""
    if not isinstance(values, Mapping):
        raise TsearchError(
            f"the proposer gave {type(values).__name__}, not a value for every parameter by name."
        )
    for name in values:
        if name not in problem.parameters:
            known = ", ".join(problem.parameters)
            raise TsearchError(f"the proposer gave '{name}', which is no parameter. Parameters: {known}.")
    complete = {}
    for name, domain in problem.parameters.items():
        try:
            complete[name] = domain.encode(domain.decode(values[name]) if name in values else domain.default)
        except (ValueError, TypeError) as error:
            raise TsearchError(f"the proposer left the space: {name} = {values[name]!r} ({error}).") from None
    return complete


def random_numbers(seed: int, number: int, draw: int) -> np.random.Generator:
    """The random numbers behind one proposal for trial `number`; `draw` counts those made for it."""
    return np.random.default_rng(int(content_hash([seed, number, draw])[:8], 16))
