"""Candidates: networks with non-uniform timesteps that promise, on validation and in one training, to save cost.

A confirmation (`judge.py`) will ask for two things: more accuracy than uniform networks of the same cost, read off a
curve that is linear in the logarithm of the cost, and no less than the next dearer uniform network, but for a margin.
What a network promises is the smaller of the two, in standard errors. Only networks of one backbone are compared: a
smaller network is no saving by timesteps.
"""

from collections.abc import Sequence
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
    the most promising first. No two have the same backbone and the same timesteps in every block, as near copies do."""
    every = [one for point in front.feasible if (one := candidate_of(front, point, margin))]
    promising = [one for one in every if one.bracket and one.promise > 0]
    distinct: dict[Any, Candidate] = {}
    for one in sorted(promising, key=lambda one: (-one.promise, one.number)):
        distinct.setdefault((_backbone(one.point), _timesteps_of_blocks(one.point)), one)
    return tuple(distinct.values())[:most]


def candidate_of(front: Front, point: Point, margin: float = MARGIN) -> Candidate | None:
    """A point of the front as a candidate, whatever it promises; None where it is no network with non-uniform
    timesteps, or where no uniform one of its backbone keeps the run's constraints."""
    cost = cost_metric(front)
    if cost is None or not point.timesteps or point.is_uniform or not has_place(point, cost):
        return None
    uniform = [p for p in front.feasible if p.is_uniform and has_place(p, cost) and _are_alike(p, point)]
    if not uniform:
        return None
    bracket, expected = _bracket(uniform, point, cost), _curve(uniform, cost, point.metrics[cost])
    asked = [expected]
    if bracket:
        asked.append(_curve(uniform, cost, _cost_by_timesteps(uniform, cost)[bracket[1]]) - margin)
    promise = (point.metrics["accuracy"] - max(asked)) / standard_error(point)
    return Candidate(point, cost, bracket, expected, promise)


def standard_error(point: Point) -> float:
    """That of an accuracy, by the number of its samples (as if one, where that is unknown); one right and one wrong
    answer are added, so that it is never 0."""
    n = point.n_validation or 1
    rate = (n * point.metrics["accuracy"] + 1) / (n + 2)
    return float(np.sqrt(rate * (1 - rate) / n))


def _curve(uniform: Sequence[Point], cost: str, price: float) -> float:
    """Accuracy of the uniform staircase at a price, linear in its logarithm; flat beyond its ends."""
    stairs = staircase(uniform, cost)
    logs = np.log([point.metrics[cost] for point in stairs])
    return float(np.interp(np.log(price), logs, [point.metrics["accuracy"] for point in stairs]))


def _bracket(uniform: Sequence[Point], point: Point, cost: str) -> tuple[int, int] | None:
    costs = _cost_by_timesteps(uniform, cost)
    below = max((t for t, price in costs.items() if price <= point.metrics[cost]), default=None)
    above = min((t for t in costs if below is not None and t > below), default=None)
    return None if below is None or above is None else (below, above)


def _cost_by_timesteps(uniform: Sequence[Point], cost: str) -> dict[int, float]:
    """Mean cost of the uniform points by their timesteps; their schedules differ, and with them their rates."""
    prices: dict[int, list[float]] = {}
    for point in uniform:
        prices.setdefault(point.timesteps[0], []).append(point.metrics[cost])
    return {timesteps: float(np.mean(of_one)) for timesteps, of_one in prices.items()}


def _are_alike(one: Point, other: Point) -> bool:
    return bool(_backbone(one) == _backbone(other))


def _backbone(point: Point) -> Any:
    return point.configuration.backbone if point.configuration else None


def _timesteps_of_blocks(point: Point) -> tuple[int, ...]:
    pairs = zip(point.timesteps, point.stages, strict=True)
    return tuple(timesteps for timesteps, n_blocks in pairs for _ in range(n_blocks))
