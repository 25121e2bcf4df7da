"""The VGG-like backbone: convolution 3x3, BatchNorm, neurons and an optional 2x2 pool per block, fully connected layers
with neurons, then one linear layer.

VGG16 of IIR-SNN (arXiv 2110.05929) has widths 64, 64, 128, 128, 256, 256, 256 and six times 512, pools after blocks 2,
4, 7 and 10, and dense 4096, 4096; its VGG6 widths 64, 128, 128, pools after blocks 1 and 3, and the same dense layers;
both norm none. There nothing is dropped between a convolution and its pool, and half or a fifth behind every other
layer; our `block_dropout` acts behind every block, behind its pool where it has one."""

from math import prod
from typing import Annotated, Literal, Self

from pydantic import PositiveInt, model_validator

from tsearch.frozen import AbsentMeans
from tsearch.networks.backbones.backbone import Backbone
from tsearch.networks.plan import (
    HEAD,
    INPUT,
    Convolution,
    Dense,
    Neuron,
    Node,
    Plan,
    Pool,
    Readout,
    Shape,
    pooled_shape,
)


class Vgg(Backbone):
    """One block per entry of `widths`: convolution 3x3, BatchNorm, neuron and, for the blocks named in `pool_after`
    (counted from 1), a 2x2 pool. Then one block per entry of `dense`: a fully connected layer of so many neurons.

    With `norm` "none" no layer has a BatchNorm or a bias."""

    name: Annotated[Literal["vgg"], AbsentMeans("vgg")] = "vgg"
    widths: Annotated[tuple[PositiveInt, ...], AbsentMeans((8, 16, 32))] = (8, 16, 32)
    pool_after: Annotated[tuple[PositiveInt, ...], AbsentMeans((1, 2))] = (1, 2)
    pool: Annotated[Literal["average", "max"], AbsentMeans("average")] = "average"
    dense: Annotated[tuple[PositiveInt, ...], AbsentMeans(())] = ()
    norm: Annotated[Literal["batch", "none"], AbsentMeans("batch")] = "batch"

    @property
    def depth(self) -> int:
        return len(self.widths) + len(self.dense)

    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Plan:
        nodes: list[Node] = []
        source: str = INPUT
        before: Shape = shape
        has_norm = self.norm == "batch"
        for block, width in enumerate(self.widths, start=1):
            here: Shape = (width, *before[1:])
            name = f"block{block}"
            nodes.append(
                Convolution(
                    name=name,
                    block=block,
                    sources=(source,),
                    in_shape=before,
                    shape=here,
                    neuron=neuron,
                    norm=has_norm,
                    bias=has_norm,
                )
            )
            source, before = name, here
            if block in self.pool_after:
                source, before = f"pool{block}", pooled_shape(here)
                if min(before) < 1:
                    raise ValueError(
                        f"pool_after {list(self.pool_after)}: block {block} has nothing left to pool of "
                        f"{shape[1]}x{shape[2]} pixels."
                    )
                nodes.append(
                    Pool(
                        name=source, block=block, sources=(name,), in_shape=here, shape=before, mode=self.pool
                    )
                )
        for block, width in enumerate(self.dense, start=len(self.widths) + 1):
            name, here = f"block{block}", (width, 1, 1)
            nodes.append(
                Dense(
                    name=name,
                    block=block,
                    sources=(source,),
                    in_shape=before,
                    shape=here,
                    neuron=neuron,
                    kernel=(before[1], before[2]),
                    padding=(0, 0),
                    norm=has_norm,
                    bias=has_norm,
                )
            )
            source, before = name, here
        features = prod(before)
        head = Readout(
            name=HEAD,
            block=self.depth,
            sources=(source,),
            shape=(n_classes,),
            n_features=features,
            bias=has_norm,
        )
        return Plan(shape, (*nodes, head))

    @model_validator(mode="after")
    def _pools_exist(self) -> Self:
        if not self.widths:
            raise ValueError("a backbone needs at least one block")
        if any(block > len(self.widths) for block in self.pool_after):
            raise ValueError(
                f"pool_after {list(self.pool_after)} names a block beyond the last one, {len(self.widths)}"
            )
        return self
