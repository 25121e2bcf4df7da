"""The layers that a node is to the cost model: name, kind, geometry and neurons, as fields of `hwcost.LayerSpec`."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from tsearch.networks.plan import Attention, Convolution, Neuron, Node, Plan, Pool, Readout, Sum
from tsearch.networks.steps import Steps
from tsearch.networks.windows.nodes import Condense, Gate, GroupSpikes
from tsearch.pricing.windows import bent, condense_fields, gate_fields, neuron_layers

NO_LEAK = 1e6  # from this tau on, neurons are priced without a leak


def layers_of(plan: Plan, node: Node) -> Iterator[tuple[dict[str, Any], Sequence[str]]]:
    """Fields of the layers that a node is, and what each reads; of neurons in windows, also the membranes of others."""
    if isinstance(node, GroupSpikes):
        for fields, reads in neuron_layers(plan, node):
            yield _own_fields(node) | fields, reads
    else:
        yield _fields(node) | bent(plan, node), node.sources


def arriving(node: Node, fields: Mapping[str, Any], steps: Steps) -> dict[str, Any]:
    """Where queries, keys and values all arrive at an attention, if not at all of its steps."""
    if not isinstance(node, Attention) or steps.reads == steps.total:
        return {}
    return {"operands": (*fields["operands"], ("arriving_steps", steps.reads))}


def neuron_fields(neuron: Neuron | None) -> dict[str, Any]:
    """What of neurons is priced."""
    if neuron is None:
        return {"neuron": None}
    has_leak = neuron.tau <= NO_LEAK or neuron.learned in ("leak", "both")
    return {"neuron": "lif" if has_leak else "if", "reset": neuron.reset}


def _fields(node: Node) -> dict[str, Any]:
    """Name, kind, geometry and neurons of a node's layer."""
    fields = _own_fields(node)
    if isinstance(node, Gate):
        return fields | gate_fields(node)
    if isinstance(node, Condense):
        return fields | condense_fields(node)
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


def _own_fields(node: Node) -> dict[str, Any]:
    return {"name": node.name, "out_shape": node.shape} | neuron_fields(node.neuron)


def _windows(node: Convolution | Pool) -> dict[str, Any]:
    return {name: getattr(node, name) for name in ("in_shape", "kernel", "stride", "padding")}
