"""The spikes that enter the windows of a block.

Drawings come from torch's generator: of training, that of its epoch, and of a measurement, that of the configuration
and its seed; whoever repeats either draws the same.
"""

import torch
from torch import Tensor, nn

from tsearch.networks.window_modules.views import cropped
from tsearch.networks.windows.nodes import Gate


class GateModule(nn.Module):
    """Source: the released code of arXiv 2401.10843 draws X > r, r uniform, at inference too. The gradients of the
    other modes are our reading."""

    def __init__(self, node: Gate) -> None:
        super().__init__()
        self.node = node

    def forward(self, x: Tensor, timesteps: int) -> Tensor:
        """`x` [T, B, C, H, W] of numbers, or [1, B, C, H, W]. Returns [T, B, groups * C, rows, columns] of 0 and
        1."""
        mode = self.node.mode
        entering = cropped(x, self.node.windows)
        if mode == "threshold":
            spikes = _with_gradient((entering > 0.5).to(x.dtype), entering)
            return spikes.expand(timesteps, *spikes.shape[1:])
        drawn = torch.rand(timesteps, *entering.shape[1:], device=x.device)
        spikes = (entering > drawn).to(x.dtype)
        return spikes if mode == "bernoulli" else _with_gradient(spikes, entering)


def _with_gradient(spikes: Tensor, x: Tensor) -> Tensor:
    """`spikes`, with the gradient of `x` as if they were it."""
    return spikes + (x - x.detach())
