"""One block of a backbone: weights, normalisation, neurons, pool, over all timesteps at once."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.configuration import Neuron
from tsearch.networks.neuron import fire
from tsearch.networks.pool import average_pool

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
        merged = _merge(x)
        current = self.conv(merged) if self.training else self.normalised(merged)
        steps = current.view(*x.shape[:2], *current.shape[1:])
        spikes = fire(steps, timesteps, neuron, norm=self.norm if self.training else None)
        if observe is not None:
            observe(spikes)
        if self.pool is None:
            return spikes
        merged = _merge(spikes)
        pooled = average_pool(merged) if self.pool == "average" else functional.max_pool2d(merged, 2)
        return pooled.view(timesteps, x.shape[1], *pooled.shape[1:])

    def normalised(self, x: Tensor) -> Tensor:
        """Convolution and normalisation of `x` [T*B, C, H, W] in one: outside training, the normalisation is part of
        the weights."""
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        bias = norm.bias - norm.running_mean * scale
        weight = (self.conv.weight * scale[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        return functional.conv2d(x, weight, bias, padding=1)


def _merge(x: Tensor) -> Tensor:
    """[T, B, C, H, W] -> [T*B, C, H, W], channels last in memory."""
    return x.flatten(0, 1).contiguous(memory_format=torch.channels_last)
