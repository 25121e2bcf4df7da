"""A small spiking network around a layer of every kind, for tests that hold for all of them."""

from typing import Any

import hwcost as h
from hwcost.network.kinds import (
    ATTENTIONS,
    CONDENSING,
    CONVOLUTIONS,
    KINDS,
    POOLS,
    RESIDUALS,
    TRANSPOSED,
)  # fmt: skip

SPATIAL = CONVOLUTIONS | TRANSPOSED | POOLS
LENGTHS = dict.fromkeys(CONVOLUTIONS, 3) | dict.fromkeys(TRANSPOSED, 5) | dict.fromkeys(POOLS, 2)


def network_of(kind: str, timesteps: int = 4) -> h.NetworkSpec:
    """A stem that fires, the layer called `layer`, and a head that reads it."""
    layer = _layer(kind)
    driver = "branch" if kind in RESIDUALS or kind in ("batch_norm", "neurons", "gate") else "stem"
    stem = h.LayerSpec("stem", "linear", 0, (5,), layer.in_shape, neuron="lif")
    layers = [stem]
    if driver == "branch":
        fires = "lif" if kind.startswith("sew") else None
        layers.append(h.LayerSpec("branch", "linear", 0, stem.out_shape, layer.in_shape, neuron=fires))
    return h.NetworkSpec((*layers, layer, _head(layer)), (h.StageSpec(timesteps),))


def _layer(kind: str) -> h.LayerSpec:
    shapes, more = _shapes(kind)
    weighted = kind not in (
        *POOLS, *RESIDUALS, *ATTENTIONS, *CONDENSING, "gate", "concat", "flatten", "lstm", "embedding",
    )  # fmt: skip
    if weighted or kind == "membrane_shortcut":
        more["neuron"] = "lif"
    if kind in ("membrane_shortcut", "batch_norm", "neurons", "gate"):
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
    if kind == "gate":
        return ((2, 4, 4), (8, 3, 3)), {"operands": (("draws", 1),)}
    if kind in CONDENSING:
        return ((8, 3, 3), (2, 4, 4)), {"operands": (("overlap", 4),)}
    if kind == "sequence":
        operands = (("gates", 4), ("directions", 2), ("inflow", 5), ("outflow", 3))
        return ((4, 2, 2), (4, 2, 2)), {"groups": 2, "operands": operands}
    if kind == "embedding":
        return ((6,), (4,)), {"source": "input"}
    keeps_shape = kind in ("batch_norm", "neurons", "concat", "flatten")
    return ((4,), (4,) if keeps_shape else (3,)), {}


def _head(layer: h.LayerSpec) -> h.LayerSpec:
    if not layer.gives_events:
        return h.linear("head", layer.out_shape, 3, in_class="analog")
    graded = layer.kind.startswith("avg") or layer.kind in ("sew_add", "condense_add")
    return h.linear("head", layer.out_shape, 3, **({"in_class": "graded", "in_max": 8} if graded else {}))


NETWORKS = {kind: network_of(kind) for kind in KINDS}
