"""The VGG-like backbone: convolution 3x3, BatchNorm, neurons and an optional 2x2 pool per block, then one linear
layer."""

from math import prod
from typing import Annotated, Literal, Self

from pydantic import PositiveInt, model_validator

from tsearch.frozen import AbsentMeans
from tsearch.networks.backbones.backbone import Backbone
from tsearch.networks.plan import (
    HEAD,
    INPUT,
    Convolution,
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
    (counted from 1), a 2x2 pool."""

    name: Annotated[Literal["vgg"], AbsentMeans("vgg")] = "vgg"
    widths: Annotated[tuple[PositiveInt, ...], AbsentMeans((8, 16, 32))] = (8, 16, 32)
    pool_after: Annotated[tuple[PositiveInt, ...], AbsentMeans((1, 2))] = (1, 2)
    pool: Annotated[Literal["average", "max"], AbsentMeans("average")] = "average"

    @property
    def depth(self) -> int:
        return len(self.widths)

    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Plan:
        nodes: list[Node] = []
        source: str = INPUT
        before: Shape = shape
        for block, width in enumerate(self.widths, start=1):
            here: Shape = (width, *before[1:])
            name = f"block{block}"
            nodes.append(
                Convolution(
                    name=name, block=block, sources=(source,), in_shape=before, shape=here, neuron=neuron
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
        features = prod(before)
        head = Readout(
            name=HEAD, block=self.depth, sources=(source,), shape=(n_classes,), n_features=features
        )
        return Plan(shape, (*nodes, head))

    @model_validator(mode="after")
    def _pools_exist(self) -> Self:
        if not self.widths:
            raise ValueError("a backbone needs at least one block")
        if any(block > self.depth for block in self.pool_after):
            raise ValueError(
                f"pool_after {list(self.pool_after)} names a block beyond the last one, {self.depth}"
            )
        return self
