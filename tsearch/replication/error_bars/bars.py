"""Error bars of a front whose members were trained again.

What is what: the front, its numbers and its hypervolume are those of the single trainings that the search chose by. A
mean is that of the fresh trainings alone, because the first one was picked for being good. Probabilities and the
interval of the hypervolume vary the training and keep the validation samples, which all points share; the interval of
an accuracy adds the error of these samples. Members are compared with each other: what the search left behind was
trained once and is not drawn. A front of which fewer than half of the members were trained again, as after a
confirmation alone, has no such numbers: beside members that were trained once, and picked for it, they would flatter.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tsearch.front import Front
from tsearch.front.point import Point
from tsearch.replication.error_bars.spread import (
    NORMAL,
    Scales,
    Spread,
    sampling_error,
    spread_of,
    trainings,
)
from tsearch.replication.error_bars.tuning_noise import TuningNoise, tuning_noise
from tsearch.replication.interval import Interval
from tsearch.replication.statistics import Array

N_DRAWS = 1000
_SEED = 20_240_601  # a page drawn twice is the same page


@dataclass(frozen=True)
class MemberBars:
    """One member of a front that was trained again.

    Args:
        n_fresh: How many times.
        metrics: Mean and 95 % interval over the fresh trainings by metric.
        on_front: Probability that its true means are dominated by those of no other member; None for one fresh training
            alone, and where the front as a whole has no error bars.
    """

    n_fresh: int
    metrics: Mapping[str, Interval]
    on_front: float | None


@dataclass(frozen=True)
class ErrorBars:
    """The members of a front that were trained again, by number of trial, and the front as a whole.

    Args:
        are_of_front: Whether at least half of the members were trained again; otherwise nothing is said of the whole.
        hypervolume: That of the true means, None without a box.
        sd: Standard deviation of the accuracy of one training; None where no member was trained again twice.
        tuning: By how much the front's own numbers flatter it; None where that cannot be told.
    """

    members: Mapping[int, MemberBars]
    are_of_front: bool = False
    hypervolume: Interval | None = None
    sd: float | None = None
    tuning: TuningNoise | None = None


def error_bars(front: Front, n_draws: int = N_DRAWS) -> ErrorBars | None:
    """The error bars of a front; None where no member was trained again."""
    points = front.points
    again = [point for point in points if point.replicates]
    if not again:
        return None
    scales = Scales.of(front)
    spread = spread_of(points, scales)
    members = {p.number: MemberBars(len(p.replicates), _intervals(p, scales, spread), None) for p in again}
    if 2 * len(again) < len(points):
        return ErrorBars(members)
    measured = [trainings(point, scales) for point in points]
    probabilities, volumes = _drawn(front, measured, scales, spread, n_draws)
    for point, probability in zip(points, probabilities, strict=True):
        if len(point.replicates) > 1:
            members[point.number] = replace(members[point.number], on_front=probability)
    has_accuracy = "accuracy" in scales.names and math.isfinite(spread.dof)
    sd = float(spread.sd[scales.names.index("accuracy")]) if has_accuracy else None
    volume = _volume(front, measured, scales, volumes)
    return ErrorBars(members, True, volume, sd, tuning_noise(front, sd))


def probabilities_on_front(front: Front, n_draws: int = N_DRAWS) -> dict[int, float]:
    """The probability of every member to be on the front, by number of trial: of single trainings where there are no
    fresh ones."""
    scales = Scales.of(front)
    measured = [trainings(point, scales) for point in front.points]
    spread = spread_of(front.points, scales)
    drawn, _ = _drawn(front, measured, scales, spread, n_draws)
    return {point.number: float(part) for point, part in zip(front.points, drawn, strict=True)}


def _drawn(
    front: Front, measured: Sequence[Array], scales: Scales, spread: Spread, n_draws: int
) -> tuple[list[float], list[float]]:
    """How often every member is on a front of drawn true means, and the hypervolumes of these fronts."""
    means = np.array([rows.mean(axis=0) for rows in measured])
    rng = np.random.default_rng(_SEED)
    drawn = means + spread.draws(rng, n_draws, [len(rows) for rows in measured])
    counts, volumes = dict.fromkeys((point.number for point in front.points), 0), []
    for rows in drawn:
        one = _with_metrics(front, scales, rows)
        for point in one.points:
            counts[point.number] += 1
        if one.hypervolume is not None:
            volumes.append(one.hypervolume)
    return [count / n_draws for count in counts.values()], volumes


def _with_metrics(front: Front, scales: Scales, rows: Array) -> Front:
    """The members of a front with other numbers, `rows` [K, M]."""
    pairs = zip(front.points, rows.tolist(), strict=True)
    points = tuple(
        Point(point.number, point.key, {**point.metrics, **scales.metrics(row)}) for point, row in pairs
    )
    return replace(front, complete=points)


def _volume(
    front: Front, measured: Sequence[Array], scales: Scales, volumes: Sequence[float]
) -> Interval | None:
    means = np.array([rows.mean(axis=0) for rows in measured])
    of_means = _with_metrics(front, scales, means).hypervolume
    if of_means is None:
        return None
    low, high = np.quantile(volumes, [0.025, 0.975])
    return Interval(value=of_means, low=float(low), high=float(high))


def _intervals(point: Point, scales: Scales, spread: Spread) -> dict[str, Interval]:
    """Mean and interval of every metric: Student's t over replicates; for an accuracy, with the sampling error."""
    mean = trainings(point, scales).mean(axis=0)
    reach = spread.t * spread.sd / math.sqrt(len(point.replicates))
    if math.isinf(spread.dof):  # the sampling error alone, which is added below
        reach = np.zeros_like(reach)
    if "accuracy" in scales.names:
        column = scales.names.index("accuracy")
        error = sampling_error(float(mean[column]), point.n_independent)
        reach[column] = math.hypot(reach[column], NORMAL * error) if math.isfinite(error) else reach[column]
    values, lows, highs = (scales.metrics(row.tolist()) for row in (mean, mean - reach, mean + reach))
    return {name: Interval(value=values[name], low=lows[name], high=highs[name]) for name in scales.names}
