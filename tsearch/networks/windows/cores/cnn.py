"""Two convolutions 3x3 with neurons behind each: the CNN-SNN of arXiv 2401.10843."""

from tsearch.networks.plan import Node
from tsearch.networks.windows.cores.core import Style, neurons
from tsearch.networks.windows.nodes import Condense, Gate, Route, WindowConvolution


class Cnn:
    """In the released code, membranes of the second layer also come from the first layer, one group earlier, and none
    leaves a block; as the paper writes it, every layer has those of the layer before, across blocks too."""

    def features(self, channels: int) -> int:
        return channels

    def carries(self, style: Style) -> bool:
        return style.is_literal

    def nodes(self, gate: Gate, style: Style, carried: Node | None) -> list[Node]:
        first: Route = "literal" if style.is_literal else "group"
        second: Route = "literal" if style.is_literal else "lagged"
        current = _convolution("first", gate, gate)
        membranes, spikes = neurons(current, gate, style, first, carried)
        nodes: list[Node] = [current, membranes, spikes]
        if style.is_literal:
            nodes.append(_as_map(membranes, gate))
        lower = nodes[-1] if style.is_literal else membranes
        current = _convolution("second", spikes, gate)
        return [*nodes, current, *neurons(current, gate, style, second, lower)]


def _convolution(layer: str, source: Node, gate: Gate) -> WindowConvolution:
    return WindowConvolution(
        name=f"block{gate.block}.{layer}.current",
        block=gate.block,
        sources=(source.name,),
        in_shape=source.shape,
        shape=source.shape,
        windows=gate.windows,
    )


def _as_map(membranes: Node, gate: Gate) -> Condense:
    return Condense(
        name=f"{membranes.name}.map",
        block=gate.block,
        sources=(membranes.name,),
        in_shape=membranes.shape,
        shape=gate.in_shape,
        windows=gate.windows,
        mode="mean",
    )
