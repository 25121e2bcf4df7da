"""The last layer: from the features of all timesteps to logits."""

import torch
from torch import Tensor
from torch.nn import functional

from tsearch.networks.plan import Readout
from tsearch.networks.quantised import Linear


class ReadoutModule(Linear):
    """The mean over time, dropout in training, and the linear layer that gives logits."""

    dropout = 0.0  # set by who trains

    def __init__(self, node: Readout) -> None:
        super().__init__(node.n_features, node.shape[0], bias=node.bias)
        self.node = node

    def forward(self, x: Tensor, timesteps: int = 1, scale: float = 1.0) -> Tensor:  # noqa: ARG002
        """Logits of `x` [T, B, C, H, W], the linear layer of `scale` times the mean, which is the mean of the linear
        layer; above 1 where steps are left out of the mean at which nothing arrives."""
        return self.answer(x.flatten(2).mean(0) * scale)

    def answer(self, features: Tensor) -> Tensor:
        """Logits from the mean over time, [B, features]."""
        return super().forward(functional.dropout(features, self.dropout, self.training))

    def steps(self, x: Tensor) -> Tensor:
        """The logits of every timestep, [T, B, classes]; what is dropped is the same at all of them."""
        return super().forward(drop(x.flatten(2), self.dropout))

    def mean_of(self, steps: Tensor, scale: float = 1.0) -> Tensor:
        """The logits that follow from those of all timesteps, [T, B, classes]; `scale` as in `forward`."""
        mean = steps.mean(0)
        if scale == 1:
            return mean
        bias = 0 if self.bias is None else self.bias
        return bias + scale * (mean - bias)


def drop(x: Tensor, rate: float) -> Tensor:
    """`x` [T, B, ...] with dropout: what is dropped is so at every timestep, else it would average out over time (Gal &
    Ghahramani, arXiv 1512.05287)."""
    return x * functional.dropout(torch.ones_like(x[0]), rate) if rate else x
