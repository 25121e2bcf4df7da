"""Constraints: what metrics must keep to, as {metric: (minimum, maximum)}; None leaves a side open."""

import math
from collections.abc import Mapping

from tsearch.units import format_value, title
from tsearch.units import violation as violation_of_one

Constraints = Mapping[str, tuple[float | None, float | None]]


def violation(metrics: Mapping[str, float], constraints: Constraints) -> float:
    """By how much `metrics` break the constraints, relative to the bound broken most; 0 where all hold, infinite
    for a metric that is missing or NaN."""
    violations = (
        violation_of_one(metrics.get(metric, math.nan), *bounds) for metric, bounds in constraints.items()
    )
    return max(violations, default=0.0)


def constraints_text(constraints: Constraints) -> str:
    """'accuracy at least 85.0 % and energy at most 50.0 pJ'."""
    return " and ".join(_text(metric, *bounds) for metric, bounds in constraints.items())


def _text(metric: str, low: float | None, high: float | None) -> str:
    sides = (("at least", low), ("at most", high))
    bounds = [f"{word} {format_value(bound, metric)}" for word, bound in sides if bound is not None]
    return f"{title(metric)} {' and '.join(bounds)}"
