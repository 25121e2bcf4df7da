"""From a plan to the layers that the cost model prices. Needs no torch and no training."""

from collections.abc import Mapping
from math import prod
from typing import Any

from hwcost import LayerSpec, NetworkSpec, StageSpec
from tsearch.configuration import Configuration, Neuron
from tsearch.data.dataset import Input
from tsearch.networks.plan import (
    INPUT,
    Attention,
    Convolution,
    Node,
    Pool,
    Readout,
    Sum,
    stage_of_blocks,
)
from tsearch.pricing.events import ANALOG, Events, events_of

NO_LEAK = 1e6  # from this tau on, neurons are priced without a leak


def describe_network(
    configuration: Configuration,
    data: Input,
    timesteps: tuple[int, ...] | None = None,
    masks: Mapping[str, tuple[int, ...]] | None = None,
) -> NetworkSpec:
    """The network of a configuration as the cost model sees it, with BatchNorm folded into the convolutions, early
    classifiers gone, and `timesteps` per stage (by default the final ones).

    `masks`, by the name of a node, say at which timesteps of its stage it runs (see `Network.masks`). Layers are called
    as their nodes; average pooling hands on graded events, the count of spikes in its window, and its division belongs
    to the next weights. An identity shortcut that crosses into a stage is a convolution of one weight per channel,
    behind the temporal transformer of that stage."""
    plan = configuration.backbone.plan(data.shape, data.n_classes, configuration.neuron)
    events = events_of(plan, data.input_class, configuration.stages)
    stage = stage_of_blocks(configuration.stages)
    layers: list[LayerSpec] = []

    def add(name: str, reads: str, node: Node, arriving: Events | None = None, **settings: Any) -> None:
        previous = layers[-1].name if layers else INPUT
        if reads == INPUT and layers:
            raise ValueError(f"'{name}' reads the frames; only the first layer of a network may")
        layers.append(
            LayerSpec(
                name=name,
                stage=stage[node.block],
                source="" if reads == previous else reads,
                constant_input=reads == INPUT and data.is_static,
                in_class=(arriving or events[reads]).kind,
                in_max=(arriving or events[reads]).largest,
                **settings,
            )
        )

    for node in plan.nodes:
        for source, block in zip(node.sources, plan.blocks_read(node), strict=True):
            if isinstance(node, Sum) and stage[block] != stage[node.block]:
                add(f"block{node.block}.shortcut", source, node, **_identity(node))
        settings = _settings(node, gives=events[node.name])
        add(node.name, node.sources[0], node, mask=(masks or {}).get(node.name, ()), **settings)
    mode = configuration.temporal_transformer
    stages = [
        StageSpec(t, mode if number else None)
        for number, t in enumerate(timesteps or configuration.timesteps)
    ]
    return NetworkSpec(tuple(layers), tuple(stages))


def _settings(node: Node, gives: Events) -> dict[str, Any]:
    """Kind, geometry and neurons of the layer of a node that gives such events."""
    settings = _neurons(node.neuron) | {"out_shape": node.shape}
    if isinstance(node, Convolution):
        return settings | _windows(node) | {"kind": "conv2d", "bias": True, "groups": node.groups}
    if isinstance(node, Pool):
        kind = "avg_pool2d" if node.mode == "average" else "max_pool2d"
        return settings | _windows(node) | {"kind": kind}
    if isinstance(node, Sum):
        settings |= {"kind": "sew_add", "in_shape": node.shape}
        of_currents = node.neuron is not None or gives == ANALOG
        return settings | ({"kind": "membrane_shortcut", "arriving": ANALOG} if of_currents else {})
    if isinstance(node, Attention):
        tokens = (node.shape[0], prod(node.shape[1:]))
        settings |= {"kind": "attention", "in_shape": (3, *tokens), "out_shape": tokens}
        return settings | {"operands": (("heads", node.heads),)}
    if isinstance(node, Readout):
        return settings | {"kind": "linear", "in_shape": (node.n_features,), "bias": True}
    raise ValueError(f"'{node.name}': the cost model knows no {type(node).__name__}")


def _windows(node: Convolution | Pool) -> dict[str, Any]:
    return {name: getattr(node, name) for name in ("in_shape", "kernel", "stride", "padding")}


def _identity(node: Node) -> dict[str, Any]:
    """A shortcut without weights of its own that crosses into a stage: mixed over time, then one weight per channel."""
    channels = {"in_shape": node.shape, "out_shape": node.shape, "groups": node.shape[0]}
    return channels | {"kind": "conv2d", "kernel": (1, 1), "stride": (1, 1), "padding": (0, 0)}


def _neurons(neuron: Neuron | None) -> dict[str, Any]:
    if neuron is None:
        return {"neuron": None}
    return {"neuron": "if" if neuron.tau > NO_LEAK else "lif", "reset": neuron.reset}
