"""Which constraints a point breaks, in words."""

import math
from collections.abc import Mapping, Sequence

from tsearch.front.constraints import Constraints, constraints_text, violation
from tsearch.front.point import Point
from tsearch.units import format_value, title


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


def miss_text(by: float) -> str:
    """A violation as people say it: 0.23 -> 'misses by 23 %', 3200 -> 'misses by a factor of 3.2e+03'."""
    if not math.isfinite(by):
        return "misses: unknown"
    return f"misses by {100 * by:.2g} %" if by < 1 else f"misses by a factor of {1 + by:.3g}"


def _bounds(metric: str, constraints: Constraints) -> str:
    return constraints_text({metric: constraints[metric]}).removeprefix(f"{title(metric)} ")
