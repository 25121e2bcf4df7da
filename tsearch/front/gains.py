"""Objectives on one scale: a gain is 0 at the reference (the worst value that counts) and 1 at the ideal.

Both ends are fixed when a run is created, so gains of one run, and hypervolumes over them, can be compared
over time. A gain is linear for what is maximised and logarithmic for a cost, so that halving a cost is worth the
same anywhere.
"""

import math
from collections.abc import Mapping, Sequence

import moocore
import numpy as np
from numpy.typing import NDArray

from tsearch.front.point import Point
from tsearch.space.goals import Objective

Array = NDArray[np.float64]
_FAR = 1e6  # box widths; what lies further off counts as lying there, so that a gain is never infinite


def gain(value: float, reference: float, ideal: float, direction: str) -> float:
    """0 at the reference, 1 at the ideal: by logarithm for a cost, linear otherwise.

    Where reference and ideal are equal, a value at least as good has gain 1, any other 0. A value that is not
    finite has gain 0.
    """
    if not math.isfinite(value):
        return 0.0
    if reference == ideal:
        return float(value >= ideal if direction == "maximize" else value <= ideal)
    if direction == "minimize" and min(reference, ideal) > 0:
        if value <= 0:
            return 1.0
        value, reference, ideal = math.log(value), math.log(reference), math.log(ideal)
    return _share(value, reference, ideal)


def gains_of(
    points: Sequence[Point],
    objectives: Sequence[Objective],
    reference: Mapping[str, float],
    ideal: Mapping[str, float],
    *,
    clip: bool = True,
) -> Array:
    """One row per point and one column per objective; `clip` keeps gains in [0, 1]."""
    columns = [
        [gain(p.metrics.get(o.name, math.nan), reference[o.name], ideal[o.name], o.direction) for p in points]
        for o in objectives
    ]
    gains = np.array(columns, dtype=float).T.reshape(len(points), len(objectives))
    return np.clip(gains, 0.0, 1.0) if clip else gains


def hypervolume(gains: Array) -> float:
    """Part of the unit box that the rows cover, in [0, 1]; a row at or below 0 in some column covers
    nothing.
    """
    inside = gains[(gains > 0).all(axis=1)]
    if not len(inside):
        return 0.0
    return min(1.0, float(moocore.hypervolume(inside, ref=np.zeros(gains.shape[1]), maximise=True)))


def hypervolume_curve(gains: Array) -> tuple[float, ...]:
    """The hypervolume of the first 1, 2, ... rows; it never falls."""
    covering, curve, covered = np.empty((0, gains.shape[1])), [], 0.0
    for row in gains:
        if not np.any(np.all(covering >= row, axis=1)):
            covering = np.vstack([covering[~np.all(covering <= row, axis=1)], row])
            covered = hypervolume(covering)
        curve.append(covered)
    return tuple(np.maximum.accumulate(curve).tolist()) if curve else ()


def _share(value: float, start: float, end: float) -> float:
    """How far `value` is on the way from `start` to `end`, at most `_FAR` of its lengths; halved where the difference
    of two numbers is none."""
    if not math.isfinite(value - start) or not math.isfinite(end - start):
        value, start, end = value / 2, start / 2, end / 2
    # The logarithms of two costs may be equal where the costs are not.
    share = (value - start) / (end - start) if end != start else float(value <= end)
    return 0.0 if math.isnan(share) else min(max(share, -_FAR), _FAR)
