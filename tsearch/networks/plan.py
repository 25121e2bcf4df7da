"""The plan of a network: typed nodes in the order in which they run, without torch and without time.

A backbone family writes it once. `networks/network.py` makes modules from it, `pricing/describe.py` the layers that the
cost model prices, `pricing/record.py` counts what its nodes send. Its nodes (`networks/nodes.py`) have their names here
too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from tsearch.networks.nodes import (
    HEAD,
    INPUT,
    Attention,
    Convolution,
    Dense,
    Neuron,
    Node,
    Pair,
    Pool,
    Readout,
    Shape,
    Sum,
    convolved_shape,
    pooled_shape,
)

__all__ = [
    "HEAD",
    "INPUT",
    "Attention",
    "Convolution",
    "Dense",
    "Neuron",
    "Node",
    "Pair",
    "Plan",
    "Pool",
    "Readout",
    "Shape",
    "Sum",
    "convolved_shape",
    "pooled_shape",
    "stage_of_blocks",
]


@dataclass(frozen=True)
class Plan:
    """All nodes, block after block; the last one is the readout.

    Raises: ValueError where names repeat, a source is no earlier node, or a block reads anything but the output of the
    block before it."""

    input_shape: Shape
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not self.nodes or not isinstance(self.nodes[-1], Readout):
            raise ValueError("a plan ends with a readout")
        seen: dict[str, int] = {INPUT: 0}
        outputs, parts = {0: INPUT}, set()
        for node in self.nodes:
            if node.name in seen or (node.block, node.part) in parts:
                raise ValueError(f"two nodes are called '{node.name}'")
            if node.block not in (max(outputs), max(outputs) + 1) or node.block < 1:
                raise ValueError(f"'{node.name}' of block {node.block} follows block {max(outputs)}")
            for source in node.sources:
                if source not in seen:
                    raise ValueError(f"'{node.name}' reads '{source}', which is no earlier node")
                if seen[source] != node.block and source != outputs.get(node.block - 1):
                    raise ValueError(
                        f"'{node.name}' of block {node.block} reads '{source}' of block {seen[source]}"
                    )
            parts.add((node.block, node.part))
            seen[node.name] = node.block
            outputs[node.block] = node.name

    @property
    def depth(self) -> int:
        """Number of blocks."""
        return self.nodes[-1].block

    @property
    def readout(self) -> Readout:
        """The last node."""
        node = self.nodes[-1]
        assert isinstance(node, Readout)
        return node

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    def block_output(self, block: int) -> Node:
        """The last node of a block, which the next block reads; the readout belongs to no block here."""
        return [node for node in self.nodes[:-1] if node.block == block][-1]

    @property
    def layer_types(self) -> tuple[str, ...]:
        """The types of its layers of neurons, in the order in which they appear first."""
        return tuple(dict.fromkeys(node.layer_type for node, _ in self.neurons() if node.layer_type))

    def neurons(self) -> Iterator[tuple[Node, int]]:
        """Every node that has spiking neurons, and how many."""
        return ((node, prod(node.shape)) for node in self.nodes if node.neuron is not None)

    @cached_property
    def n_parameters(self) -> int:
        """Weights of the finished network: those of convolutions and readout, biases counted, BatchNorm as one bias."""
        return sum(node.n_parameters for node in self.nodes)


def stage_of_blocks(division: Sequence[int]) -> dict[int, int]:
    """Index of the stage, from 0, of every block, from 1, for a division such as (1, 2)."""
    stages = [stage for stage, n_blocks in enumerate(division) for _ in range(n_blocks)]
    return dict(enumerate(stages, start=1))
