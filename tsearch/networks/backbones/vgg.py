"""The VGG-like backbone: convolution 3x3, BatchNorm, neuron and an optional 2x2 pool per block, then one
linear layer.

`build_blocks` makes the torch modules, `describe_layers` the shapes that the cost model prices; only the
first needs torch."""

import itertools
from math import prod
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import PositiveInt, model_validator

from hwcost import LayerSpec
from tsearch.configuration import AbsentMeans, Backbone, Configuration, Neuron

if TYPE_CHECKING:
    from torch import nn

    from tsearch.data.dataset import Input
    from tsearch.networks.plan import Plan

Shape = tuple[int, int, int]


class Vgg(Backbone):
    """One block per entry of `widths`: convolution 3x3, BatchNorm, neuron and, for the blocks named in `pool_after`
    (counted from 1), a 2x2 pool."""

    name: Annotated[Literal["vgg"], AbsentMeans("vgg")] = "vgg"
    widths: Annotated[tuple[PositiveInt, ...], AbsentMeans((8, 16, 32))] = (8, 16, 32)
    pool_after: Annotated[tuple[PositiveInt, ...], AbsentMeans((1, 2))] = (1, 2)
    pool: Annotated[Literal["average", "max"], AbsentMeans("average")] = "average"

    @property
    def depth(self) -> int:
        return len(self.widths)

    def plan(self, shape: Shape, n_classes: int, neuron: Neuron) -> "Plan":
        raise NotImplementedError

    @model_validator(mode="after")
    def _pools_exist(self) -> Self:
        if not self.widths:
            raise ValueError("a backbone needs at least one block")
        if any(block > self.depth for block in self.pool_after):
            raise ValueError(
                f"pool_after {list(self.pool_after)} names a block beyond the last one, {self.depth}"
            )
        return self


MOST_EVENTS = 255  # of one pixel in one timestep, where the data are event counts: messages of 8 bits


def check_fits(backbone: Vgg, shape: Shape) -> None:
    """Raise ValueError if the pools shrink the input `shape` (C, H, W) to nothing."""
    for block, (_, height, width) in enumerate(block_shapes(backbone, shape), start=1):
        if height < 1 or width < 1:
            pools = list(backbone.pool_after)
            size = f"{shape[1]}x{shape[2]} pixels"
            raise ValueError(f"pool_after {pools}: block {block} has nothing left to pool of {size}.")


def block_shapes(backbone: Vgg, shape: Shape) -> list[Shape]:
    """Output shape (C, H, W) of every block, its pool included."""
    shapes = []
    _, height, width = shape
    for block, channels in enumerate(backbone.widths, start=1):
        if block in backbone.pool_after:
            height, width = height // 2, width // 2
        shapes.append((channels, height, width))
    return shapes


def build_blocks(backbone: Vgg, shape: Shape) -> "list[nn.Module]":
    """The blocks, in order."""
    from tsearch.networks.block import ConvBlock

    channels = (shape[0], *backbone.widths)
    return [
        ConvBlock(c_in, c_out, pool=backbone.pool if block in backbone.pool_after else None)
        for block, (c_in, c_out) in enumerate(itertools.pairwise(channels), start=1)
    ]


def describe_layers(configuration: Configuration, data: "Input") -> list[LayerSpec]:
    """The layers `block1`, `pool1`, `block2` ... `head`, BatchNorm folded into the convolutions.

    Average pooling hands on graded events, the count of spikes in its window; its 1/4 belongs to the next
    weights."""
    backbone, neuron = configuration.backbone, configuration.neuron
    assert isinstance(backbone, Vgg)
    stages = [stage for stage, n_blocks in enumerate(configuration.stages) for _ in range(n_blocks)]
    events: tuple[str, int]
    shape, events = data.shape, (data.input_class, 1 if data.input_class == "analog" else MOST_EVENTS)
    layers: list[LayerSpec] = []
    for block, (stage, after) in enumerate(zip(stages, block_shapes(backbone, shape), strict=True), start=1):
        before = (after[0], *shape[1:])
        layers.append(
            LayerSpec(
                name=f"block{block}",
                kind="conv2d",
                stage=stage,
                in_shape=shape,
                out_shape=before,
                kernel=(3, 3),
                padding=(1, 1),
                in_class=events[0],
                in_max=events[1],
                bias=True,
                neuron="if" if neuron.tau > 1e6 else "lif",
                reset=neuron.reset,
                constant_input=block == 1 and data.is_static,
            )
        )
        events = ("binary", 1)
        if block in backbone.pool_after:
            kind = "avg_pool2d" if backbone.pool == "average" else "max_pool2d"
            layers.append(
                LayerSpec(f"pool{block}", kind, stage, before, after, kernel=(2, 2), in_class="binary")
            )
            events = ("graded", 4) if backbone.pool == "average" else ("binary", 1)
        shape = after
    layers.append(
        LayerSpec(
            "head",
            "linear",
            stages[-1],
            (prod(shape),),
            (data.n_classes,),
            in_class=events[0],
            in_max=events[1],
            bias=True,
        )
    )
    return layers
