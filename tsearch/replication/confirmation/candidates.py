"""Candidates: networks with non-uniform timesteps that promise, on validation and in one training, to save cost.

A confirmation (`judge.py`) will ask for two things: more accuracy than uniform networks of the same cost, read off a
curve that is linear in the logarithm of the cost, and no less than the next dearer uniform network, but for a margin.
What a network promises is the smaller of the two, in standard errors. Only networks of one backbone are compared: a
smaller network is no saving by timesteps.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tsearch.front.front import Front
from tsearch.front.point import Point
from tsearch.front.staircase import cost_metric, has_place, staircase

MARGIN = 0.01  # accuracy; how much less than the twin's still counts as equal


@dataclass(frozen=True)
class Candidate:
    """A network that may save cost.

    Args:
        point: What it reached on validation.
        cost: The metric that it may save.
        bracket: Timesteps of the uniform networks of the run that enclose its cost: the most that cost no more than it
            does, and the next ones. None where it lies outside of all.
        uniform_accuracy: What uniform networks of the run reach at its cost.
        promise: By how many standard errors it exceeds what a confirmation will ask for.
    """

    point: Point
    cost: str
    bracket: tuple[int, int] | None
    uniform_accuracy: float
    promise: float

    @property
    def number(self) -> int:
        return self.point.number

    @property
    def key(self) -> str:
        return self.point.key

    @property
    def label(self) -> str:
        return self.point.label


def candidates_of(front: Front, most: int = 3, margin: float = MARGIN) -> tuple[Candidate, ...]:
    """At most `most` complete networks that keep the run's constraints, have a bracket, and promise more than nothing;
    the most promising first. No two have the same backbone, masks and timesteps in every block, as near copies do."""
    uniform = _Uniform.by_kind(front)
    every = [_candidate(point, _nearest(uniform, point), margin) for point in front.feasible]
    promising = [one for one in every if one and one.bracket and one.promise > 0]
    distinct: dict[Any, Candidate] = {}
    for one in sorted(promising, key=lambda one: (-one.promise, one.number)):
        masks = one.point.configuration.masks if one.point.configuration else None
        distinct.setdefault((_backbone(one.point), masks, _timesteps_of_blocks(one.point)), one)
    return tuple(distinct.values())[:most]


def cheapest_beyond(front: Front) -> Candidate | None:
    """What no candidate can be, since it costs less than every uniform network of its backbone, though it is more
    accurate than the cheapest of them: the most promising one of the front, None where there is none."""
    if all(point.is_uniform for point in front.points):
        return None
    uniform = _Uniform.by_kind(front)
    every = [(_candidate(point, _nearest(uniform, point), MARGIN), point) for point in front.points]
    beyond = [
        one
        for one, point in every
        if one and one.bracket is None and one.promise > 0 and _is_cheaper(point, _nearest(uniform, point))
    ]
    return max(beyond, key=lambda one: (one.promise, -one.number), default=None)


def candidate_of(front: Front, point: Point, margin: float = MARGIN) -> Candidate | None:
    """A point of the front as a candidate, whatever it promises; None where it is no network with non-uniform
    timesteps, or where no uniform one of its backbone is complete."""
    return _candidate(point, _nearest(_Uniform.by_kind(front), point), margin)


def standard_error(point: Point) -> float:
    """That of an accuracy, by the number of its independent samples (as if one, where that is unknown); one right and
    one wrong answer are added, so that it is never 0."""
    n = point.n_independent or 1
    rate = (n * point.metrics["accuracy"] + 1) / (n + 2)
    return math.sqrt(rate * (1 - rate) / n)


@dataclass(frozen=True)
class _Uniform:
    """The uniform networks of one backbone, equally compressed: their staircase as (logarithm of the cost, accuracy),
    and the mean cost by timesteps, for their schedules differ and with them their rates."""

    cost: str
    stairs: tuple[tuple[float, float], ...]
    costs: Mapping[int, float]

    @classmethod
    def by_kind(cls, front: Front) -> "dict[Any, _Uniform]":
        """All complete ones, for also those that break the run's constraints lie on the curve; {} where the front has
        no cost."""
        cost = cost_metric(front)
        if cost is None:
            return {}
        points: dict[Any, list[Point]] = {}
        for point in front.complete:
            if point.is_uniform and has_place(point, cost):
                points.setdefault((_backbone(point), _bits_per_weight(point)), []).append(point)
        return {kind: cls._of(alike, cost) for kind, alike in points.items()}

    @classmethod
    def _of(cls, points: Sequence[Point], cost: str) -> "_Uniform":
        stairs = [(math.log(p.metrics[cost]), p.metrics["accuracy"]) for p in staircase(points, cost)]
        prices: dict[int, list[float]] = {}
        for point in points:
            prices.setdefault(point.timesteps[0], []).append(point.metrics[cost])
        return cls(cost, tuple(stairs), {timesteps: _mean(prices[timesteps]) for timesteps in sorted(prices)})

    def accuracy(self, price: float) -> float:
        """What they reach at a price: linear in its logarithm between the stairs, flat beyond their ends."""
        logs, accuracies = zip(*self.stairs, strict=True)
        return float(np.interp(math.log(price), logs, accuracies))

    def bracket(self, price: float) -> tuple[int, int] | None:
        below = max((t for t, cost in self.costs.items() if cost <= price), default=None)
        above = next((t for t in self.costs if below is not None and t > below), None)
        return None if below is None or above is None else (below, above)


def _candidate(point: Point, uniform: _Uniform | None, margin: float) -> Candidate | None:
    if uniform is None or point.is_uniform or not point.timesteps or not has_place(point, uniform.cost):
        return None
    price = point.metrics[uniform.cost]
    bracket, expected = uniform.bracket(price), uniform.accuracy(price)
    of_dearer = uniform.accuracy(uniform.costs[bracket[1]]) - margin if bracket else 0.0
    promise = (point.metrics["accuracy"] - max(expected, of_dearer)) / standard_error(point)
    return Candidate(point, uniform.cost, bracket, expected, promise)


def _is_cheaper(point: Point, uniform: _Uniform | None) -> bool:
    return uniform is not None and point.metrics[uniform.cost] < min(uniform.costs.values())


def _nearest(uniform: Mapping[Any, _Uniform], point: Point) -> _Uniform | None:
    """The uniform networks of its backbone that are compressed most like it: with others, pruned or quantised weights
    would count as saved by timesteps."""
    backbone, bits = _backbone(point), _bits_per_weight(point)
    kinds = [kind for kind in uniform if kind[0] == backbone]
    return uniform[min(kinds, key=lambda kind: abs(math.log(kind[1] / bits)))] if kinds else None


def _backbone(point: Point) -> Any:
    return point.configuration.backbone if point.configuration else None


def _bits_per_weight(point: Point) -> float:
    """Bits of the weights that are kept, as a mean over all."""
    if not point.configuration:
        return 1.0
    last = point.configuration.schedule[-1]
    return float(last.weight_bits * (1 - last.sparsity))


def _timesteps_of_blocks(point: Point) -> tuple[int, ...]:
    pairs = zip(point.timesteps, point.stages, strict=True)
    return tuple(timesteps for timesteps, n_blocks in pairs for _ in range(n_blocks))


def _mean(costs: Sequence[float]) -> float:
    """Their mean, also where their sum is no number any more."""
    return sum(cost / len(costs) for cost in costs)
