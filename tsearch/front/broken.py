"""Which constraints a point breaks, in words."""

import math
from collections.abc import Mapping

from tsearch.front.constraints import Constraints, constraints_text, violation
from tsearch.units import FRACTION, format_value, quantity, title


def broken_text(metrics: Mapping[str, float], constraints: Constraints) -> str:
    """'energy 3.20 µJ (at most 1.00 pJ)' for every constraint that `metrics` break; '' where all are kept."""
    return " and ".join(
        f"{title(metric)} {format_value(metrics.get(metric, math.nan), metric)} ({_bounds(metric, constraints)})"
        for metric, bounds in constraints.items()
        if violation(metrics, {metric: bounds}) > 0
    )


def miss_text(by: float) -> str:
    """A violation as people say it: 0.23 -> 'misses by 23 %', 3200 -> 'misses by a factor of 3.2e+03'."""
    if not math.isfinite(by):
        return "misses: unknown"
    return f"misses by {100 * by:.2g} %" if by < 1 else f"misses by a factor of {1 + by:.3g}"


def missed_text(metrics: Mapping[str, float], constraints: Constraints) -> str:
    """How far `metrics` are from the constraint that they break most: 'misses by 23 %' of the bound; in points for
    what is shown in %: '1.0 points below'; for a bound of 0, of which nothing is a part, the value: 'energy 993 nJ'."""
    metric = max(constraints, key=lambda name: violation(metrics, {name: constraints[name]}))
    value, (low, high) = metrics.get(metric, math.nan), constraints[metric]
    if not math.isfinite(value):
        return miss_text(math.inf)
    is_below = low is not None and value < low
    bound = low if is_below else high
    if bound is not None and quantity(metric) is FRACTION:
        points = 100 * abs(value - bound)
        return f"{points:{'.1f' if points >= 0.1 else '.1g'}} points {'below' if is_below else 'above'}"
    if bound == 0:
        return f"{title(metric)} {format_value(value, metric)}"
    return miss_text(violation(metrics, {metric: (low, high)}))


def _bounds(metric: str, constraints: Constraints) -> str:
    return constraints_text({metric: constraints[metric]}).removeprefix(f"{title(metric)} ")
