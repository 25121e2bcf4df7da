"""The best point in one metric under constraints."""

import math
from collections.abc import Sequence

from tsearch.errors import TsearchError
from tsearch.front.constraints import Constraints, both, constraints_text, violation
from tsearch.front.dominance import loss
from tsearch.front.metrics import is_better_high
from tsearch.front.point import Point
from tsearch.space.goals import Objective
from tsearch.units import format_value, title
from tsearch.units import violation as violation_of_one


def best_point(
    points: Sequence[Point],
    metric: str,
    constraints: Constraints,
    *,
    of_run: Constraints,
    objectives: Sequence[Objective],
    where: str,
) -> Point:
    """The best of `points` in `metric` that keeps all `constraints` and all those `of_run`.

    Ties go to the better point in the objectives, then to the earlier trial. A metric that is no objective counts as
    a cost, except an accuracy. `where` starts the message of an error.

    Raises: TsearchError when no point keeps the constraints, with the nearest miss.
    """
    if not points:
        raise TsearchError(f"{where}: no trial is complete yet, so there is nothing to choose from.")
    every = both(constraints, of_run)
    usable = [point for point in points if math.isfinite(point.metrics.get(metric, math.nan))]
    if not usable:
        raise TsearchError(f"{where}: {title(metric)} is a finite number in no complete trial.")
    allowed = [point for point in usable if violation(point.metrics, every) == 0]
    if not allowed:
        raise TsearchError(f"{where}: {_nearest_miss(usable, every, of_run)}")
    names = dict.fromkeys((metric, *(objective.name for objective in objectives)))
    order = {name: is_better_high(name, objectives) for name in names}
    return min(allowed, key=lambda p: (*(loss(p, name, up) for name, up in order.items()), p.number))


def _nearest_miss(points: Sequence[Point], constraints: Constraints, of_run: Constraints) -> str:
    nearest = min(points, key=lambda point: (violation(point.metrics, constraints), point.number))
    values = [f"{title(m)} {_value_text(nearest, m, constraints)}" for m in constraints]
    advice = "loosen the constraint" if len(constraints) == 1 else "loosen a constraint"
    if constraints == both(of_run, {}):
        advice = "search on, or start a run with looser constraints"
    return (
        f"no complete trial has {constraints_text(constraints, of_run)}. "
        f"The nearest is trial {nearest.number} with {', '.join(values)}: {advice}."
    )


def _value_text(point: Point, metric: str, constraints: Constraints) -> str:
    """The value of a constrained metric; among several constraints those that it breaks are marked."""
    value, (low, high) = point.metrics.get(metric, math.nan), constraints[metric]
    text = format_value(value, metric)
    if len(constraints) == 1 or violation_of_one(value, low, high) == 0:
        return text
    miss = "too low" if low is not None and value < low else "too high"
    return f"{text} ({'not measured' if math.isnan(value) else miss})"
