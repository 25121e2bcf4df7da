"""A small spiking network around a layer of every kind, for tests that hold for all of them."""

from typing import Any

import hwcost as h
from hwcost.network.kinds import ATTENTIONS, CONVOLUTIONS, KINDS, POOLS, RESIDUALS, TRANSPOSED

SPATIAL = CONVOLUTIONS | TRANSPOSED | POOLS
LENGTHS = dict.fromkeys(CONVOLUTIONS, 3) | dict.fromkeys(TRANSPOSED, 5) | dict.fromkeys(POOLS, 2)


def network_of(kind: str, timesteps: int = 4) -> h.NetworkSpec:
    """A stem that fires, the layer called `layer`, and a head that reads it."""
    layer = _layer(kind)
    driver = "branch" if kind in RESIDUALS or kind in ("batch_norm", "neurons") else "stem"
    stem = h.LayerSpec("stem", "linear", 0, (5,), layer.in_shape, neuron="lif")
    layers = [stem]
    if driver == "branch":
        fires = "lif" if kind.startswith("sew") else None
        layers.append(h.LayerSpec("branch", "linear", 0, stem.out_shape, layer.in_shape, neuron=fires))
    return h.NetworkSpec((*layers, layer, _head(layer)), (h.StageSpec(timesteps),))


def _layer(kind: str) -> h.LayerSpec:
    shapes, more = _shapes(kind)
    weighted = kind not in (*POOLS, *RESIDUALS, *ATTENTIONS, "concat", "flatten", "lstm", "embedding")
    if weighted or kind == "membrane_shortcut":
        more["neuron"] = "lif"
    if kind in ("membrane_shortcut", "batch_norm", "neurons"):
        more["in_class"] = "analog"
    return h.LayerSpec("layer", kind, 0, *shapes, **more)


def _shapes(kind: str) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], dict[str, Any]]:
    if kind in SPATIAL:
        axes = SPATIAL[kind]
        return ((2, *(4,) * axes), (2, *(LENGTHS[kind],) * axes)), {"kernel": (2,) * axes}
    if kind in ATTENTIONS:
        return ((3, 4, 2), (4, 2)), {"operands": (("heads", 2),)}
    if kind in RESIDUALS:
        return ((4,), (4,)), {"source": "branch", "other_source": "stem"}
    if kind == "embedding":
        return ((6,), (4,)), {"source": "input"}
    keeps_shape = kind in ("batch_norm", "neurons", "concat", "flatten")
    return ((4,), (4,) if keeps_shape else (3,)), {}


def _head(layer: h.LayerSpec) -> h.LayerSpec:
    if not layer.gives_events:
        return h.linear("head", layer.out_shape, 3, in_class="analog")
    graded = layer.kind.startswith("avg") or layer.kind == "sew_add"
    return h.linear("head", layer.out_shape, 3, **({"in_class": "graded", "in_max": 8} if graded else {}))


NETWORKS = {kind: network_of(kind) for kind in KINDS}
