"""How much energy do non-uniform timesteps save at the accuracy of uniform ones? The answer as a sentence."""

import math
from dataclasses import dataclass

from tsearch.front.front import Front
from tsearch.front.point import Point
from tsearch.front.staircase import cost_metric, staircase
from tsearch.units import format_value, title

_MOST = 1e6  # times as dear; what costs still more is told as this


@dataclass(frozen=True)
class Pair:
    """A uniform point and the cheapest non-uniform one that is at least as accurate."""

    uniform: Point
    other: Point
    cost: str

    @property
    def saving(self) -> float:
        """Part of the uniform point's cost that is saved; below 0 when the other one costs more."""
        return 1 - self.other.metrics[self.cost] / self.uniform.metrics[self.cost]

    @property
    def percent(self) -> int:
        """The same as people read it; 0 where less than half a percent is saved or lost."""
        return round(100 * max(self.saving, -_MOST))


@dataclass(frozen=True)
class Saving:
    """What is saved, as numbers and as a sentence.

    `best` is the pair that saves most, None where no percent is saved; `at_most_accurate` the pair of the most accurate
    uniform point. Where no networks were searched, all are None and the sentence is empty.
    """

    cost: str | None
    best: Pair | None
    at_most_accurate: Pair | None
    sentence: str


def uniform_saving(front: Front) -> Saving:
    """What non-uniform timesteps save against the uniform configurations of the same run.

    Of the uniform points, those count that no other one beats in accuracy and cost (the first cost that is an
    energy, else the first one). For each of them the cheapest non-uniform configuration with at least its accuracy
    is found; the largest saving is reported, with the standard error of an accuracy, sqrt(p (1 - p) / n), beside the
    difference. Points that break the run's constraints are left out.
    """
    cost = cost_metric(front)
    reason = _reason_for_none(front, cost)
    if cost is None or reason is not None:
        return Saving(cost, None, None, reason or "")
    usable = [point for point in front.feasible if _is_usable(point, cost)]
    stairs = staircase([point for point in usable if point.is_uniform], cost)
    others = [point for point in usable if not point.is_uniform]
    if not stairs or not others:
        return Saving(cost, None, None, _one_kind_only(front, "non-uniform" if stairs else "uniform"))
    pairs = [pair for point in stairs if (pair := _cheapest_match(point, others, cost))]
    at_top = next((pair for pair in pairs if pair.uniform is stairs[-1]), None)
    best = max(pairs, key=lambda pair: pair.saving, default=None)
    if best is None or best.percent <= 0:
        return Saving(cost, None, at_top, _nothing_saved(cost, best, stairs[0]))
    return Saving(cost, best, at_top, _saved(best, at_top, stairs[-1]))


def _reason_for_none(front: Front, cost: str | None) -> str | None:
    """Why nothing can be said about a saving: '' where no networks were searched; None where something can."""
    if front.complete and not front.are_networks:
        return ""
    if cost is None:
        return "This run has no cost among its objectives, so there is no saving to report."
    if front.complete and not any("accuracy" in point.metrics for point in front.complete):
        return "This run measures no accuracy, so no saving at equal accuracy can be told."
    if front.complete and not front.feasible:
        return "No complete trial keeps the run's constraints, so there is no saving to report."
    return None


def _one_kind_only(front: Front, missing: str) -> str:
    which = " that keeps the run's constraints" if front.infeasible else ""
    return f"No {missing} configuration{which} is complete, so timesteps of the two kinds cannot be compared."


def _is_usable(point: Point, cost: str) -> bool:
    return (
        math.isfinite(point.metrics.get("accuracy", math.nan))
        and 0 < point.metrics.get(cost, math.nan) < math.inf
    )


def _cheapest_match(uniform: Point, others: list[Point], cost: str) -> Pair | None:
    matches = [point for point in others if point.metrics["accuracy"] >= uniform.metrics["accuracy"]]
    if not matches:
        return None
    return Pair(
        uniform, min(matches, key=lambda p: (p.metrics[cost], -p.metrics["accuracy"], p.number)), cost
    )


def _saved(best: Pair, at_top: Pair | None, top: Point) -> str:
    text = (
        f"Non-uniform timesteps save {best.percent} % {title(best.cost)} at equal accuracy: "
        f"{_reaches(best.other, best.cost)}, uniform {_reaches(best.uniform, best.cost)}; {_caution(best)}"
    )
    if best.uniform is top:
        return f"{text}."
    at_best = f"the best uniform accuracy ({top.label}, {_percent(top)})"
    if at_top is None:
        return f"{text}; no non-uniform one reaches {at_best}."
    return f"{text}; at {at_best}, non-uniform ones {_verb(at_top.percent)}."


def _nothing_saved(cost: str, best: Pair | None, cheapest: Point) -> str:
    start = f"Non-uniform timesteps save no {title(cost)} at equal accuracy: "
    if best is None:
        goal = f"{_percent(cheapest)} of the cheapest uniform configuration ({cheapest.label})"
        return f"{start}none reaches even the {goal}."
    more = f"{-best.percent} % more than" if best.percent else "as much as"
    more = "exactly as much as" if best.saving == 0 else more
    return (
        f"{start}at best {_reaches(best.other, cost)}, {more} "
        f"uniform {best.uniform.label} with {_percent(best.uniform)}; {_caution(best)}."
    )


def _caution(pair: Pair) -> str:
    accuracy, n = pair.uniform.metrics["accuracy"], pair.uniform.n_validation
    if not n:
        return "the number of validation samples is unknown, so is the error of these accuracies"
    gap = pair.other.metrics["accuracy"] - accuracy
    error = math.sqrt(max(accuracy * (1 - accuracy), 0.0) / n)
    verdict = "more than" if gap > error else "within"
    error_text = f"one standard error ({100 * error:.1f} points on {n} validation samples)"
    return f"the accuracies differ by {100 * gap:.1f} points, {verdict} {error_text}"


def _verb(percent: int) -> str:
    if percent == 0:
        return "save nothing"
    return f"save {percent} %" if percent > 0 else f"cost {-percent} % more"


def _reaches(point: Point, cost: str) -> str:
    who, price = f"{point.label} (trial {point.number})", format_value(point.metrics[cost], cost)
    return f"{who} reaches {_percent(point)} with {price}"


def _percent(point: Point) -> str:
    return format_value(point.metrics["accuracy"], "accuracy")
