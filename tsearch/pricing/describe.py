"""From a plan to the layers that the cost model prices. Needs no torch and no training."""

from collections.abc import Container, Mapping
from itertools import pairwise
from math import prod
from typing import Any

from hwcost import LayerSpec, NetworkSpec, StageSpec, passes_through
from hwcost.network.kinds import WEIGHTED
from tsearch.configuration import Configuration
from tsearch.data.dataset import Input
from tsearch.networks.plan import (
    INPUT,
    Attention,
    Convolution,
    Neuron,
    Node,
    Pool,
    Readout,
    Sum,
    stage_of_blocks,
)
from tsearch.networks.steps import Steps, steps_of
from tsearch.phase import UNREDUCED
from tsearch.pricing.events import ANALOG, Events, given
from tsearch.pricing.reduction import Reduction

_VIEW: dict[str, Any] = {"kind": "flatten"}
_PER_CHANNEL: dict[str, Any] = {"kind": "conv2d", "kernel": (1, 1)}
NO_LEAK = 1e6  # from this tau on, neurons are priced without a leak


def describe_network(
    configuration: Configuration,
    data: Input,
    timesteps: tuple[int, ...] | None = None,
    reduction: Reduction | None = None,
) -> NetworkSpec:
    """The network of a configuration as the cost model sees it, with BatchNorm folded into the convolutions, early
    classifiers gone, and `timesteps` per stage (by default the final ones).

    `reduction` is what training has taken from it; without one, all weights are there, at the precision of the last
    phase. Layers are called as their nodes; average pooling hands on graded events, the count of spikes in its window,
    and its division belongs to the next weights. An identity shortcut that enters a stage, or the network, is a
    convolution of one weight per channel; at a stage behind its temporal transformer. Where that one hands events on
    as they are, to be added to events, it is a view of them without a cost."""
    plan = configuration.backbone.plan(data.shape, data.n_classes, configuration.neuron)
    stage = stage_of_blocks(configuration.stages)
    reduction = reduction or Reduction(weight_bits=configuration.schedule[-1].weight_bits)
    mode, timesteps = configuration.temporal_transformer, timesteps or configuration.timesteps
    steps = steps_of(
        plan, configuration.stages, timesteps, reduction.masks, mode=mode, is_static=data.is_static
    )
    layers = _Layers(data, 0 if reduction.weight_bits == UNREDUCED else reduction.weight_bits)
    hands_on = [False, *(passes_through(mode, *pair) for pair in pairwise(timesteps))]
    for node in plan.nodes:
        reads, here = list(node.sources), stage[node.block]
        if isinstance(node, Sum):
            enters = [
                name == INPUT or stage[block] != here
                for name, block in zip(reads, plan.blocks_read(node), strict=True)
            ]
            reads = layers.summands(node, enters, here, hands_on[here], steps[node.name].mask)
        fields = _fields(node) | {
            "stage": here,
            "mask": steps[node.name].mask,
            "kept": reduction.kept.get(node.name, ""),
        }
        layers.add(fields | _arriving(node, fields, steps[node.name]), *reads)
    stages = [StageSpec(t, mode if number else None) for number, t in enumerate(timesteps)]
    return NetworkSpec(tuple(layers.layers), tuple(stages))


