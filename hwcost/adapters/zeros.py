"""Weights of zero in a model: left out of its network where the caller says so, and told of where they are many."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

from hwcost.adapters.nodes import Node
from hwcost.network.constructors import pruned
from hwcost.network.network import NetworkSpec

MANY = 0.5  # of a layer's weights


def without_zeros(network: NetworkSpec, nodes: Sequence[Node]) -> NetworkSpec:
    """The network with the weights that are not zero."""
    kept = {node.name: node.kept for node in nodes if node.kept is not None}
    layers = (pruned(layer, kept[layer.name]) if layer.name in kept else layer for layer in network.layers)
    return replace(network, layers=tuple(layers))


def mostly_zero(nodes: Sequence[Node]) -> tuple[str, ...]:
    """Layers of which more than half of the weights are zero, with the share: "conv2 (90%)"."""
    shares = {node.name: 1 - float(node.kept.mean()) for node in nodes if node.kept is not None}
    return tuple(f"{name} ({share:.0%})" for name, share in shares.items() if share > MANY)


def warn_of_zeros(sparse: Sequence[str], remedy: str, stacklevel: int) -> None:
    """One warning for the layers that `mostly_zero` named, with the way out."""
    if sparse:
        warnings.warn(
            f"weights of zero are priced like others in {', '.join(sparse)}; {remedy} leaves them out",
            stacklevel=stacklevel + 1,
        )
