"""The knee of a front: the point furthest beyond the line (three objectives: plane) through its extremes, in gains.

An extreme is the best point in one objective. Two costs that grow together have (almost) the same extreme; the
extremes then leave a direction open, in which all objectives count alike.
"""

import math

import numpy as np

from tsearch.front.gains import Array

_PARALLEL = 0.1  # extremes nearer to each other than this part of the largest distance count as the same
_LEAST_HEIGHT = 1e-9


def knee_row(gains: Array) -> int | None:
    """The row of the knee; None with fewer than three different rows, or where none lies beyond the extremes."""
    if len(np.unique(gains, axis=0)) < 3:
        return None
    extremes = gains[[_best_row(gains, column) for column in range(gains.shape[1])]]
    normal = _normal(extremes)
    heights = gains @ normal
    row = int(np.argmax(heights))
    return row if heights[row] > (extremes @ normal).max() + _LEAST_HEIGHT else None


def _best_row(gains: Array, column: int) -> int:
    """Row of the best gain in one column; ties go to the larger sum of gains."""
    return max(range(len(gains)), key=lambda row: (gains[row, column], gains[row].sum()))


def _normal(extremes: Array) -> Array:
    """Unit vector orthogonal to the plane through the extremes, never negative: of all such, that nearest to
    (1, 1, ...)."""
    edges = extremes[1:] - extremes[0]
    _, sizes, directions = np.linalg.svd(edges, full_matrices=False)
    spanned = directions[sizes > _PARALLEL * max(float(sizes.max(initial=0.0)), 1e-12)]
    ones = np.ones(extremes.shape[1])
    normal: Array = np.clip(ones - spanned.T @ (spanned @ ones), 0.0, None)
    length = float(np.linalg.norm(normal))
    return normal / length if length > 1e-9 else ones / math.sqrt(len(ones))
