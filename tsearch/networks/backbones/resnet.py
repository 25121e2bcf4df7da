"""Residual backbones of spiking networks: a stem, groups of residual blocks whose channels double, one linear layer.

Sources: ResNet-18 as in MTT on event data (stem 3x3, global average pool), which is our reading of SSNN's; ResNet-20 as
in DIET-SNN and IIR-SNN (three convolutions and a pool as stem, features flattened), whose blocks add currents before
the spike.
"""

from abc import abstractmethod
from dataclasses import replace
from math import prod
from typing import Annotated, Literal, Self

from pydantic import PositiveInt, model_validator

from tsearch.frozen import AbsentMeans
from tsearch.networks.backbones.backbone import Backbone, mean_of, pool_of
from tsearch.networks.plan import (
    HEAD,
    INPUT,
    Convolution,
    Neuron,
    Node,
    Plan,
    Readout,
    Shape,
    Sum,
    convolved_shape,
)


class ResNet(Backbone):
    """Block 1 is the stem, every residual block another one. The first group has `width` channels, each further one
    twice as many on half as many rows and columns; `blocks` says how many residual blocks the groups have.

    `shortcut` says what it carries: "currents", added to the current of the block's last neurons (identity, or 1x1
    convolution and BatchNorm where the shape changes), or "spikes", added to the block's spikes (SEW-ADD).

    With `norm` "none" no layer has a BatchNorm or a bias."""

    width: Annotated[PositiveInt, AbsentMeans(64)] = 64
    blocks: Annotated[tuple[PositiveInt, ...], AbsentMeans((2, 2, 2, 2))] = (2, 2, 2, 2)
    shortcut: Annotated[Literal["currents", "spikes"], AbsentMeans("currents")] = "currents"
    norm: Annotated[Literal["batch", "none"], AbsentMeans("batch")] = "batch"

    @property
    def depth(self) -> int:
        return 1 + sum(self.blocks)

    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Plan:
        nodes = self._stem(shape, neuron)
        for group, n_blocks in enumerate(self.blocks):
            for position in range(n_blocks):
                stride = 2 if group > 0 and position == 0 else 1
                nodes += self._residual(nodes[-1], self.width * 2**group, stride, neuron)
        nodes += self._end(nodes[-1])
        if self.norm == "none":
            nodes = [replace(n, norm=False, bias=False) if isinstance(n, Convolution) else n for n in nodes]
        last = nodes[-1]
        head = Readout(
            name=HEAD,
            block=last.block,
            sources=(last.name,),
            shape=(n_classes,),
            n_features=prod(last.shape),
            bias=self.norm == "batch",
        )
        return Plan(shape, (*nodes, head))

    @abstractmethod
    def _stem(self, shape: Shape, neuron: Neuron) -> list[Node]:
        """Block 1, for frames of `shape`."""

    @abstractmethod
    def _end(self, last: Node) -> list[Node]:
        """What stands between the last residual block and the linear layer."""

    def _residual(self, before: Node, channels: int, stride: int, neuron: Neuron) -> list[Node]:
        """Two convolutions, the shortcut's where it needs one, and their sum."""
        block, name = before.block + 1, f"block{before.block + 1}"
        adds_spikes = self.shortcut == "spikes"
        behind = neuron if adds_spikes else None
        first = _convolution(f"{name}.first", block, before.name, before.shape, channels, stride, neuron)
        second = _convolution(f"{name}.second", block, first.name, first.shape, channels, 1, behind)
        nodes: list[Node] = [first, second]
        source = before.name
        if before.shape != second.shape:
            source = f"{name}.shortcut"
            nodes.append(_pointwise(source, block, before, channels, stride, behind))
        added = Sum(
            name=f"{name}.sum",
            block=block,
            sources=(second.name, source),
            shape=second.shape,
            neuron=None if adds_spikes else neuron,
        )
        return [*nodes, added]

    @model_validator(mode="after")
    def _has_blocks(self) -> Self:
        if not self.blocks:
            raise ValueError("a residual backbone needs at least one group of blocks")
        return self


class ResNet18(ResNet):
    """Residual network with one convolution as stem and a global average pool before the linear layer: 9 blocks unless
    `blocks` says otherwise."""

    name: Annotated[Literal["resnet18"], AbsentMeans("vgg")] = "resnet18"

    def _stem(self, shape: Shape, neuron: Neuron) -> list[Node]:
        return [_convolution("block1", 1, INPUT, shape, self.width, 1, neuron)]

    def _end(self, last: Node) -> list[Node]:
        return [mean_of(last)]


class ResNet20(ResNet):
    """Residual network with three convolutions and a pool as stem, all features into the linear layer: 9 blocks unless
    `blocks` says otherwise."""

    name: Annotated[Literal["resnet20"], AbsentMeans("vgg")] = "resnet20"

    def _stem(self, shape: Shape, neuron: Neuron) -> list[Node]:
        if min(shape[1:]) < 2:
            raise ValueError(f"the stem has nothing left to pool of {shape[1]}x{shape[2]} pixels.")
        first = _convolution("block1.first", 1, INPUT, shape, self.width, 1, neuron)
        second = _convolution("block1.second", 1, first.name, first.shape, self.width, 1, neuron)
        third = _convolution("block1.third", 1, second.name, second.shape, self.width, 1, neuron)
        return [first, second, third, pool_of(third, (2, 2))]

    def _end(self, last: Node) -> list[Node]:  # noqa: ARG002
        return []


def _convolution(
    name: str, block: int, source: str, shape: Shape, channels: int, stride: int, neuron: Neuron | None
) -> Convolution:
    """3x3 with a border of 1, and BatchNorm."""
    return Convolution(
        name=name,
        block=block,
        sources=(source,),
        in_shape=shape,
        shape=convolved_shape(shape, channels, (3, 3), (stride, stride), (1, 1)),
        stride=(stride, stride),
        neuron=neuron,
    )


def _pointwise(
    name: str, block: int, before: Node, channels: int, stride: int, neuron: Neuron | None
) -> Convolution:
    """1x1 and BatchNorm."""
    return Convolution(
        name=name,
        block=block,
        sources=(before.name,),
        in_shape=before.shape,
        shape=convolved_shape(before.shape, channels, (1, 1), (stride, stride), (0, 0)),
        kernel=(1, 1),
        stride=(stride, stride),
        padding=(0, 0),
        neuron=neuron,
    )
