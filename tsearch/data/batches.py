"""What training draws batches from: a split of events, or of images."""

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.events import Events

FRAMES_LIMIT_BYTES = 256 * 2**20
_CHUNK = 256


class EventSplit:
    """Events with batches of any number of timesteps.

    The same timesteps come back for many epochs, so the frames of the whole split are kept as small integers,
    for as many values of T as fit into `limit_bytes` (the least recently used go first). A split too large
    for that makes each batch from its events.
    """

    def __init__(self, events: Events, limit_bytes: int = FRAMES_LIMIT_BYTES) -> None:
        self.events = events
        self.labels = torch.from_numpy(events.labels)
        self._limit_bytes = limit_bytes
        self._frames: OrderedDict[int, Tensor] = OrderedDict()

    def __len__(self) -> int:
        return len(self.events)

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:
        """Event counts of the samples named by `indices`, float32 [T, B, C, H, W]."""
        frames = self._kept_frames(timesteps)
        if frames is None:
            return torch.from_numpy(self.events.frames(indices.numpy(), timesteps).astype(np.float32))
        return frames.index_select(1, indices).float()

    def playback(self, n_classes: int) -> "EventSplit":
        """Every recording also backwards, as 2 * `n_classes` classes (see `Events.playback`)."""
        return EventSplit(self.events.playback(n_classes), self._limit_bytes)

    def _kept_frames(self, timesteps: int) -> Tensor | None:
        if timesteps not in self._frames:
            frames = self._small_frames(timesteps)
            if frames is None:
                return None
            self._frames[timesteps] = frames
            while sum(kept.nbytes for kept in self._frames.values()) > self._limit_bytes:
                self._frames.popitem(last=False)
        self._frames.move_to_end(timesteps)
        return self._frames[timesteps]

    def _small_frames(self, timesteps: int) -> Tensor | None:
        """Frames of all samples in the smallest integers that hold them, or None beyond the limit."""
        n, n_values = len(self), len(self) * timesteps * int(np.prod(self.events.shape))
        if n_values > self._limit_bytes:
            return None
        chunks = [np.arange(first, min(first + _CHUNK, n)) for first in range(0, n, _CHUNK)]
        frames = np.concatenate([_smallest(self.events.frames(chunk, timesteps)) for chunk in chunks], axis=1)
        return torch.from_numpy(frames) if frames.nbytes <= self._limit_bytes else None


class ImageSplit:
    """Static images: one timestep in, whatever the network does with it after its first layer."""

    def __init__(self, images: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        """`images` is [N, C, H, W] with values in [0, 1]."""
        self.images = torch.from_numpy(images)
        self.labels = torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        """The images named by `indices`, float32 [1, B, C, H, W] for any number of timesteps."""
        return self.images.index_select(0, indices).unsqueeze(0)


def event_dataset(info: DatasetInfo, train: Events, validation: Events, test: Events) -> Dataset:
    """A data set of three sets of recordings."""
    return Dataset(info, EventSplit(train), EventSplit(validation), EventSplit(test))


def _smallest(counts: NDArray[np.int64]) -> NDArray[Any]:
    most = int(counts.max(initial=0))
    if most < 2**8:
        return counts.astype(np.uint8)
    return counts.astype(np.int16 if most < 2**15 else np.int32)
