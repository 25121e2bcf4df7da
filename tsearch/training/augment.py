"""Augmentation of one batch. Every draw comes from the epoch's random numbers, on the CPU: the same on every device."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from tsearch.configuration import Training
from tsearch.data import InputClass


class Labels(NamedTuple):
    """The class of every sample, int64 [B]. Of samples that were mixed with others: the classes of those too, and the
    share of the first, the same for all samples."""

    labels: Tensor
    others: Tensor | None = None
    share: float = 1.0


def augmented(
    frames: Tensor, training: Training, rng: np.random.Generator, input_class: InputClass
) -> Tensor:
    """`frames` [T, B, C, H, W] as training sees them; whatever moves a sample moves all its timesteps alike."""
    if training.shift_per == "batch":
        frames = _rolled(frames, training.shift, rng)
    if (
        training.crop
        or training.flip
        or training.cutout
        or (training.shift and training.shift_per == "sample")
    ):
        frames = moved(frames, pixel_sources(frames.shape, training, rng))
    if training.event_drop:
        frames = _thinned(frames, training.event_drop, rng, input_class)
    return frames


def mixed_up(frames: Tensor, labels: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Labels]:
    """Every sample of `frames` [T, B, C, H, W] mixed with another one of the batch, with a share from Beta(alpha,
    alpha); alpha 0 mixes nothing. Source: Zhang et al., arXiv 1710.09412."""
    if alpha == 0:
        return frames, Labels(labels)
    share = float(rng.beta(alpha, alpha))
    partners = torch.as_tensor(rng.permutation(len(labels)), device=labels.device)
    others = frames.index_select(1, partners)
    return torch.lerp(others, frames, share), Labels(labels, labels[partners], share)


def pixel_sources(shape: tuple[int, ...], training: Training, rng: np.random.Generator) -> NDArray[np.int64]:
    """Where every pixel of every sample comes from, [B, H * W] for frames of `shape` (T, B, C, H, W): a place in the
    frame, or H * W where it becomes zero.

    The window that a sample shows has a side of 1 - `crop` to 1 of the frame and lies anywhere in it; a pixel takes the
    nearest one of the window, so events stay whole numbers. Then comes the mirror image, then the shift by up to
    `shift` rows and columns (a frame of one row moves along it alone, or nothing would remain), then the cutout around
    any pixel (DeVries & Taylor, arXiv 1708.04552)."""
    n, height, width = shape[1], *shape[-2:]
    most = training.shift if training.shift_per == "sample" else 0
    way = rng.integers(-most, most + 1, (n, 2, 1)) if most else np.zeros((n, 2, 1), np.int64)
    way[:, [height == 1, width == 1]] = 0
    rows, columns = np.arange(height) - way[:, 0], np.arange(width) - way[:, 1]
    if training.flip:
        columns = np.where(rng.random((n, 1)) < training.flip, width - 1 - columns, columns)
    if training.crop:
        cut = training.crop * rng.random((n, 1))
        top, left = rng.random((2, n, 1)) * cut
        rows = np.floor(top * height + (rows + 0.5) * (1 - cut)).astype(np.int64)
        columns = np.floor(left * width + (columns + 0.5) * (1 - cut)).astype(np.int64)
    is_inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None]
    if training.cutout:
        first = rng.integers(0, [height, width], (n, 2)) - training.cutout // 2
        in_rows, in_columns = (
            _within(np.arange(side) - first[:, axis, None], training.cutout)
            for axis, side in enumerate((height, width))
        )
        is_inside &= ~(in_rows[:, :, None] & in_columns[:, None])
    sources = np.where(is_inside, rows[:, :, None] * width + columns[:, None], height * width)
    return sources.reshape(n, -1)


def moved(frames: Tensor, sources: NDArray[np.int64]) -> Tensor:
    """`frames` [T, B, C, H, W] with pixels taken from the places `sources` [B, H * W]; place H * W holds zero."""
    places = torch.from_numpy(sources).to(frames.device)[:, None].expand(*frames.shape[:3], -1)
    return pad(frames.flatten(3), (0, 1)).gather(3, places).view(frames.shape)


def _within(places: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    return (places >= 0) & (places < size)


def _rolled(frames: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Roll all frames of a batch by the same few pixels."""
    if most == 0:
        return frames
    rows, columns = (int(n) for n in rng.integers(-most, most + 1, 2))
    return torch.roll(frames, (rows, columns), (-2, -1))


def _thinned(frames: Tensor, most: float, rng: np.random.Generator, input_class: InputClass) -> Tensor:
    """Drop each event with a probability that is drawn for every sample, uniform up to `most`; of frames that count no
    events, each value."""
    kept = 1 - most * rng.random(frames.shape[1])
    values = frames.numpy(force=True).copy()
    where = np.nonzero(values)
    if input_class == "graded":
        values[where] = rng.binomial(values[where].astype(np.int64), kept[where[1]])
    else:
        values[where] *= rng.random(len(where[0])) < kept[where[1]]
    return torch.from_numpy(values).to(frames.device)
