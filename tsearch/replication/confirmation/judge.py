"""Whether a candidate saves cost: fresh replicates of it and of its two uniform twins, on test samples.

It saves where both hold. (i) Its accuracy is above that of uniform networks at its own cost, on a line
through the twins over the logarithm of the cost. (ii) Against the named twin, the dearer one, its accuracy is above
minus the margin, and it costs less. The p-value is the largest of the three. Two variances are added: that of
replicates, in accuracy and cost, and that of test samples, which all networks share.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsearch.replication.confirmation.candidates import MARGIN
from tsearch.replication.interval import Interval
from tsearch.replication.statistics import Array, Estimate, difference, variance_over_groups


@dataclass(frozen=True)
class Replicated:
    """One configuration with fresh replicates: the cost of each, [R], and which test samples it answers right, bool
    [R, N]."""

    costs: Array
    right: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.right.shape[:1] != self.costs.shape:
            raise ValueError(f"{len(self.right)} rows of answers for {len(self.costs)} costs")
        if not (np.isfinite(self.costs) & (self.costs > 0)).all():
            raise ValueError("a cost is not above 0, so it has no logarithm")


@dataclass(frozen=True)
class Pair:
    """A candidate and its pair of twins, on the same N test samples; `groups` [N] says which are not independent."""

    candidate: Replicated
    below: Replicated
    above: Replicated
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class Judgement:
    """What a pair shows, see `Verdict`, before Holm."""

    saving: Interval
    gap: Interval
    above_curve: Interval
    p: float
    resolvable: float
    margin: float
    n_replicates: int
    n_samples: int
    n_groups: int


def judge(pair: Pair, margin: float = MARGIN) -> Judgement:
    """What is known of a candidate. Raises: ValueError for fewer than 2 replicates or 2 groups."""
    cheaper = _cheaper(pair)
    gap = _contrast(pair, weights=(1.0, 0.0, -1.0), slope=0.0)
    above_curve = _contrast(pair, *_line(pair))
    return Judgement(
        saving=_saving(cheaper.interval),
        gap=gap.interval,
        above_curve=above_curve.interval,
        p=max(above_curve.p_above(0), gap.p_above(-margin), cheaper.p_above(0)),
        resolvable=above_curve.resolvable,
        margin=margin,
        n_replicates=min(len(network.costs) for network in (pair.candidate, pair.below, pair.above)),
        n_samples=len(pair.groups),
        n_groups=len(np.unique(pair.groups)),
    )


def _cheaper(pair: Pair) -> Estimate:
    """Logarithm of the named twin's cost over the candidate's; above 0 where the candidate is cheaper."""
    return difference([np.log(pair.above.costs), np.log(pair.candidate.costs)], [1.0, -1.0])


def _saving(log_ratio: Interval) -> Interval:
    value, low, high = (-math.expm1(-x) for x in (log_ratio.value, log_ratio.low, log_ratio.high))
    return Interval(value=value, low=low, high=high)


def _line(pair: Pair) -> tuple[tuple[float, float, float], float]:
    """The weights of the accuracies of candidate and twins in the distance from the line through the twins, and the
    slope of that line, over the logarithm of the cost.

    Below the cheaper twin the line is flat: no less is asked of what costs less. Where the twins do not differ in cost
    either, the dearer one is the curve.
    """
    cost, low, high = (float(np.log(one.costs).mean()) for one in (pair.candidate, pair.below, pair.above))
    if high <= low:
        return (1.0, 0.0, -1.0), 0.0
    if cost <= low:
        return (1.0, -1.0, 0.0), 0.0
    place = (cost - low) / (high - low)
    slope = (pair.above.right.mean() - pair.below.right.mean()) / (high - low)
    return (1.0, place - 1.0, -place), float(slope)


def _contrast(pair: Pair, weights: tuple[float, float, float], slope: float) -> Estimate:
    """A sum of accuracies of candidate and twins. Where the weights follow from the costs, as on a line of this
    `slope`, they vary with the replicates: by the delta method, a replicate counts with its distance from the line."""
    networks = (pair.candidate, pair.below, pair.above)
    distances = [one.right.mean(axis=1) - slope * np.log(one.costs) for one in networks]
    replicates = difference(distances, weights)
    per_sample = sum(w * one.right.mean(axis=0) for w, one in zip(weights, networks, strict=True))
    samples = variance_over_groups(np.asarray(per_sample), pair.groups)
    return Estimate(float(np.mean(per_sample)), replicates.variance + samples)
