"""Counts of spiking self-attention: which events of queries, keys and values meet."""

import torch
from torch import Tensor

from tsearch.networks.plan import Attention
from tsearch.pricing.tally import plus

NAMES = ("q", "k", "v", "qk", "av", "kv")


class AttentionTally:
    """What the cost model needs of an attention, per timestep and summed over samples (see `hwcost.attention_counts`).

    The three values of a batch are shown one after the other and counted when all are there."""

    def __init__(self, node: Attention, n_steps: int) -> None:
        """Args:
        node: The attention.
        n_steps: First timesteps that are counted, at which all three arrive.
        """
        self._node, self._n_steps = node, n_steps
        self._shown: dict[str, Tensor] = {}
        self._counts: Tensor | None = None

    def add(self, name: str, spikes: Tensor) -> None:
        """Take a value of the network, [T, B, C, H, W], if it is one of the sources."""
        if name not in self._node.sources:
            return
        self._shown[name] = spikes[: self._n_steps]
        if set(self._node.sources) <= self._shown.keys():
            q, k, v = (self._heads(self._shown[source]) for source in self._node.sources)
            self._counts = plus(self._counts, _counts(q, k, v))
            self._shown.clear()

    def extras(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Counts by name, [T] each."""
        assert self._counts is not None
        return tuple(zip(NAMES, map(tuple, self._counts.long().tolist()), strict=True))

    def events(self) -> tuple[tuple[int], ...]:
        """Events of all three, [T][1]."""
        q, k, v = (counts for name, counts in self.extras() if name in ("q", "k", "v"))
        return tuple((sum(step),) for step in zip(q, k, v, strict=True))

    def _heads(self, spikes: Tensor) -> Tensor:
        """[T, B, C, H, W] -> [T, B, heads, H*W, C / heads]."""
        rows = spikes.float().flatten(3)
        n_steps, n_samples, channels, tokens = rows.shape
        heads = self._node.heads
        return rows.reshape(n_steps, n_samples, heads, channels // heads, tokens).transpose(3, 4)


def _counts(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """[6, T] in the order of `NAMES`. Float32 holds the numbers of a sample exactly, float64 those of a batch."""
    meeting = (q.sum(3) * k.sum(3)).double()
    read = ((q @ k.transpose(3, 4)) != 0).float() @ v.sum(4, keepdim=True)
    together = (k.sum(4) * v.sum(4)).double()
    sums = (x.double().flatten(1).sum(1) for x in (q, k, v, meeting, read, together))
    return torch.stack(list(sums))
