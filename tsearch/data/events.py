"""Events as flat arrays: every event once, with its pixel and time, and offsets that say where a recording begins.

The frames of any number of timesteps are one scatter-add away, so nothing is prepared again when the timesteps change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsearch.data.cache import Arrays


@dataclass(frozen=True, eq=False)
class Events:
    """Recordings of one event sensor.

    Args:
        pixel: Place of every event, channel * H * W + y * W + x; the channel is the polarity, 0 darker and 1 brighter.
        time: Time of every event, a whole number in any unit, ascending within a recording.
        offsets: [N + 1]; recording i owns the events from offsets[i] up to offsets[i + 1].
        labels: [N] class of every recording.
        start, stop: [N] time window of every recording, in the unit of `time`; no event lies before `start`.
        shape: (C, H, W) of one frame.
    """

    pixel: NDArray[Any]
    time: NDArray[Any]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        n, n_events = len(self.labels), len(self.pixel)
        is_sound = len(self.time) == n_events and len(self.offsets) == n + 1 == len(self.start) + 1 == len(self.stop) + 1
        if not is_sound or self.offsets[0] != 0 or self.offsets[-1] != n_events or bool((np.diff(self.offsets) < 0).any()):
            raise ValueError("the arrays of events do not fit together")
        if n_events and not 0 <= int(self.pixel.min()) <= int(self.pixel.max()) < int(np.prod(self.shape)):
            raise ValueError(f"an event lies outside the sensor {self.shape}")
        if bool((self.time < np.repeat(self.start, np.diff(self.offsets))).any()):
            raise ValueError("an event lies before the window of its recording")

    def __len__(self) -> int:
        """Number of recordings."""
        return len(self.labels)

    def frames(self, indices: NDArray[np.int64], timesteps: int) -> NDArray[np.int64]:
        """Event counts [T, B, C, H, W] of the recordings named by `indices`.

        The window of a recording is cut into T equal whole widths; what is left over by the division belongs to the last one.
        So no event is ever lost, and where widths divide, frames of 2T add up to frames of T.
        """
        which, sample = self._event_indices(indices)
        start = self.start[indices]
        width = np.maximum((self.stop[indices] - start) // timesteps, 1)
        bins = np.minimum((self.time[which] - start[sample]) // width[sample], timesteps - 1)
        n_pixels = int(np.prod(self.shape))
        place = (bins * len(indices) + sample) * n_pixels + self.pixel[which]
        counts = np.bincount(place, minlength=timesteps * len(indices) * n_pixels)
        return counts.reshape(timesteps, len(indices), *self.shape)

    def select(self, indices: NDArray[np.int64]) -> Events:
        """Only the recordings named by `indices`, in that order."""
        which, _ = self._event_indices(indices)
        return replace(
            self,
            pixel=self.pixel[which],
            time=self.time[which],
            offsets=_offsets(np.diff(self.offsets)[indices]),
            labels=self.labels[indices],
            start=self.start[indices],
            stop=self.stop[indices],
        )

    def playback(self, n_classes: int) -> Events:
        """Every recording, and after all of them every recording backwards: time reversed inside its window, polarity kept.

        A recording backwards has the class label + n_classes. With one timestep, both directions give the same frame.
        """
        counts = np.diff(self.offsets)
        mirror = np.repeat(self.offsets[:-1] + self.offsets[1:] - 1, counts) - np.arange(len(self.pixel))
        backwards = np.repeat(self.start + self.stop, counts) - self.time[mirror]
        return replace(
            self,
            pixel=np.concatenate([self.pixel, self.pixel[mirror]]),
            time=np.concatenate([self.time, backwards.astype(self.time.dtype)]),
            offsets=_offsets(np.tile(counts, 2)),
            labels=np.concatenate([self.labels, self.labels + n_classes]),
            start=np.tile(self.start, 2),
            stop=np.tile(self.stop, 2),
        )

    def downsample(self, factor: int) -> Events:
        """A sensor of ceil(size / factor) pixels a side; events of `factor` x `factor` pixels fall together."""
        channels, height, width = self.shape
        channel, place = np.divmod(self.pixel.astype(np.int64), height * width)
        y, x = np.divmod(place, width)
        shape = (channels, -(-height // factor), -(-width // factor))
        pixel = (channel * shape[1] + y // factor) * shape[2] + x // factor
        return replace(self, pixel=pixel.astype(self.pixel.dtype), shape=shape)

    def to_arrays(self) -> Arrays:
        """All of it as named arrays, for a file."""
        return {
            "pixel": self.pixel, "time": self.time, "offsets": self.offsets, "labels": self.labels,
            "start": self.start, "stop": self.stop, "shape": np.array(self.shape),
        }  # fmt: skip

    @staticmethod
    def from_arrays(arrays: Arrays) -> Events:
        """What `to_arrays` gave. Raises: ValueError or KeyError where the arrays are not that."""
        channels, height, width = (int(n) for n in arrays["shape"])
        return Events(**(arrays | {"shape": (channels, height, width)}))

    def _event_indices(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which events belong to the recordings named by `indices`, and each one's place in `indices`."""
        counts = np.diff(self.offsets)[indices]
        sample = np.repeat(np.arange(len(indices)), counts)
        return np.arange(int(counts.sum())) + (self.offsets[indices] - _offsets(counts)[:-1])[sample], sample


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
