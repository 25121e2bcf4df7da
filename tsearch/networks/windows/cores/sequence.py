"""Cores that read a window as a sequence of pixels: one layer, whose outputs drive neurons."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tsearch.networks.plan import Node
from tsearch.networks.windows.cores.core import Style, neurons, window_shape
from tsearch.networks.windows.nodes import Gate, Route, WindowSequence

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class SequenceCore:
    """A layer from [N, pixels, C] to [N, pixels, width * C].

    Args:
        name: As settings call it.
        width: Features per channel that enters; 2 where the sequence is read in both directions.
        n_parameters: Weights and biases for C channels.
        make: The torch layer for C channels, its weights still arbitrary.
        cell: Gates and directions of a recurrent layer, which the cost model counts; None for another one.
    """

    name: str
    width: int
    n_parameters: Callable[[int], int]
    make: Callable[[int], "nn.Module"]
    cell: tuple[int, int] | None = None

    def features(self, channels: int) -> int:
        return self.width * channels

    def carries(self, style: Style) -> bool:  # noqa: ARG002
        return True

    def nodes(self, gate: Gate, style: Style, carried: Node | None) -> list[Node]:
        """The map of membranes goes from block to block, as in the released code."""
        channels = gate.in_shape[0]
        current = WindowSequence(
            name=f"block{gate.block}.first.current",
            block=gate.block,
            sources=(gate.name,),
            in_shape=gate.shape,
            shape=window_shape(gate, self.features(channels)),
            windows=gate.windows,
            core=self.name,
            n_weights=self.n_parameters(channels),
        )
        route: Route = "literal" if style.is_literal else "crossed"
        return [current, *neurons(current, gate, style, route, carried)]


def recurrent(name: str, n_gates: int, n_directions: int, make: Callable[[int], "nn.Module"]) -> SequenceCore:
    """The core of a recurrent layer of torch with as many units as inputs, in each direction: two matrices and two
    biases for each of its gates."""

    def n_parameters(channels: int) -> int:
        return n_directions * n_gates * (2 * channels * channels + 2 * channels)

    return SequenceCore(name, n_directions, n_parameters, make, (n_gates, n_directions))
