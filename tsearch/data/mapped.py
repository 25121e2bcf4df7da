"""Splits of samples that lie on disk: a batch reads the pages that it needs, and workers share them."""

from copy import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsearch.data.images import FULL, Colours
from tsearch.data.splits import Indices
from tsearch.machine import machine


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
        moved = copy(self)
        moved.labels, moved._mean, moved._deviation = (
            labels,
            self._mean.to(device),
            self._deviation.to(device),
        )
        if len(self) * self._images[:1].nbytes <= machine().resident_bytes:
            moved._resident = torch.from_numpy(np.asarray(self._images[self._rows])).to(device)
        return moved
