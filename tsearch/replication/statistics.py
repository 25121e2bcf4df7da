"""Differences of means with their error: t on replicates, bootstrap over groups of samples, Holm over hypotheses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit  # Student's t: its distribution function and the inverse

from tsearch.replication.interval import Interval

Array = NDArray[np.float64]
LEVEL = 0.05  # of false claims in the family of a run
_POWER = 0.8


@dataclass(frozen=True)
class Variance:
    """The variance of an estimate, and the degrees of freedom behind it."""

    value: float
    freedom: float

    def __add__(self, other: "Variance") -> "Variance":
        """That of a sum of two independent estimates (Welch 1947, Satterthwaite 1946)."""
        total = self.value + other.value
        share = self.value**2 / self.freedom + other.value**2 / other.freedom
        return Variance(total, total**2 / share if share > 0 else self.freedom + other.freedom)


@dataclass(frozen=True)
class Estimate:
    """A number that is t-distributed around the true one."""

    value: float
    variance: Variance

    @property
    def interval(self) -> Interval:
        """The interval of 95 %, not adjusted for other estimates."""
        reach = stdtrit(self.variance.freedom, 1 - LEVEL / 2) * np.sqrt(self.variance.value)
        return Interval(value=self.value, low=float(self.value - reach), high=float(self.value + reach))

    def p_above(self, limit: float) -> float:
        """The one-sided p-value of the hypothesis that the true number is at most `limit`; without any variance the
        number is known, and p is 0 or 1."""
        error = np.sqrt(self.variance.value)
        if error == 0:
            return float(self.value <= limit)
        return float(stdtr(self.variance.freedom, (limit - self.value) / error))

    @property
    def resolvable(self) -> float:
        """The true difference from a limit that the interval excludes with a probability of 80 %."""
        quantiles = stdtrit(self.variance.freedom, np.array([1 - LEVEL / 2, _POWER]))
        return float(quantiles.sum() * np.sqrt(self.variance.value))


def difference(samples: Sequence[Array], weights: Sequence[float]) -> Estimate:
    """The sum of `weights` times the means of independent `samples` ([R] each, R at least 2): Welch's t, for weights 1
    and -1. Raises: ValueError for a single sample value, of which no variance is known."""
    if min(len(sample) for sample in samples) < 2:
        raise ValueError("one value has no variance; at least 2 replicates are needed")
    parts = [
        Variance(float(weight**2 * np.var(sample, ddof=1) / len(sample)), len(sample) - 1)
        for sample, weight in zip(samples, weights, strict=True)
    ]
    value = sum(weight * float(np.mean(sample)) for sample, weight in zip(samples, weights, strict=True))
    return Estimate(value, sum(parts[1:], parts[0]))


def variance_over_groups(values: Array, groups: NDArray[np.int64]) -> Variance:
    """The variance of the mean of `values` [N] by a bootstrap over `groups` [N]: all samples of a group are drawn
    together, because they are not independent.

    It is never taken for less than if one group differed from all others by 1: a test set on which networks agree does
    not show that they always do. Raises: ValueError for a single group.
    """
    _, group_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group_of).astype(float)
    n = len(sizes)
    if n < 2:
        raise ValueError("one group of samples has no variance; at least 2 are needed")
    sums = np.bincount(group_of, weights=values - values.mean())
    draws = _draws(n)
    means = (draws @ sums.astype(np.float32)) / (draws @ sizes.astype(np.float32))
    resampled = float(np.mean(means.astype(float) ** 2)) * n / (n - 1)  # about 0, the mean of all samples
    return Variance(max(resampled, n**-2.0), n - 1)


@lru_cache(maxsize=2)
def _draws(n: int) -> NDArray[np.float32]:
    """How often each of `n` groups is drawn, one row per resample; the same ones every time. Fewer resamples of very
    many groups, so that they take no more than 80 MB."""
    n_resamples = min(2000, 20_000_000 // n)
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=n_resamples)
    return draws.astype(np.float32)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number (Holm, Scand. J. Statist. 6:65, 1979): rejecting what is at most `LEVEL`
    errs in no more than that share of families."""
    p, n = np.asarray(p_values, dtype=float), len(p_values)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(n, 0, -1)), 1.0)
    return [float(value) for value in adjusted]
