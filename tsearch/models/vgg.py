"""The VGG-like backbone: convolution 3x3, BatchNorm, neuron and an optional 2x2 pool per block, then one linear layer."""

from typing import TYPE_CHECKING

from tsearch.configuration import Backbone

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, int, int]


def check_fits(backbone: Backbone, shape: Shape) -> None:
    """Raise ValueError if the pools shrink the input `shape` (C, H, W) to nothing."""
    for block, (_, height, width) in enumerate(block_shapes(backbone, shape), start=1):
        if height < 1 or width < 1:
            raise ValueError(f"pool_after {list(backbone.pool_after)}: block {block} has nothing left to pool of {shape[1]}x{shape[2]} pixels")


def block_shapes(backbone: Backbone, shape: Shape) -> list[Shape]:
    """Output shape (C, H, W) of every block, its pool included."""
    shapes = []
    _, height, width = shape
    for block, channels in enumerate(backbone.widths, start=1):
        if block in backbone.pool_after:
            height, width = height // 2, width // 2
        shapes.append((channels, height, width))
    return shapes


def build_blocks(backbone: Backbone, shape: Shape) -> "list[nn.Module]":
    """The blocks, in order."""
    from tsearch.models.block import ConvBlock

    channels = (shape[0], *backbone.widths)
    return [
        ConvBlock(c_in, c_out, pool=backbone.pool if block in backbone.pool_after else None)
        for block, (c_in, c_out) in enumerate(zip(channels, channels[1:], strict=False), start=1)
    ]
