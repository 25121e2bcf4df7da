"""Which constraints a point breaks, in words."""

import math
from collections.abc import Mapping, Sequence

from tsearch.front.constraints import Constraints, constraints_text, violation
from tsearch.front.point import Point
from tsearch.units import FRACTION, format_value, quantity, title


def broken_text(metrics: Mapping[str, float], constraints: Constraints) -> str:
    """'energy 3.20 µJ (at most 1.00 pJ)' for every constraint that `metrics` break; '' where all are kept."""
    return " and ".join(
        f"{title(metric)} {format_value(metrics.get(metric, math.nan), metric)} ({_bounds(metric, constraints)})"
        for metric, bounds in constraints.items()
        if violation(metrics, {metric: bounds}) > 0
    )


def nearest_misses(points: Sequence[Point], constraints: Constraints, n: int = 5) -> list[Point]:
    """The `n` points that break the constraints least, nearest first."""
    return sorted(points, key=lambda point: (violation(point.metrics, constraints), point.number))[:n]


def missed_text(metrics: Mapping[str, float], constraints: Constraints) -> str:
    """How far `metrics` are from the constraint that they break most: 'misses by 23 %' of the bound; in points for
    what is shown in %: '1.0 points below'; for a bound of 0, of which nothing is a part, the value: 'energy 993 nJ'."""
    metric = max(constraints, key=lambda name: violation(metrics, {name: constraints[name]}))
    value, (low, high) = metrics.get(metric, math.nan), constraints[metric]
    if not math.isfinite(value):
        return "misses: unknown"
    is_below = low is not None and value < low
    bound = low if is_below else high
    if bound is not None and quantity(metric) is FRACTION:
        points = 100 * abs(value - bound)
        return f"{points:{'.1f' if points >= 0.1 else '.1g'}} points {'below' if is_below else 'above'}"
    if bound == 0:
        return f"{title(metric)} {format_value(value, metric)}"
    by = violation(metrics, {metric: (low, high)})
    return f"misses by {100 * by:.2g} %" if by < 1 else f"misses by a factor of {1 + by:.3g}"


def _bounds(metric: str, constraints: Constraints) -> str:
    return constraints_text({metric: constraints[metric]}).removeprefix(f"{title(metric)} ")
