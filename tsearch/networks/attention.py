"""The torch module of spiking self-attention."""

import torch
from torch import Tensor

from tsearch.networks.modules import FiringModule
from tsearch.networks.plan import Attention


class AttentionModule(FiringModule):
    """scale * Q (K^T V) per head, over pixels; channels are divided among the heads in order."""

    node: Attention

    def forward(self, query: Tensor, key: Tensor, value: Tensor, timesteps: int) -> Tensor:
        """All [T, B, C, H, W]; sums of spikes are whole numbers, so the order of the products changes no bit."""
        return self.fired(self.current(query, key, value), timesteps, None)

    def current(self, *values: Tensor) -> Tensor:
        q, k, v = (self._heads(x) for x in values)
        rows = (q @ (k.transpose(-2, -1) @ v * self.node.scale)).transpose(1, 2)
        pixels = values[0].movedim(2, -1)
        return rows.reshape(pixels.shape).movedim(-1, 2)

    def silent(self) -> Tensor:
        return torch.zeros(())

    def _heads(self, x: Tensor) -> Tensor:
        """[T, B, C, H, W] -> [T*B, heads, H*W, C / heads]."""
        rows = x.movedim(2, -1).flatten(2, 3)
        return rows.reshape(-1, rows.shape[2], self.node.heads, rows.shape[3] // self.node.heads).transpose(
            1, 2
        )
