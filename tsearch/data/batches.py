"""What training draws batches from: a split of events, or of images."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsearch.data.dataset import SPLITS, Dataset, DatasetInfo
from tsearch.data.events import Events
from tsearch.data.stored_events import StoredEvents
from tsearch.files.cache import Arrays, arrays_hash, cached_arrays
from tsearch.files.notices import warn_once

_log = logging.getLogger(__name__)

FORMAT = 1  # raise it when the same events give other frames
FRAMES_LIMIT_BYTES = 256 * 2**20
_CHUNK = 32  # recordings binned together: their arrays fit into a processor's cache


class EventSplit:
    """Events with batches of any number of timesteps.

    The same timesteps come back for many epochs, so the frames of the whole split are kept as small integers,
    for as many values of T as fit into `limit_bytes` (the least recently used go first). They are binned once
    and then come from the cache. A split too large for that makes each batch from its events.

    Its groups are those of the recordings; with `draws_one_per_group`, a training epoch sees one recording of each.
    """

    def __init__(
        self,
        events: Events | StoredEvents,
        limit_bytes: int = FRAMES_LIMIT_BYTES,
        *,
        draws_one_per_group: bool = False,
    ) -> None:
        self.events = events
        self.groups = events.groups
        self.draws_one_per_group = draws_one_per_group
        self.labels = torch.from_numpy(events.labels)
        self._limit_bytes = limit_bytes
        self._frames: OrderedDict[int, Tensor] = OrderedDict()

    def __len__(self) -> int:
        return len(self.events)

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:
        """Event counts of the samples named by `indices`, float32 [T, B, C, H, W]."""
        frames = self._kept_frames(timesteps)
        if frames.numel():
            return frames.index_select(1, indices.to(frames.device)).float()
        counts = self.events.frames(indices.numpy(force=True), timesteps)
        return torch.from_numpy(counts.astype(np.float32)).to(self.labels.device)

    def to(self, device: torch.device) -> "EventSplit":
        """This split with labels and kept frames on `device`; itself where they are there."""
        labels = self.labels.to(device)
        if labels is self.labels:
            return self
        moved = copy(self)
        moved.labels = labels
        moved._frames = OrderedDict((timesteps, kept.to(device)) for timesteps, kept in self._frames.items())
        return moved

    def _kept_frames(self, timesteps: int) -> Tensor:
        """Frames of all samples [T, N, C, H, W] in small integers; empty beyond the limit."""
        if timesteps not in self._frames:
            self._frames[timesteps] = self._cached_frames(timesteps).to(self.labels.device)
            while sum(kept.nbytes for kept in self._frames.values()) > self._limit_bytes:
                self._frames.popitem(last=False)
        self._frames.move_to_end(timesteps)
        return self._frames[timesteps]

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the events and labels, hexadecimal; of the groups too where training draws by them."""
        if not isinstance(self.events, Events):
            return self.events.content_hash
        arrays = self.events.to_arrays()
        if not self.draws_one_per_group:
            arrays.pop("groups", None)
        return arrays_hash(arrays)

    def _cached_frames(self, timesteps: int) -> Tensor:
        if len(self) * timesteps * int(np.prod(self.events.shape)) > self._limit_bytes:
            return torch.empty(0)
        content = {
            "format": FORMAT,
            "events": self.content_hash,
            "timesteps": timesteps,
            "limit_bytes": self._limit_bytes,
        }
        return torch.from_numpy(cached_arrays("frames", content, lambda: self._bin(timesteps))["frames"])

    def _bin(self, timesteps: int) -> Arrays:
        """Frames in the smallest integers that hold them, none where these exceed the limit after all."""
        n = len(self)
        chunks = [np.arange(first, min(first + _CHUNK, n)) for first in range(0, n, _CHUNK)]
        frames = np.concatenate([_smallest(self.events.frames(chunk, timesteps)) for chunk in chunks], axis=1)
        return {"frames": frames if frames.nbytes <= self._limit_bytes else frames[:0]}


class ImageSplit:
    """Static images: one timestep in, whatever the network does with it after its first layer."""

    def __init__(
        self,
        images: NDArray[np.float32],
        labels: NDArray[np.int64],
        groups: NDArray[np.int64] | None = None,
    ) -> None:
        """`images` is [N, C, H, W] with values in [0, 1]."""
        self.images = torch.from_numpy(images)
        self.labels = torch.from_numpy(labels)
        self.groups = groups

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of images and labels, hexadecimal."""
        return arrays_hash({"images": self.images.numpy(force=True), "labels": self.labels.numpy(force=True)})

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        """The images named by `indices`, float32 [1, B, C, H, W] for any number of timesteps."""
        return self.images.index_select(0, indices.to(self.images.device)).unsqueeze(0)

    def to(self, device: torch.device) -> "ImageSplit":
        """This split with labels and images on `device`; itself where they are there."""
        labels = self.labels.to(device)
        if labels is self.labels:
            return self
        moved = copy(self)
        moved.labels, moved.images = labels, self.images.to(device)
        return moved


def recorded_dataset(
    info: DatasetInfo,
    content: Any,
    make: Callable[[], Iterable[Events]],
    *,
    draws_one_per_group: bool = False,
) -> Dataset:
    """A data set of recordings, from the cache where they were made before.

    Args:
        info: What is told of it; its name is that of the cached file.
        content: Everything that the recordings depend on (see `cached_arrays`).
        make: Gives the recordings of every split, in the order of `SPLITS`.
        draws_one_per_group: Whether a training epoch sees one recording of every group, drawn anew.
    """

    def arrays() -> Arrays:
        warn_once(_log, f"making the recordings of {info.name}, once; this takes a while")
        parts = dict(zip(SPLITS, make(), strict=True))
        most = np.array([part.most_per_pixel() for part in parts.values()])
        named = {
            f"{split}.{name}": a for split, part in parts.items() for name, a in part.to_arrays().items()
        }
        return named | {"most_per_pixel": most}

    stored = cached_arrays(info.name, content, arrays)
    most = max(info.most_events_per_pixel, int(stored["most_per_pixel"].max()))
    train, validation, test = (Events.from_arrays(_part(stored, f"{split}.")) for split in SPLITS)
    return Dataset(
        replace(info, most_events_per_pixel=most),
        EventSplit(train, draws_one_per_group=draws_one_per_group),
        EventSplit(validation),
        EventSplit(test),
    )


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def _smallest(counts: NDArray[np.int64]) -> NDArray[Any]:
    most = int(counts.max(initial=0))
    if most < 2**8:
        return counts.astype(np.uint8)
    return counts.astype(np.int16 if most < 2**15 else np.int32)
