"""The windows of a block become one map again."""

import torch
from torch import Tensor, nn

from tsearch.networks.window_modules.views import mean_of_windows
from tsearch.networks.windows.nodes import Condense


class CondenseModule(nn.Module):
    """Means over windows; with "or", those above 0 become 1. The paper's region threshold of .1, and the .2 of its
    code, are below the smallest mean of spikes above 0, so they do the same."""

    is_causal = True  # no timestep depends on a later one, so those behind the last need not run

    def __init__(self, node: Condense) -> None:
        super().__init__()
        self.node = node

    def forward(self, x: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        """`x` [T, B, groups * F, rows, columns]. Returns [T, B, F, H, W]."""
        mean = mean_of_windows(x, self.node.windows)
        if self.node.mode != "or":
            return mean
        if self.node.gradient == "straight_through":
            return (mean.detach() > 0).to(mean.dtype) + (mean - mean.detach())
        return torch.where(mean > 0, 1.0, mean)
