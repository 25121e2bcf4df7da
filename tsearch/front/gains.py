"""Objectives on one scale: a gain is 0 at the reference (the worst that counts) and 1 at the ideal.

Both ends are fixed when a run is created, so gains of one run, and hypervolumes over them, can be compared
over time.
"""

import math

import moocore
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_PARALLEL = 0.1  # extremes nearer than this part of the largest distance between any span no direction


def gain(value: float, reference: float, ideal: float, direction: str) -> float:
    """0 at the reference, 1 at the ideal: by logarithm for a cost, linear otherwise.

    A box without width is all or nothing; what is not finite earns nothing.
    """
    if not math.isfinite(value):
        return 0.0
    if reference == ideal:
        return float(value >= ideal if direction == "maximize" else value <= ideal)
    if direction == "minimize" and min(reference, ideal) > 0:
        return 1.0 if value <= 0 else math.log(reference / value) / math.log(reference / ideal)
    return (value - reference) / (ideal - reference)


def hypervolume(gains: Array) -> float:
    """Part of the unit box that the rows cover, in [0, 1]; a row at or below 0 in some column covers
    nothing.
    """
    inside = gains[(gains > 0).all(axis=1)]
    return (
        min(1.0, float(moocore.hypervolume(inside, ref=np.zeros(gains.shape[1]), maximise=True)))
        if len(inside)
        else 0.0
    )


def best_row(gains: Array, column: int) -> int:
    """Row of the best gain in one column; ties go to the larger sum of gains."""
    return max(range(len(gains)), key=lambda row: (gains[row, column], gains[row].sum()))


def outward(extremes: Array) -> Array:
    """Direction straight out of the plane through the extremes: nearest to (1, 1, ...) of those it leaves
    open, never negative.
    """
    edges = extremes[1:] - extremes[0]
    _, sizes, directions = np.linalg.svd(edges, full_matrices=False)
    settled = directions[sizes > _PARALLEL * max(float(sizes.max(initial=0.0)), 1e-12)]
    ones = np.ones(extremes.shape[1])
    normal: Array = np.clip(ones - settled.T @ (settled @ ones), 0.0, None)
    length = float(np.linalg.norm(normal))
    return normal / length if length > 1e-9 else ones / math.sqrt(len(ones))
