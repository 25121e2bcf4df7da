"""Tuning noise: a front is picked by the numbers that it shows, so that its numbers are too good.

The best of n equal configurations looks better than it is by the largest of n draws of the noise, however little the
search found. Trained again, the members of a front fall back by what luck gave them.
"""

import math
from dataclasses import dataclass

import numpy as np

from tsearch.front import Front
from tsearch.replication.interval import Interval
from tsearch.replication.statistics import Array, difference

_N_DRAWS, _SEED = 2000, 20_240_602


@dataclass(frozen=True)
class TuningNoise:
    """By how much accuracies of a front flatter it, in parts of 1.

    Args:
        measured: First training minus mean of the fresh ones, averaged over the `n_members` that were trained again.
        interval: The same with its 95 % interval over members (Student); None where there is one.
        of_best: What is expected of the best accuracy among `n_trials`, given the spread of replicates; None where that
            is unknown.
    """

    measured: float
    interval: Interval | None
    n_members: int
    of_best: float | None
    n_trials: int


def tuning_noise(front: Front, sd: float | None) -> TuningNoise | None:
    """The tuning noise of the accuracies of a front; None where no member was trained again, or it has no accuracy.
    `sd` is the standard deviation of the accuracy of one training."""
    falls = [
        point.metrics["accuracy"] - float(np.mean([metrics["accuracy"] for metrics in point.replicates]))
        for point in front.points
        if point.replicates and "accuracy" in point.metrics
    ]
    if not falls:
        return None
    accuracies = np.array([p.metrics["accuracy"] for p in front.feasible if "accuracy" in p.metrics])
    of_best = None if sd is None else expected_excess(accuracies, sd, np.random.default_rng(_SEED))
    return TuningNoise(float(np.mean(falls)), _interval(falls), len(falls), of_best, len(accuracies))


def expected_excess(observed: Array, sd: float, rng: np.random.Generator, n_draws: int = _N_DRAWS) -> float:
    """By how much the best of `observed` [n], single trainings with noise `sd`, is expected to exceed its true value.

    The true values are taken to be the observed ones, drawn together until their variance is what the noise leaves of
    it; noise is drawn, the best is picked, and its excess is averaged. For n equal configurations that is `sd` times
    the expected maximum of n normal numbers.
    """
    variance = float(observed.var(ddof=1)) if len(observed) > 1 else 0.0
    shrink = math.sqrt(max(0.0, 1 - sd**2 / variance)) if variance > 0 else 0.0
    true = observed.mean() + shrink * (observed - observed.mean())
    noise = sd * rng.standard_normal((n_draws, len(observed)))
    best = np.argmax(true + noise, axis=1)
    return float(noise[np.arange(n_draws), best].mean())


def _interval(values: list[float]) -> Interval | None:
    """The mean of independent numbers with its interval; None where there are fewer than two."""
    return difference([np.array(values)], [1.0]).interval if len(values) > 1 else None
