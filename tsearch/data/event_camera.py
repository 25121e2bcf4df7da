"""What a simulated event camera sees of scans that move: their light, and the events of its changes.

The arithmetic is exact: light and thresholds are whole numbers small enough for float32, so the events are
the same to the bit on every machine, whatever its vector units and number of threads do.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tsearch.data.digits import FULL

SCAN = 8  # pixels a side of a scan
GRID = 256  # positions are rounded to this part of a scan's pixel, and light to this part of one ink level
LOG_UNIT = 2**16  # whole numbers per unit of log light
DARK = 0.1  # light of the empty field; full ink is 1


def render(
    images: NDArray[np.uint8], ways: NDArray[np.float64], shown: float, size: int
) -> NDArray[np.float32]:
    """Ink [B, steps + 1, size * size], in levels / GRID^2, of scans enlarged to `shown` pixels, bilinear."""
    pixel = np.arange(size) - (size - 1) / 2
    source = (pixel - ways[..., None]) * (SCAN / shown) + (SCAN - 1) / 2
    place = np.rint(source * GRID).clip(-GRID, GRID * SCAN).astype(np.intp) + GRID
    across, down = (_weights().take(place[:, :, axis], axis=0) for axis in (0, 1))
    rows = down.reshape(len(images), -1, SCAN) @ images.astype(np.float32)
    ink: NDArray[np.float32] = rows.reshape(down.shape) @ across.swapaxes(-1, -2)
    return ink.reshape(*ink.shape[:2], -1)


@cache
def _weights() -> NDArray[np.float32]:
    """Weights, in 1 / GRID, of the scan's pixels at the places -GRID to GRID * SCAN: [places, SCAN]."""
    distance = np.arange(-GRID, GRID * SCAN + 1)[:, None] - GRID * np.arange(SCAN)
    weights: NDArray[np.float32] = np.maximum(GRID - np.abs(distance), 0).astype(np.float32)
    return weights


def log_light(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithm of the light, in LOG_UNIT: whole numbers, from a table rounded once."""
    return _logarithms().take(ink.astype(np.intp) // GRID)


@cache
def _logarithms() -> NDArray[np.float32]:
    levels = np.arange(FULL * GRID + 1) / (FULL * GRID)
    table: NDArray[np.float32] = np.rint(np.log(DARK + (1 - DARK) * levels) * LOG_UNIT).astype(np.float32)
    return table


def changes_of(light: NDArray[np.float32], threshold: NDArray[np.float32]) -> NDArray[np.int16]:
    """Signed events [B, steps, size * size]: thresholds crossed since the pixel last fired."""
    reference, changes = (
        light[:, 0].copy(),
        np.empty((len(light), light.shape[1] - 1, light.shape[2]), np.int16),
    )
    for step in range(changes.shape[1]):
        crossed = np.trunc((light[:, step + 1] - reference) / threshold)
        reference += crossed * threshold
        changes[:, step] = crossed
    return changes
