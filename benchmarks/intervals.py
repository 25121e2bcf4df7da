"""Means over replicates, with their 95 % intervals and as cells of a table."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t


class Interval(NamedTuple):
    """A mean with its 95 % interval."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.3g}, 95 % interval {self.low:.3g} to {self.high:.3g}"


def t_interval(values: Sequence[float]) -> Interval:
    """Of a mean over replicates, by Student's t; without bounds for a single one."""
    n, middle = len(values), float(np.mean(values))
    reach = float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / n**0.5) if n > 1 else float("inf")
    return Interval(middle - reach, middle, middle + reach)


def verdict(claim: str, interval: Interval, *, least: float = -np.inf, most: float = np.inf) -> str:
    """The line of a claim that the interval lies within `least` and `most`."""
    inside = least <= interval.low and interval.high <= most
    outside = interval.high < least or interval.low > most
    word = "PASS" if inside else "FAIL" if outside else "UNDECIDED"
    return f"{word}: {claim} ({interval})"


def mean_text(values: Sequence[float], digits: int = 1) -> str:
    """'91.0 +- 1.1', mean and standard deviation, with so many `digits` behind the point."""
    deviation = np.std(values, ddof=1) if len(values) > 1 else np.nan
    return f"{np.mean(values):.{digits}f} +- {deviation:.{digits}f}"
