"""Splits of samples that lie on disk: a batch reads the pages that it needs, and workers share them."""

import logging
from copy import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsearch.data.batches import FRAMES_LIMIT_BYTES, EventSplit
from tsearch.data.colours import FULL, Colours
from tsearch.data.splits import Indices
from tsearch.data.stored_events import StoredEvents
from tsearch.files.cache import Arrays
from tsearch.files.growing import Growing, mapped_arrays
from tsearch.files.notices import Progress
from tsearch.machine import machine

_log = logging.getLogger(__name__)

FORMAT = 1  # raise it when the same events give other frames
_CHUNK = 32


class MappedImages:
    """Static images, bytes on disk, that become real numbers when a batch is made.

    On an accelerator they are copied there if they fit into TSEARCH_RESIDENT_MIB; else every batch is.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        rows: Indices,
        labels: Indices,
        content_hash: str,
        colours: Colours | None,
    ) -> None:
        """`images` [M, C, H, W]; `rows` [N] of them, with their `labels` [N], are this split."""
        self.labels = torch.from_numpy(labels)
        self.content_hash = content_hash
        self._images, self._rows = images, rows
        self._resident: Tensor | None = None
        n_colours = images.shape[1]
        mean, deviation = colours or Colours((0.0,) * n_colours, (1.0,) * n_colours)
        self._mean, self._deviation = (
            torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1) for numbers in (mean, deviation)
        )

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        """The images named by `indices`, float32 [1, B, C, H, W] for any number of timesteps."""
        device = self.labels.device
        if self._resident is None:
            pixels = torch.from_numpy(np.asarray(self._images[self._rows[indices.numpy(force=True)]])).to(
                device
            )
        else:
            pixels = self._resident.index_select(0, indices.to(device))
        return (((pixels.float() / FULL) - self._mean) / self._deviation).unsqueeze(0)

    def to(self, device: torch.device) -> "MappedImages":
        """This split with labels on `device`, and the images where they fit; itself where they are there."""
        labels = self.labels.to(device)
        if labels is self.labels:
            return self
        if len(self) * self._images[:1].nbytes <= machine().resident_bytes:
            return self.in_memory(device)
        return self._on(device, labels)

    def in_memory(self, device: torch.device) -> "MappedImages":
        """This split with its images in the memory of `device`: the same batches, to the bit."""
        moved = self._on(device, self.labels.to(device))
        moved._resident = torch.from_numpy(np.asarray(self._images[self._rows])).to(device)
        return moved

    def _on(self, device: torch.device, labels: Tensor) -> "MappedImages":
        moved = copy(self)
        moved.labels, moved._mean, moved._deviation = (
            labels,
            self._mean.to(device),
            self._deviation.to(device),
        )
        return moved


class MappedEvents(EventSplit):
    """Events on disk. Frames that do not fit into `limit_bytes` are binned once for each number of timesteps, and lie
    on disk too."""

    def __init__(self, events: StoredEvents, limit_bytes: int = FRAMES_LIMIT_BYTES) -> None:
        super().__init__(events, limit_bytes)
        self._stored = events
        self._mapped: dict[int, NDArray[np.integer]] = {}

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:
        """Event counts of the samples named by `indices`, float32 [T, B, C, H, W]."""
        if self._kept_frames(timesteps).numel():
            return super().batch(indices, timesteps)
        frames = self._frames_on_disk(timesteps)[indices.numpy(force=True)].swapaxes(0, 1)
        return torch.from_numpy(frames.astype(np.float32)).to(self.labels.device)

    def _frames_on_disk(self, timesteps: int) -> NDArray[np.integer]:
        """Frames of all samples [N, T, C, H, W], mapped; a sample lies in one piece."""
        if timesteps not in self._mapped:
            content = {"format": FORMAT, "events": self.content_hash, "timesteps": timesteps}
            stored = mapped_arrays("frames", content, lambda growing: self._bin_onto_disk(growing, timesteps))
            self._mapped[timesteps] = stored["frames"]
        return self._mapped[timesteps]

    def _bin_onto_disk(self, growing: Growing, timesteps: int) -> Arrays:
        kind = np.min_scalar_type(self._stored.most_per_pixel)
        progress = Progress(_log, f"making frames of {timesteps} timesteps", "recordings")
        for first in range(0, len(self), _CHUNK):
            chunk = np.arange(first, min(first + _CHUNK, len(self)))
            growing.append("frames", self.events.frames(chunk, timesteps).swapaxes(0, 1).astype(kind))
            progress.step(len(chunk))
        return {}
