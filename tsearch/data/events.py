"""Events as flat arrays: pixel and time of every event, and offsets that say where a recording begins.

The frames of any number of timesteps are one scatter-add away, so nothing is prepared again when the
timesteps change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsearch.files.cache import Arrays

_CHUNK = 32


@dataclass(frozen=True, eq=False)
class Events:
    """Recordings of one event sensor.

    Args:
        pixel: Place of every event, channel * H * W + y * W + x; the channel is the polarity, 0 darker and 1
            brighter.
        time: Time of every event, a whole number in any unit, ascending within a recording.
        offsets: [N + 1]; recording i owns the events from offsets[i] up to offsets[i + 1].
        labels: [N] class of every recording.
        start, stop: [N] time window of every recording, in the unit of `time`; no event lies before `start`.
        shape: (C, H, W) of one frame.
        groups: [N] which scan, subject or the like a recording comes from; None where each one stands alone.
    """

    pixel: NDArray[Any]
    time: NDArray[Any]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    shape: tuple[int, int, int]
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        counts = np.diff(self.offsets)
        per_recording = (self.labels, self.start, self.stop, counts if self.groups is None else self.groups)
        recordings_fit = {len(counts)} == {len(values) for values in per_recording}
        events_fit = len(self.pixel) == len(self.time) == self.offsets[-1] and self.offsets[0] == 0
        if not recordings_fit or not events_fit or bool((counts < 0).any()):
            raise ValueError("the arrays of events do not fit together")
        if isinstance(self.pixel, np.memmap):
            return  # checked before they were written; to read them all now would take minutes
        if len(self.pixel) and not 0 <= self.pixel.min() <= self.pixel.max() < np.prod(self.shape):
            raise ValueError(f"an event lies outside the sensor {self.shape}")
        if bool((self.time[self.offsets[:-1][counts > 0]] < self.start[counts > 0]).any()):
            raise ValueError("an event lies before the window of its recording")

    def __len__(self) -> int:
        """Number of recordings."""
        return len(self.labels)

    def frames(self, indices: NDArray[np.int64], timesteps: int) -> NDArray[np.int64]:
        """Event counts [T, B, C, H, W] of the recordings named by `indices`.

        The window of a recording is cut into T equal whole widths; what is left over by the division belongs
        to the last one. So no event is ever lost, and where the widths divide, two frames of 2T timesteps add
        up to one of T.
        """
        counts = np.diff(self.offsets)[indices]
        sample = np.repeat(np.arange(len(indices)), counts)
        parts = [slice(self.offsets[i], self.offsets[i + 1]) for i in indices]
        start = self.start[indices]
        width = np.maximum((self.stop[indices] - start) // timesteps, 1)
        bins = np.minimum((_joined(self.time, parts) - start[sample]) // width[sample], timesteps - 1)
        n_pixels = int(np.prod(self.shape))
        place = (bins * len(indices) + sample) * n_pixels + _joined(self.pixel, parts)
        frames = np.bincount(place, minlength=timesteps * len(indices) * n_pixels)
        return frames.reshape(timesteps, len(indices), *self.shape)

    def most_per_pixel(self) -> int:
        """Events of the fullest pixel of any recording."""
        chunks = (np.arange(i, min(i + _CHUNK, len(self))) for i in range(0, len(self), _CHUNK))
        return max((int(self.frames(chunk, 1).max()) for chunk in chunks), default=0)

    def select(self, indices: NDArray[np.int64]) -> Events:
        """Only the recordings named by `indices`, in that order."""
        parts = [slice(self.offsets[i], self.offsets[i + 1]) for i in indices]
        return replace(
            self,
            pixel=_joined(self.pixel, parts),
            time=_joined(self.time, parts),
            offsets=_offsets(np.diff(self.offsets)[indices]),
            labels=self.labels[indices],
            start=self.start[indices],
            stop=self.stop[indices],
            groups=None if self.groups is None else self.groups[indices],
        )

    def playback(self, n_classes: int) -> Events:
        """Every recording, and after all of them every recording backwards, in the group of the one forwards.

        Backwards, time runs from stop to start, the polarity is kept, and the class is label + n_classes.
        With one timestep, both directions give the same frame.
        """
        counts = np.diff(self.offsets)
        parts = [slice(*bounds) for bounds in zip(self.offsets[:-1], self.offsets[1:], strict=True)]
        groups = np.arange(len(self)) if self.groups is None else self.groups
        mirrored = np.repeat(self.start + self.stop, counts) - self.time
        return replace(
            self,
            pixel=np.concatenate([self.pixel, _joined(self.pixel, parts, step=-1)]),
            time=np.concatenate([self.time, _joined(mirrored, parts, step=-1).astype(self.time.dtype)]),
            offsets=_offsets(np.tile(counts, 2)),
            labels=np.concatenate([self.labels, self.labels + n_classes]),
            start=np.tile(self.start, 2),
            stop=np.tile(self.stop, 2),
            groups=np.tile(groups, 2),
        )

    def downsample(self, factor: int) -> Events:
        """A sensor of ceil(size / factor) pixels a side: `factor` x `factor` pixels become one."""
        channels, height, width = self.shape
        shape = (channels, -(-height // factor), -(-width // factor))
        channel, y, x = np.unravel_index(np.arange(channels * height * width), self.shape)
        new_place = np.ravel_multi_index((channel, y // factor, x // factor), shape)
        return replace(self, pixel=new_place.astype(self.pixel.dtype)[self.pixel], shape=shape)

    def to_arrays(self) -> Arrays:
        """All of it as named arrays, for a file."""
        arrays = {
            "pixel": self.pixel, "time": self.time, "offsets": self.offsets, "labels": self.labels,
            "start": self.start, "stop": self.stop, "shape": np.array(self.shape),
        }  # fmt: skip
        return arrays if self.groups is None else arrays | {"groups": self.groups}

    @staticmethod
    def from_arrays(arrays: Arrays) -> Events:
        """What `to_arrays` gave. Raises: ValueError or KeyError where the arrays are not that."""
        channels, height, width = (int(n) for n in arrays["shape"])
        flat = {name: values for name, values in arrays.items() if name != "shape"}
        return Events(shape=(channels, height, width), **flat)


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _joined(values: NDArray[Any], parts: list[slice], step: int = 1) -> NDArray[Any]:
    return np.concatenate([values[:0], *(values[part][::step] for part in parts)])
