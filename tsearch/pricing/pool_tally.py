"""Counts of the spikes that an average pool alone reads."""

import torch
from torch import Tensor

from hwcost import LayerSpec, LayerSpikes, fan_out_classes
from tsearch.pricing.tally import Tally, plus


class PoolTally:
    """Spikes that enter an average pool whose windows do not overlap. They are counted behind it, in fewer numbers;
    only rows and columns that no window covers are read here."""

    def __init__(self, layer: LayerSpec, behind: Tally) -> None:
        self.layer, self._behind = layer, behind
        self._uncovered: Tensor | None = None

    def add(self, spikes: Tensor) -> None:
        """`spikes` [T, B, C, H, W]."""
        rows, columns = (
            n * size for n, size in zip(self.layer.out_shape[1:], self.layer.kernel, strict=True)
        )
        below, beside = spikes[..., rows:, :], spikes[..., :rows, columns:]
        of_samples = below.float().sum((2, 3, 4)) + beside.float().sum((2, 3, 4))
        self._uncovered = plus(self._uncovered, of_samples.sum(1))

    def spikes(self) -> LayerSpikes:
        """All windows have the same fan-out, that of the first position; what none covers has that of the last."""
        if self._uncovered is None:
            return LayerSpikes()
        values, index = fan_out_classes(self.layer)
        counts = torch.zeros(len(self._uncovered), len(values), dtype=torch.float64)
        counts[:, index.flat[0]] += self._behind.totals().cpu()
        counts[:, index.flat[-1]] += self._uncovered.cpu()
        return LayerSpikes(tuple(map(tuple, counts.long().tolist())))
