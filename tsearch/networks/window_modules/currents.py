"""What drives the neurons of windows: a convolution, or a core that reads sequences; all windows share the weights."""

import torch
from torch import Tensor, nn

from tsearch.networks.quantised import Conv2d
from tsearch.networks.window_modules.initial import draw_lecun, draw_recurrent, draw_xavier
from tsearch.networks.windows.cores import CORES
from tsearch.networks.windows.cores.sequence import SequenceCore
from tsearch.networks.windows.nodes import WindowConvolution, WindowSequence


class WindowConvolutionModule(nn.Module):
    """One convolution of all windows of all samples and timesteps."""

    is_causal = True  # no timestep depends on a later one, so those behind the last need not run

    def __init__(self, node: WindowConvolution) -> None:
        super().__init__()
        self.node = node
        into, out = (shape[0] // node.windows.groups for shape in (node.in_shape, node.shape))
        self.conv = Conv2d(into, out, node.kernel, padding=node.padding)

    def forward(self, x: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        """`x` [T, B, groups * C, rows, columns], or one step of it; as many steps come out."""
        windows = x.reshape(-1, self.conv.in_channels, *x.shape[3:])
        current: Tensor = self.conv(windows)
        return current.reshape(*x.shape[:2], *self.node.shape)

    def draw_weights(self, generator: torch.Generator) -> None:
        """LeCun's."""
        draw_lecun(self.conv, generator)


class WindowSequenceModule(nn.Module):
    """One core over the pixels of all windows, row by row."""

    is_causal = True  # no timestep depends on a later one, so those behind the last need not run

    def __init__(self, node: WindowSequence) -> None:
        super().__init__()
        self.node = node
        core = CORES[node.core]
        assert isinstance(core, SequenceCore)
        self.core = core.make(node.channels)

    def forward(self, x: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        """`x` [T, B, groups * C, rows, columns], or one step of it; as many steps come out."""
        rows = x.reshape(-1, self.node.channels, x.shape[3] * x.shape[4]).transpose(1, 2)
        given = self.core(rows)
        features: Tensor = given[0] if isinstance(given, tuple) else given
        return features.transpose(1, 2).reshape(*x.shape[:2], *self.node.shape)

    def draw_weights(self, generator: torch.Generator) -> None:
        """Uniform ones for cells, Xavier's for linear layers."""
        for layer in self.core.modules():
            if isinstance(layer, nn.RNNBase):
                draw_recurrent(layer, generator)
            elif isinstance(layer, nn.Linear):
                draw_xavier(layer, generator)
