"""From a plan to the layers that the cost model prices. Needs no torch and no training."""

from collections.abc import Container
from itertools import pairwise
from typing import Any

from hwcost import LayerSpec, NetworkSpec, StageSpec, passes_through
from hwcost.network.kinds import WEIGHTED
from tsearch.configuration import Configuration
from tsearch.data.dataset import Input
from tsearch.networks.plan import INPUT, Node, Plan, Shape, Sum, stage_of_blocks
from tsearch.networks.steps import steps_of
from tsearch.networks.windows.nodes import Gate, GroupMembranes, GroupSpikes
from tsearch.phase import UNREDUCED
from tsearch.pricing.events import ANALOG, Events, given
from tsearch.pricing.node_layers import arriving, layers_of
from tsearch.pricing.reduction import Reduction
from tsearch.pricing.windows import PARTS_OF_LAYERS, origin_of

_VIEW: dict[str, Any] = {"kind": "flatten"}
_PER_CHANNEL: dict[str, Any] = {"kind": "conv2d", "kernel": (1, 1)}


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
    as they are, to be added to events, it is a view of them without a cost. Numbers that enter a stage at a gate, and
    membranes, are such a convolution too."""
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
        origin, here = origin_of(plan, node), stage[node.block]
        if origin is not None:
            layers.hand_on(node, origin)
        elif not isinstance(node, PARTS_OF_LAYERS):
            reduced = {
                "stage": here,
                "mask": steps[_longest(plan, node)].mask,
                "kept": reduction.kept.get(node.name, ""),
            }
            for fields, reads in layers_of(plan, node):
                own = fields | reduced | arriving(node, fields, steps[node.name])
                layers.add_node(node, own, list(reads), hands_on[here])
    stages = [StageSpec(t, mode if number else None) for number, t in enumerate(timesteps)]
    return NetworkSpec(tuple(layers.layers), tuple(stages))


class _Layers:
    """Layers so far, and what they give."""

    def __init__(self, data: Input, weight_bits: int) -> None:
        most = 1 if data.input_class == "analog" else data.most_events_per_pixel
        self.layers: list[LayerSpec] = []
        self.events = {INPUT: Events(data.input_class, most)}
        self._layer_of = {INPUT: INPUT}  # by node
        self._is_static, self._weight_bits = data.is_static, weight_bits

    def hand_on(self, node: Node, origin: str) -> None:
        """Who reads `node` reads the layer of `origin`: of membranes, numbers."""
        self._layer_of[node.name] = self._layer_of.get(origin, origin)
        self.events[node.name] = ANALOG if isinstance(node, GroupMembranes) else self.events[origin]

    def add_node(self, node: Node, fields: dict[str, Any], reads: list[str], hands_on: bool) -> None:
        """Add a layer of `node`. A sum, a gate, and neurons that read membranes are not behind a temporal transformer
        themselves, nor is a sum at the network's input: a layer of its own is, which runs as they do; `hands_on`: the
        stage gets what enters it as it is."""
        if isinstance(node, Sum | Gate | GroupSpikes):
            are_events = isinstance(node, Sum) and node.neuron is None
            are_events &= ANALOG not in (self.events[name] for name in reads)
            kind = _VIEW if are_events and hands_on else _PER_CHANNEL
            own = kind | {"stage": fields["stage"], "mask": fields["mask"]}
            reads = [self._entered(node, name, own) for name in reads]
        if isinstance(node, Sum):  # the cost model adds events to numbers
            reads.sort(key=lambda name: self.events[name] != ANALOG)
        self.add(fields, *(reads if isinstance(node, Sum) else reads[:1]))

    def _entered(self, node: Node, name: str, own: dict[str, Any]) -> str:
        source = next((x for x in self.layers if x.name == self._layer_of.get(name, name)), None)
        if source is not None and source.stage == own["stage"]:
            return name
        shape = node.shape if source is None else source.out_shape
        groups = {} if own["kind"] == _VIEW["kind"] else {"groups": shape[0]}
        return self.add(_entering(node, name, shape, self.events) | own | groups, name)

    def add(self, fields: dict[str, Any], reads: str, *others: str) -> str:
        """Add the layer of these fields that reads such layers, and give back its name."""
        previous = self.layers[-1].name if self.layers else INPUT
        arriving = [self.events[name] for name in (reads, *others)]
        if fields["kind"] == "sew_add" and (ANALOG in arriving or fields["neuron"]):
            fields |= {"kind": "membrane_shortcut"}
        if fields["kind"] in ("sew_add", "membrane_shortcut"):
            fields |= {"other_source": self._layer_of.get(others[0], others[0])}
        events = ANALOG if fields["kind"] == "membrane_shortcut" else arriving[0]
        source = self._layer_of.get(reads, reads)
        layer = LayerSpec(
            in_class=events.kind,
            in_max=events.largest,
            source="" if source == previous else source,
            constant_input=reads == INPUT and self._is_static,
            weight_bits=self._weight_bits if fields["kind"] in WEIGHTED else 0,
            **fields,
        )
        self.layers.append(layer)
        self.events[layer.name] = given(layer, arriving)
        return layer.name


def _entering(node: Node, source: str, shape: Shape, taken: Container[str]) -> dict[str, Any]:
    """The layer through which what a node reads enters its stage; names are `taken`."""
    name = f"block{node.block}.shortcut" if isinstance(node, Sum) else f"{node.name}.{source}"
    return {
        "name": f"{node.name}.{source}" if name in taken else name,
        "in_shape": shape,
        "out_shape": shape,
        "neuron": None,
    }


def _longest(plan: Plan, node: Node) -> str:
    """The node whose steps a layer runs: of neurons in windows that of their currents, since others may need their
    membranes for longer than their spikes."""
    return plan.by_name[node.sources[0]].sources[0] if isinstance(node, GroupSpikes) else node.name
