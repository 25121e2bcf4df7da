"""From validation to test: how much less the members of a front reach on samples that chose nothing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tsearch.front import Front
from tsearch.replication.error_bars.spread import NORMAL, sampling_error
from tsearch.replication.interval import Interval


@dataclass(frozen=True)
class Gap:
    """Accuracy on validation minus accuracy on test, of the same trainings, averaged over `n_members` of a front.

    The interval of 95 % is that of the samples: all members share them, so that more members do not narrow it. It is
    None where a number of samples is unknown.
    """

    mean: float
    interval: Interval | None
    n_members: int


def gap_to_test(front: Front, on_test: Mapping[int, Mapping[str, float]]) -> Gap | None:
    """The gap of a front whose members reached `accuracy` over `n_samples` on test, by number of trial; None where no
    member was tested."""
    tested = [p for p in front.points if p.number in on_test and "accuracy" in p.metrics]
    if not tested:
        return None
    mean = float(np.mean([p.metrics["accuracy"] - on_test[p.number]["accuracy"] for p in tested]))
    on_average = float(np.mean([on_test[point.number]["accuracy"] for point in tested]))
    n_test = min(int(on_test[point.number]["n_samples"]) for point in tested)
    fewest = min(tested, key=lambda point: point.n_independent or 0)
    return Gap(mean, interval_of(mean, on_average, fewest.n_validation, fewest.n_groups, n_test), len(tested))


def interval_of(
    gap: float, accuracy: float, n_validation: int | None, n_groups: int | None, n_test: int
) -> Interval | None:
    """The interval of a gap by the samples of both splits, at an accuracy; None where their number is unknown.

    Recordings of one scan count once: there are `n_groups` scans on validation, and as many recordings of each on test.
    """
    n_independent = n_groups or n_validation
    if not n_validation or not n_independent:
        return None
    n_test_groups = max(1, round(n_test * n_independent / n_validation))
    reach = NORMAL * math.hypot(*(sampling_error(accuracy, n) for n in (n_independent, n_test_groups)))
    return Interval(value=gap, low=gap - reach, high=gap + reach) if math.isfinite(reach) else None
