"""One block of a backbone: weights, normalisation, neurons, pool, over all timesteps at once."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.configuration import Neuron
from tsearch.models.neuron import fire

# What a recording sees: a layer's name, and the tensor [T, B, ...] at its input or the spikes at its output.
Observer = Callable[[str, Tensor], None]


class ConvBlock(nn.Module):
    """Convolution 3x3 (padding 1, no bias), BatchNorm over all steps and samples, LIF neurons, optional 2x2
    pool."""

    def __init__(self, channels_in: int, channels_out: int, pool: str | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)
        self.pool = pool

    def forward(
        self, x: Tensor, timesteps: int, neuron: Neuron, observe: Callable[[Tensor], None] | None = None
    ) -> Tensor:
        """`x` [T, B, C, H, W], or [1, B, C, H, W] for input that is the same at every step: then the
        convolution runs once and only the neurons run T times. `observe` sees the spikes before the pool.
        Returns [T, B, C', H', W']."""
        current = self.norm(self.conv(_merge(x)))
        spikes = fire(current.view(x.shape[0], x.shape[1], *current.shape[1:]), timesteps, neuron)
        if observe is not None:
            observe(spikes)
        if self.pool is None:
            return spikes
        pooled = (functional.avg_pool2d if self.pool == "average" else functional.max_pool2d)(
            _merge(spikes), 2
        )
        return pooled.view(timesteps, x.shape[1], *pooled.shape[1:])


def _merge(x: Tensor) -> Tensor:
    """[T, B, C, H, W] -> [T*B, C, H, W], channels last in memory."""
    return x.flatten(0, 1).contiguous(memory_format=torch.channels_last)
