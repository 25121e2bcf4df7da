"""What every core offers, and the layers of neurons that cores are made of."""

from dataclasses import dataclass
from typing import Literal, Protocol

from tsearch.networks.plan import Neuron, Node, Shape
from tsearch.networks.windows.nodes import Fusion, Gate, GateMode, GroupMembranes, GroupSpikes, Route

LAYER_TYPE = "window"  # of all layers of neurons in windows


@dataclass(frozen=True)
class Style:
    """What all blocks of a network share. `is_literal`: membranes take the ways that the paper writes, not those of its
    code."""

    neuron: Neuron
    groups: Literal[1, 2, 4]
    fusion: Fusion
    theta: float
    is_literal: bool
    gate: GateMode
    condense: Literal["or", "fractional"]
    condense_gradient: Literal["code", "straight_through"]


class Core(Protocol):
    """The layers that a gate's spikes pass."""

    def features(self, channels: int) -> int:
        """Channels of the last layer of neurons, for so many that enter."""

    def carries(self, style: Style) -> bool:
        """Whether a block hands its last membranes on to the next one."""

    def nodes(self, gate: Gate, style: Style, carried: Node | None) -> list[Node]:
        """Nodes behind the `gate`, the last two the last layer's membranes and spikes. `carried` gives the map of
        membranes of the block before."""


def neurons(
    current: Node, gate: Gate, style: Style, route: Route, lower: Node | None
) -> tuple[GroupMembranes, GroupSpikes]:
    """The layer of neurons that `current` drives, "block1.first" for "block1.first.current"; `lower` gives membranes of
    the layer before."""
    layer = current.name.removesuffix(".current")
    membranes = GroupMembranes(
        name=f"{layer}.membrane",
        block=gate.block,
        sources=(current.name, *([] if lower is None else [lower.name])),
        shape=current.shape,
        windows=gate.windows,
        dynamics=style.neuron,
        route=route,
        fusion=style.fusion,
        theta=style.theta,
    )
    spikes = GroupSpikes(
        name=layer,
        block=gate.block,
        sources=(membranes.name,),
        shape=current.shape,
        windows=gate.windows,
        neuron=style.neuron,
        layer_type=LAYER_TYPE,
    )
    return membranes, spikes


def window_shape(gate: Gate, channels: int) -> Shape:
    """Of values with so many channels in every window of a `gate`."""
    return gate.windows.groups * channels, *gate.windows.size
