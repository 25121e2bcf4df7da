"""The best point in one metric under constraints."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tsearch.errors import TsearchError, did_you_mean
from tsearch.front.constraints import Constraints, constraints_text, violation
from tsearch.front.dominance import loss
from tsearch.front.point import Point
from tsearch.units import format_value, title

if TYPE_CHECKING:
    from tsearch.space.goals import Objective


def best_point(
    points: Sequence[Point],
    metric: str,
    constraints: Constraints,
    *,
    objectives: "Sequence[Objective]",
    where: str,
) -> Point:
    """The best of `points` in `metric` that keeps all constraints.

    Ties go to the better point in the objectives, then to the earlier trial. A metric that is no objective counts as
    a cost, except an accuracy. `where` starts the message of an error.

    Raises: TsearchError for an unknown metric; and when no point keeps the constraints, with the nearest miss.
    """
    if not points:
        raise TsearchError(f"{where}: no trial is complete yet, so there is nothing to choose from.")
    for name in (metric, *constraints):
        require_metric(points, name, where)
    usable = [point for point in points if math.isfinite(point.metrics.get(metric, math.nan))]
    allowed = [point for point in usable if violation(point.metrics, constraints) == 0]
    if not allowed:
        raise TsearchError(f"{where}: {_nearest_miss(usable or points, constraints)}")
    is_maximized = {o.name: o.is_maximized for o in objectives}
    order = {metric: is_maximized.get(metric, metric.endswith("accuracy"))} | is_maximized
    return min(allowed, key=lambda p: (*(loss(p, name, up) for name, up in order.items()), p.number))


def require_metric(points: Sequence[Point], metric: str, where: str) -> None:
    """Raise TsearchError, naming the known ones, if none of `points` has `metric`."""
    known = sorted({name for point in points for name in point.metrics})
    if metric not in known:
        hint = did_you_mean(metric, known)
        raise TsearchError(f"{where}: unknown metric '{metric}'.{hint} Known metrics: {', '.join(known)}.")


def _nearest_miss(points: Sequence[Point], constraints: Constraints) -> str:
    nearest = min(points, key=lambda point: (violation(point.metrics, constraints), point.number))
    values = [f"{title(m)} {format_value(nearest.metrics.get(m, math.nan), m)}" for m in constraints]
    return (
        f"no complete trial has {constraints_text(constraints)}. "
        f"The nearest is trial {nearest.number} with {', '.join(values)}: loosen the constraint."
    )
