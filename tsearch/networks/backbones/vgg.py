"""The VGG-like backbone: convolution 3x3, BatchNorm, neurons and an optional 2x2 pool per block, fully connected layers
with neurons, then one linear layer.

VGG16 of IIR-SNN (arXiv 2110.05929) has widths 64, 64, 128, 128, 256, 256, 256 and six times 512, pools after blocks 2,
4, 7 and 10, and dense 4096, 4096; its VGG6 widths 64, 128, 128, pools after blocks 1 and 3, and the same dense layers;
both norm none. There nothing is dropped between a convolution and its pool, and half or a fifth behind every other
layer; our `block_dropout` acts behind every block, behind its pool where it has one."""

from math import prod
from typing import Annotated, Any, Literal, Self

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
            here = (width, *before[1:])
            nodes.append(_layer(Convolution, block, source, before, here, neuron, has_norm))
            if block in self.pool_after:
                nodes.append(self._pool(nodes[-1], shape))
            source, before = nodes[-1].name, nodes[-1].shape
        for block, width in enumerate(self.dense, start=len(self.widths) + 1):
            window = {"kernel": before[1:], "padding": (0, 0)}
            nodes.append(_layer(Dense, block, source, before, (width, 1, 1), neuron, has_norm, **window))
            source, before = nodes[-1].name, nodes[-1].shape
        head = Readout(
            name=HEAD,
            block=self.depth,
            sources=(source,),
            shape=(n_classes,),
            n_features=prod(before),
            bias=has_norm,
        )
        return Plan(shape, (*nodes, head))

    def _pool(self, layer: Node, frame: tuple[int, int, int]) -> Pool:
        """The pool behind a layer. Raises: ValueError where nothing of the `frame` is left to pool."""
        shape = pooled_shape(layer.shape)
        if min(shape) < 1:
            raise ValueError(
                f"pool_after {list(self.pool_after)}: block {layer.block} has nothing left to pool of "
                f"{frame[1]}x{frame[2]} pixels."
            )
        return Pool(
            name=f"pool{layer.block}",
            block=layer.block,
            sources=(layer.name,),
            in_shape=layer.shape,
            shape=shape,
            mode=self.pool,
        )

    @model_validator(mode="after")
    def _pools_exist(self) -> Self:
        if not self.widths:
            raise ValueError("a backbone needs at least one block")
        if any(block > len(self.widths) for block in self.pool_after):
            raise ValueError(
                f"pool_after {list(self.pool_after)} names a block beyond the last one, {len(self.widths)}"
            )
        return self


def _layer(
    kind: type[Convolution],
    block: int,
    source: str,
    before: Shape,
    shape: Shape,
    neuron: Neuron,
    has_norm: bool,
    **window: Any,
) -> Convolution:
    """The layer with weights of a block."""
    return kind(
        name=f"block{block}",
        block=block,
        sources=(source,),
        in_shape=before,
        shape=shape,
        neuron=neuron,
        norm=has_norm,
        bias=has_norm,
        **window,
    )
