"""Objectives on one scale: a gain is 0 at the reference (the worst value that counts) and 1 at the ideal.

Both ends are fixed when a run is created, so gains of one run, and hypervolumes over them, can be compared
over time. A gain is linear for what is maximised and logarithmic for a cost, so that halving a cost is worth the
same anywhere.
"""

import math

import moocore
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
        return 1.0 if value <= 0 else math.log(reference / value) / math.log(reference / ideal)
    return (value - reference) / (ideal - reference)


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
    covering, curve = np.empty((0, gains.shape[1])), []
    for row in gains:
        if not np.any(np.all(covering >= row, axis=1)):
            covering = np.vstack([covering[~np.all(covering <= row, axis=1)], row])
        curve.append(hypervolume(covering))
    return tuple(np.maximum.accumulate(curve).tolist()) if curve else ()
