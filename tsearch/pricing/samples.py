"""How the samples of a value of a network differ: what costs need that are not proportional to counts (see
`hwcost.LayerSpikes`: `channels`, `channel_events`, `per_sample`).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tsearch.pricing.events import Events
from tsearch.pricing.tally import Rows, in_memory_order, plus

MOST_CHANNELS = 4096  # of which is recorded when they had an event
MOST_RATES = 512  # channels of which the events are recorded one by one


class SampleTally:
    """The events of a value [T, B, C, ...] by channel and by sample. Of a flat layer, every input is a channel."""

    def __init__(self, declared: Events, *, is_flat: bool, has_weights: bool) -> None:
        """Args:
        declared: The class of the events.
        is_flat: Whether the layer that reads them is fully connected.
        has_weights: Whether a layer with weights reads them: else channels do not matter.
        """
        self._declared, self._is_flat, self._has_weights = declared, is_flat, has_weights
        self._channels: list[Tensor] = []
        self._channel_events: Tensor | None = None
        self._events: Tensor | None = None
        self._sums: Tensor | None = None
        self.events_of_batch = torch.empty(0)

    def add(self, values: Tensor) -> None:
        """Count a batch; `events_of_batch` are then its events, [T, B]."""
        is_binary = self._declared.largest == 1
        events = _by_channel(values if is_binary else values > 0, is_flat=self._is_flat).float()
        self.events_of_batch = events.sum(2)
        self._events = _widened(self._events, self.events_of_batch)
        if not is_binary:
            sums = (values.float() * self._declared.scale).flatten(2).sum(2).round()
            self._sums = _widened(self._sums, sums)
        if not self._has_weights:
            return
        if events.shape[2] <= MOST_CHANNELS:
            self._count_channels(events > 0)
        if events.shape[2] <= MOST_RATES:
            self._channel_events = plus(self._channel_events, events.sum((0, 1)))

    def _count_channels(self, active: Tensor) -> None:
        """`active` [T, B, C]: at every timestep, by the timestep of the latest event before it."""
        latest = torch.zeros(active.shape[1:], dtype=torch.int64, device=active.device)
        for t, now in enumerate(active):
            counts = torch.bincount(latest[now], minlength=t + 1)
            if t < len(self._channels):
                self._channels[t] += counts
            else:
                self._channels.append(counts)
            latest[now] = t + 1

    def channels(self) -> Rows:
        """[t][j], see `hwcost.LayerSpikes.channels`; empty where there are too many."""
        return tuple(tuple(row.tolist()) for row in self._channels)

    def channel_events(self) -> tuple[int, ...]:
        """Events by channel; empty where there are too many."""
        return () if self._channel_events is None else tuple(self._channel_events.long().tolist())

    def events(self) -> Rows:
        """Fewest and most events of a sample, [T][2]."""
        return _rows(self._events)

    def sums(self) -> Rows:
        """The same of their values; empty where every event is worth 1."""
        return _rows(self._sums)


class BusyTally:
    """Samples in which a layer has something to do at a timestep: an event arrives, or a spike is sent."""

    def __init__(self) -> None:
        self._counts: Tensor | None = None

    def add(self, counts: Sequence[Tensor]) -> None:
        """`counts` of events and spikes of a batch, [T, B] each."""
        busy = torch.stack([events > 0 for events in counts]).any(0)
        so_far = busy.long().cumsum(0)
        first = busy & (so_far == 1)
        last = busy & (so_far == so_far[-1])
        self._counts = plus(self._counts, torch.stack([busy.sum(1), first.sum(1), last.sum(1)], 1))

    def rows(self) -> Rows:
        """[T][3], see `hwcost.PerSample.busy`."""
        return () if self._counts is None else tuple(map(tuple, self._counts.long().tolist()))


def _by_channel(values: Tensor, *, is_flat: bool) -> Tensor:
    """[T, B, C, ...] -> [T, B, C] summed over positions, or [T, B, N] of a flat layer."""
    if is_flat or values.dim() == 3:
        return values.flatten(2)
    rows, total = in_memory_order(values), torch.float32
    if values.is_contiguous():
        return rows.flatten(3).sum(3, dtype=total)
    return rows.flatten(2, -2).sum(2, dtype=total)


def _widened(so_far: Tensor | None, counts: Tensor) -> Tensor:
    """Smallest and largest of [T, B] over all samples so far, [T, 2]."""
    ends = torch.stack([counts.amin(1), counts.amax(1)], 1)
    if so_far is None:
        return ends
    return torch.stack([torch.minimum(so_far[:, 0], ends[:, 0]), torch.maximum(so_far[:, 1], ends[:, 1])], 1)


def _rows(ends: Tensor | None) -> Rows:
    return () if ends is None else tuple(map(tuple, ends.long().tolist()))
