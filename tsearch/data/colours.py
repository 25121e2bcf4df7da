"""Mean and standard deviation of the colours of images."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsearch.data.splits import Indices

FULL = 255  # value of the brightest pixel


class Colours(NamedTuple):
    """Mean and standard deviation of every colour, of pixels in [0, 1]."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def colours_of(images: NDArray[np.uint8], rows: Indices) -> Colours:
    """Mean and standard deviation of every colour over the images `rows` of `images` [N, C, H, W], from whole-number
    counts of every value; a colour that never changes has the deviation 1."""
    counts = np.zeros((images.shape[1], FULL + 1), np.int64)
    for row in np.sort(rows):
        for colour in range(len(counts)):
            counts[colour] += np.bincount(images[row, colour].ravel(), minlength=FULL + 1)
    shares, values = counts / counts.sum(1, keepdims=True), np.arange(FULL + 1) / FULL
    mean = shares @ values
    deviation = np.sqrt(np.maximum(shares @ values**2 - mean**2, 0))
    return Colours(tuple(mean.tolist()), tuple(np.where(deviation > 0, deviation, 1).tolist()))
