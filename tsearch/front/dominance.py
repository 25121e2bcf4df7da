"""Dominance: a point dominates another that is worse in some objective and better in none.

Equal points do not dominate each other. Objectives are compared as they are, without any scale.
"""

import math
from collections.abc import Sequence

import moocore
import numpy as np

from tsearch.front.gains import Array
from tsearch.front.point import Point
from tsearch.space.goals import Objective


def loss(point: Point, metric: str, is_maximized: bool) -> float:
    """The metric as something to minimise; infinite where it is missing or NaN."""
    value = point.metrics.get(metric, math.nan)
    return math.inf if math.isnan(value) else -value if is_maximized else value


def losses(points: Sequence[Point], objectives: Sequence[Objective]) -> Array:
    """The losses of the objectives: one row per point, one column per objective."""
    rows = [[loss(point, o.name, o.is_maximized) for o in objectives] for point in points]
    return np.array(rows, dtype=float).reshape(len(points), len(objectives))


def are_on_front(points: Sequence[Point], objectives: Sequence[Objective]) -> list[bool]:
    """For every point, whether none of the others dominates it; False where an objective is not finite."""
    rows = losses(points, objectives)
    # moocore lets a row with NaN dominate others, and infinity is no result: only finite rows are compared.
    is_finite = np.isfinite(rows).all(axis=1)
    flags = np.zeros(len(rows), dtype=bool)
    if is_finite.any():
        flags[is_finite] = moocore.is_nondominated(rows[is_finite], keep_weakly=True)
    return [bool(flag) for flag in flags]


def covered_part(ours: Array, theirs: Array) -> float:
    """The part of the rows of `ours`, losses, that some row of `theirs` equals or dominates; 0 where either is
    empty."""
    if not len(ours) or not len(theirs):
        return 0.0
    is_matched = np.all(theirs[None] <= ours[:, None], axis=2).any(axis=1)
    return float(np.mean(is_matched))
