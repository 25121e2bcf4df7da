"""A network while it is found out: nodes with what they read, and what they become as layers.

A node is one call of a layer, a function or neurons. At the end, BatchNorm becomes the bias of the layer before it, and
neurons become part of the layer whose output drives them, where nothing else reads that output.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from hwcost.errors import HwcostError
from hwcost.network.kinds import INPUT, MIXABLE
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.network.stage import StageSpec

Shape = tuple[int, ...]


@dataclass(eq=False)
class Node:
    """One operation of the network.

    Args:
        name: Unique in the network.
        kind: A kind of `hwcost.network.kinds`; empty for neurons alone, "input" for the network's input.
        fields: Further fields of its `LayerSpec`.
        gives: Class and largest value of the events that it sends; analog for numbers.
        sources: What it reads: none for the input, two for a sum.
        events: Own timestep -> what arrives, [samples, *in_shape], whole numbers; empty where numbers arrive.
        outputs: Own timestep -> spikes that its neurons send.
        others: Own timestep -> events of the second summand.
        reads: (own timestep, timestep of the source, number of the source) of everything that was read.
        n_steps: Timesteps that it has run.
        kept: Which of its weights are not zero, in their shape; None where they are not known.
    """

    name: str
    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    in_shape: Shape = ()
    out_shape: Shape = ()
    gives: tuple[str, int] = ("analog", 1)
    sources: tuple["Node", ...] = ()
    events: dict[int, NDArray[Any]] = field(default_factory=dict)
    outputs: dict[int, NDArray[Any]] = field(default_factory=dict)
    others: dict[int, int] = field(default_factory=dict)
    reads: list[tuple[int, int, int]] = field(default_factory=list)
    n_steps: int = 0
    kept: NDArray[Any] | None = None

    @property
    def takes(self) -> tuple[str, int]:
        """Class and largest value of what arrives."""
        return self.sources[0].gives

    @property
    def is_neurons(self) -> bool:
        """True for neurons that are not yet part of a layer."""
        return self.kind == ""


def fold(nodes: Sequence[Node]) -> list[Node]:
    """The nodes without those that became part of the one before them."""
    kept: list[Node] = []
    into: dict[int, Node] = {}
    readers = [id(source) for node in nodes for source in node.sources]
    for node in nodes:
        before = node.sources[0]
        node.sources = tuple(into.get(id(source), source) for source in node.sources)
        if _joins(node, node.sources[0]) and readers.count(id(before)) == 1:
            into[id(node)] = _joined(node.sources[0], node)
        else:
            kept.append(node)
    return kept


def _joins(node: Node, before: Node) -> bool:
    if before.kind == INPUT or "neuron" in before.fields or before.is_neurons:
        return False
    return node.is_neurons or (node.kind == "batch_norm" and before.kind in MIXABLE)


def _joined(before: Node, node: Node) -> Node:
    if node.is_neurons:
        before.fields |= node.fields
        before.outputs, before.gives = node.outputs, node.gives
        before.n_steps = max(before.n_steps, node.n_steps)
    else:
        before.fields["bias"] = True
    return before


def network_of(nodes: Sequence[Node], timesteps: int) -> NetworkSpec:
    """Folded nodes as layers of one stage."""
    if not nodes:
        raise HwcostError("the network has no layer that is known; nothing to price")
    layers, before = [], None
    for node in nodes:
        names = [INPUT if source.kind == INPUT else source.name for source in node.sources]
        follows = node.sources[0] is before or (before is None and names[0] == INPUT)
        layers.append(
            _layer(node, timesteps, "" if follows else names[0], names[1] if len(names) > 1 else "")
        )
        before = node
    return NetworkSpec(tuple(layers), (StageSpec(timesteps),))


def _layer(node: Node, timesteps: int, source: str, other: str) -> LayerSpec:
    in_class, in_max = node.takes
    always_same = in_class == "analog" and timesteps > 1 and node.sources[0].n_steps == 1
    fields = {
        "in_class": in_class,
        "in_max": in_max,
        "source": source,
        "other_source": other,
        "constant_input": always_same,
        **node.fields,
    }
    alone = "neurons" if in_class == "analog" else "flatten"  # neurons that no layer drives
    return LayerSpec(node.name, node.kind or alone, 0, node.in_shape, node.out_shape, **fields)
