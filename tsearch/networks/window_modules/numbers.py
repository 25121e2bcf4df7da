"""The layers between numbers: convolutions with first weights of their own, GELU, joined channels and parts of them."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.networks.modules import ConvolutionModule
from tsearch.networks.readout import ReadoutModule
from tsearch.networks.window_modules.initial import draw_lecun, draw_xavier
from tsearch.networks.windows.nodes import Gelu, Join, Part, RealConvolution


class RealConvolutionModule(ConvolutionModule):
    """A convolution between numbers."""

    node: RealConvolution

    def draw_weights(self, generator: torch.Generator) -> None:
        """LeCun's or Xavier's."""
        {"lecun": draw_lecun, "xavier": draw_xavier}[self.node.initial](self.conv, generator)


class ZeroReadoutModule(ReadoutModule):
    """A readout that begins with equal logits."""

    def draw_weights(self, generator: torch.Generator) -> None:  # noqa: ARG002
        """Zeros."""
        nn.init.zeros_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class GeluModule(nn.Module):
    """GELU of every number."""

    is_causal = True  # no timestep depends on a later one, so those behind the last need not run

    def __init__(self, node: Gelu) -> None:
        super().__init__()
        self.node = node

    def forward(self, x: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        return functional.gelu(x)


class JoinModule(nn.Module):
    """Channels of several values, as many steps as the one with most."""

    is_causal = True  # no timestep depends on a later one, so those behind the last need not run

    def __init__(self, node: Join) -> None:
        super().__init__()
        self.node = node

    def forward(self, *values_and_timesteps: Any) -> Tensor:
        *values, _ = values_and_timesteps
        steps = max(len(value) for value in values)
        return torch.cat([value.expand(steps, *value.shape[1:]) for value in values], dim=2)


class PartModule(nn.Module):
    """Some channels."""

    is_causal = True  # no timestep depends on a later one, so those behind the last need not run

    def __init__(self, node: Part) -> None:
        super().__init__()
        self.node = node

    def forward(self, x: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        return x[:, :, self.node.first : self.node.first + self.node.shape[0]]