class _Layers:
    """Layers so far, and what they give."""

    def __init__(self, data: Input, weight_bits: int) -> None:
        most = 1 if data.input_class == "analog" else data.most_events_per_pixel
        self.layers: list[LayerSpec] = []
        self.events = {INPUT: Events(data.input_class, most)}
        self._is_static, self._weight_bits = data.is_static, weight_bits

    def summands(
        self, node: Sum, enters: list[bool], stage: int, hands_on: bool, mask: tuple[int, ...]
    ) -> list[str]:
        """Names of the layers that a sum adds, numbers first. What `enters` the stage, or the network, gets a layer of
        its own, which runs as the sum does; `hands_on`: the stage gets it as it is."""
        are_events = node.neuron is None and ANALOG not in (self.events[name] for name in node.sources)
        kind = _VIEW if are_events and hands_on else _PER_CHANNEL | {"groups": node.shape[0]}
        kind = kind | {"mask": mask}
        names = [
            self.add(_entering(node, name, stage, self.events) | kind, name) if is_entering else name
            for name, is_entering in zip(node.sources, enters, strict=True)
        ]
        # the cost model adds events to numbers
        return sorted(names, key=lambda name: self.events[name] != ANALOG)

    def add(self, fields: dict[str, Any], reads: str, *others: str) -> str:
        """Add the layer of these fields that reads such layers, and give back its name."""
        previous = self.layers[-1].name if self.layers else INPUT
        arriving = [self.events[name] for name in (reads, *others)]
        if fields["kind"] == "sew_add" and (ANALOG in arriving or fields["neuron"]):
            fields |= {"kind": "membrane_shortcut"}
        if fields["kind"] in ("sew_add", "membrane_shortcut"):
            fields |= {"other_source": others[0]}
        events = ANALOG if fields["kind"] == "membrane_shortcut" else arriving[0]
        layer = LayerSpec(
            in_class=events.kind,
            in_max=events.largest,
            source="" if reads == previous else reads,
            constant_input=reads == INPUT and self._is_static,
            weight_bits=self._weight_bits if fields["kind"] in WEIGHTED else 0,
            **fields,
        )
        self.layers.append(layer)
        self.events[layer.name] = given(layer, arriving)
        return layer.name


def _fields(node: Node) -> dict[str, Any]:
    """Name, kind, geometry and neurons of a node's layer."""
    fields = {"name": node.name, "out_shape": node.shape} | neuron_fields(node.neuron)
    if isinstance(node, Convolution):
        return (
            fields
            | _windows(node)
            | {"kind": "conv2d", "bias": node.norm or node.bias, "groups": node.groups}
        )
    if isinstance(node, Pool):
        return fields | _windows(node) | {"kind": "avg_pool2d" if node.mode == "average" else "max_pool2d"}
    if isinstance(node, Sum):
        return fields | {"kind": "sew_add", "in_shape": node.shape}
    if isinstance(node, Attention):
        tokens = (node.shape[0], prod(node.shape[1:]))
        shapes = {"in_shape": (3, *tokens), "out_shape": tokens}
        return fields | shapes | {"kind": "attention", "operands": (("heads", node.heads),)}
    if isinstance(node, Readout):
        return fields | {"kind": "linear", "in_shape": (node.n_features,), "bias": node.bias}
    raise ValueError(f"'{node.name}': the cost model knows no {type(node).__name__}")


def _entering(node: Node, source: str, stage: int, taken: Container[str]) -> dict[str, Any]:
    """The layer of a shortcut without weights of its own that enters the stage of the sum `node`; names are `taken`."""
    name = f"block{node.block}.shortcut"
    return {
        "name": f"{node.name}.{source}" if name in taken else name,
        "stage": stage,
        "in_shape": node.shape,
        "out_shape": node.shape,
        "neuron": None,
    }


def _arriving(node: Node, fields: Mapping[str, Any], steps: Steps) -> dict[str, Any]:
    """Where queries, keys and values all arrive at an attention, if not at all of its steps."""
    if not isinstance(node, Attention) or steps.reads == steps.total:
        return {}
    return {"operands": (*fields["operands"], ("arriving_steps", steps.reads))}


def _windows(node: Convolution | Pool) -> dict[str, Any]:
    return {name: getattr(node, name) for name in ("in_shape", "kernel", "stride", "padding")}


def neuron_fields(neuron: Neuron | None) -> dict[str, Any]:
    """What of neurons is priced."""
    if neuron is None:
        return {"neuron": None}
    has_leak = neuron.tau <= NO_LEAK or neuron.learned in ("leak", "both")
    return {"neuron": "lif" if has_leak else "if", "reset": neuron.reset}
