"""Constraints: what metrics must keep to, as {metric: (minimum, maximum)}; None leaves a side open."""

import math
from collections.abc import Mapping

from tsearch.units import format_value, title
from tsearch.units import violation as violation_of_one

Bounds = tuple[float | None, float | None]
Constraints = Mapping[str, Bounds]
OPEN: Bounds = (None, None)


def violation(metrics: Mapping[str, float], constraints: Constraints) -> float:
    """By how much `metrics` break the constraints, relative to the bound broken most; 0 where all hold, infinite
    for a metric that is missing or NaN."""
    violations = (
        violation_of_one(metrics.get(metric, math.nan), *bounds) for metric, bounds in constraints.items()
    )
    return max(violations, default=0.0)


def both(one: Constraints, other: Constraints) -> dict[str, Bounds]:
    """The constraints that hold where those of `one` and of `other` do: of two bounds the stricter."""
    stricter = {}
    for metric in dict.fromkeys((*one, *other)):
        lows, highs = zip(one.get(metric, OPEN), other.get(metric, OPEN), strict=True)
        low = max((bound for bound in lows if bound is not None), default=None)
        high = min((bound for bound in highs if bound is not None), default=None)
        stricter[metric] = low, high
    return {metric: bounds for metric, bounds in stricter.items() if bounds != OPEN}


def constraints_text(constraints: Constraints, of_run: Constraints | None = None) -> str:
    """'accuracy at least 85.0 % and energy at most 50.0 pJ'; the bounds that are those `of_run` say so."""
    return " and ".join(
        f"{title(metric)} {' and '.join(_bound_texts(metric, bounds, (of_run or {}).get(metric, OPEN)))}"
        for metric, bounds in constraints.items()
    )


def _bound_texts(metric: str, bounds: Bounds, of_run: Bounds) -> list[str]:
    return [
        f"{word} {format_value(bound, metric)}{' (set by the run)' if bound == its else ''}"
        for word, bound, its in zip(("at least", "at most"), bounds, of_run, strict=True)
        if bound is not None
    ]
