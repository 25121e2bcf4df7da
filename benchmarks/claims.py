"""How a benchmark ends: the claim it supports, with an interval, and PASS, FAIL or UNDECIDED."""

import numpy as np


def median_interval(samples: list[float], level: float = 0.95) -> tuple[float, float, float]:
    """Median of `samples` with a bootstrap interval (10,000 resamples, fixed seed)."""
    drawn = np.random.default_rng(0).choice(samples, (10_000, len(samples)))
    medians = np.median(drawn, axis=1)
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(np.median(samples)), float(low), float(high)


def spread(samples: list[float]) -> str:
    """'median [quartile, quartile]' for a table."""
    low, middle, high = np.quantile(samples, [0.25, 0.5, 0.75])
    return f"{middle:.3g} [{low:.3g}, {high:.3g}]"


def at_least(claim: str, samples: list[float], target: float) -> str:
    """The last line: whether the median of `samples` is at least `target`."""
    middle, low, high = median_interval(samples)
    verdict = "PASS" if low >= target else "FAIL" if high < target else "UNDECIDED"
    return f"{verdict}: {claim} (median {middle:.3g}, 95 % interval {low:.3g} to {high:.3g}, target >= {target:g})"
