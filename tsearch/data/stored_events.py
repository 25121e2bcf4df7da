"""Some recordings of a set on disk, without copying them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsearch.data.events import Events
from tsearch.data.splits import Indices


@dataclass(frozen=True, eq=False)
class StoredEvents:
    """Recordings `rows` [N] of a set on disk, in the form of `Events` as far as a split needs it.

    `most_per_pixel` is the number of events of the fullest pixel of the whole set.
    """

    all_events: Events
    rows: Indices
    content_hash: str
    most_per_pixel: int

    def __len__(self) -> int:
        """Number of recordings."""
        return len(self.rows)

    @property
    def labels(self) -> Indices:
        """Class of every recording [N]."""
        return self.all_events.labels[self.rows]

    @property
    def groups(self) -> Indices:
        """Which subject or file every recording comes from [N]."""
        assert self.all_events.groups is not None
        return self.all_events.groups[self.rows]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one frame."""
        return self.all_events.shape

    def frames(self, indices: Indices, timesteps: int) -> NDArray[np.int64]:
        """Event counts [T, B, C, H, W] of the recordings named by `indices`."""
        return self.all_events.frames(self.rows[indices], timesteps)

    def in_memory(self) -> Events:
        """The same recordings, copied."""
        return self.all_events.select(self.rows)
