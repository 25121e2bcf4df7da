"""The plan of a network: typed nodes in the order in which they run, without torch and without time.

A backbone family writes it once. `networks/build.py` makes modules from it, `pricing/price.py` the layers that the cost
model prices, `pricing/record.py` counts what its nodes send. Shapes are those of one sample at one timestep, (C, H, W).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

from tsearch.configuration import Neuron

INPUT = "input"  # what nodes call the frames that enter the network
HEAD = "head"

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Node:
    """One operation.

    Args:
        name: Unique; prices and reports call it so: "block3", "pool3", "block3.shortcut", "head".
        block: Number of its block, from 1. A stage holds whole blocks; a block reads the input or the output of the
            block before it, and only its last node is read from outside.
        sources: Names of the nodes whose outputs arrive.
        shape: Of its output.
        neuron: The spiking neurons that its result drives; None where it is handed on as it is.
    """

    name: str
    block: int
    sources: tuple[str, ...]
    shape: Shape
    neuron: Neuron | None = None


@dataclass(frozen=True, kw_only=True)
class Convolution(Node):
    """A convolution over the channels of `in_shape`, followed by BatchNorm where `norm`, else with a bias."""

    in_shape: Shape
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Pair = (1, 1)
    groups: int = 1
    norm: bool = True


@dataclass(frozen=True, kw_only=True)
class Pool(Node):
    """The average or maximum of windows."""

    in_shape: Shape
    mode: Literal["average", "max"] = "average"
    kernel: Pair = (2, 2)
    stride: Pair = (2, 2)
    padding: Pair = (0, 0)


@dataclass(frozen=True, kw_only=True)
class Sum(Node):
    """The sum of its two sources, the branch first: of currents, which then drive neurons, or of spikes (graded)."""


@dataclass(frozen=True, kw_only=True)
class Attention(Node):
    """Spiking self-attention without softmax, scale * Q K^T V per head, over the pixels of its sources Q, K and V."""

    heads: int
    scale: float


@dataclass(frozen=True, kw_only=True)
class Readout(Node):
    """The mean over time of its source's features, then one linear layer: logits."""

    n_features: int


@dataclass(frozen=True)
class Plan:
    """All nodes; the last one is the readout.

    Raises: ValueError where names repeat, a source is no earlier node, or a block reads past the block before it."""

    input_shape: Shape
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        seen: dict[str, int] = {INPUT: 0}
        for node in self.nodes:
            if node.name in seen:
                raise ValueError(f"two nodes are called '{node.name}'")
            for source in node.sources:
                if source not in seen:
                    raise ValueError(f"'{node.name}' reads '{source}', which is no earlier node")
                if seen[source] < node.block - 1 or seen[source] > node.block:
                    raise ValueError(
                        f"'{node.name}' of block {node.block} reads '{source}' of block {seen[source]}"
                    )
            seen[node.name] = node.block

    @property
    def depth(self) -> int:
        """Number of blocks."""
        return self.nodes[-1].block

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    def block_output(self, block: int) -> Node:
        """The node whose output the next block reads, or the readout after the last block."""
        return [node for node in self.nodes if node.block == block and not isinstance(node, Readout)][-1]

    def neurons(self) -> Iterator[tuple[Node, int]]:
        """Every node that has spiking neurons, and how many."""
        return ((node, prod(node.shape)) for node in self.nodes if node.neuron is not None)

    @cached_property
    def n_parameters(self) -> int:
        """Weights of the finished network: those of convolutions and readout, biases counted, BatchNorm as one bias."""
        return sum(_n_parameters(node) for node in self.nodes)


def _n_parameters(node: Node) -> int:
    if isinstance(node, Convolution):
        return node.in_shape[0] // node.groups * node.shape[0] * prod(node.kernel) + node.shape[0]
    return (node.n_features + 1) * node.shape[0] if isinstance(node, Readout) else 0
