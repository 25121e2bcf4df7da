"""What the nodes of a block with windows are to the cost model (see `networks/windows/nodes.py` and
`hwcost/network/windows.py`).

- A Gate reads pixels once per window, and draws unless it is a threshold.
- Current, membranes and spikes are one layer with neurons, called as the spikes: a convolution whose groups share
  weights, or a sequence; of the core "mlp" two convolutions of single pixels.
- Condense is condense_or or condense_add; windows that do not overlap are only another shape.
- A Gelu is lookups of the layer in front. Who reads a Part reads what was joined.

Biases of a cell that are only ever added are one. What membranes cost that go on is counted in `membrane_flow.py`.
"""

from collections.abc import Iterator
from math import lcm, prod
from typing import Any

from tsearch.networks.plan import Node, Plan
from tsearch.networks.windows.cores import CORES
from tsearch.networks.windows.cores.sequence import SequenceCore
from tsearch.networks.windows.nodes import (
    Condense,
    Gate,
    Gelu,
    GroupMembranes,
    GroupSpikes,
    Join,
    Part,
    WindowConvolution,
    WindowSequence,
)
from tsearch.pricing.membrane_flow import flow_operands

PARTS_OF_LAYERS = (WindowConvolution, WindowSequence, GroupMembranes)  # layers with neurons are made of these

Fields = dict[str, Any]


def origin_of(plan: Plan, node: Node) -> str | None:
    """The node whose layer gives what `node` only hands on, or does besides; None for a node that is a layer, or part
    of one. Of a `Part`, what was joined at its channels."""
    if isinstance(node, GroupMembranes):
        return next(n.name for n in plan.nodes if isinstance(n, GroupSpikes) and node.name in n.sources)
    if isinstance(node, Part):
        return _joined_at(plan, node)
    return node.sources[0] if isinstance(node, Gelu | Join) else None


def _joined_at(plan: Plan, node: Part) -> str:
    first = 0
    for name in plan.by_name[node.sources[0]].sources:
        if first == node.first:
            return name
        first += plan.by_name[name].shape[0]
    raise ValueError(f"'{node.name}' is no whole part of '{node.sources[0]}'")


def gate_fields(node: Gate) -> Fields:
    """Of a gate's layer."""
    draws = int(node.mode != "threshold")
    return {"kind": "gate", "in_shape": node.in_shape, "operands": (("draws", draws),)}


def condense_fields(node: Condense) -> Fields:
    """Of the layer that makes windows one map."""
    covering = {n for row in node.windows.covering for n in row}
    if covering == {1}:
        return {"kind": "flatten", "in_shape": node.in_shape}
    kind = "condense_or" if node.mode == "or" else "condense_add"
    overlap = lcm(*covering) if node.mode == "fractional" else 1
    return {"kind": kind, "in_shape": node.in_shape, "operands": (("overlap", overlap),)}


def bent(plan: Plan, node: Node) -> Fields:
    """A lookup for each number that a Gelu behind `node` bends."""
    is_bent = any(isinstance(reader, Gelu) and node.name in reader.sources for reader in plan.nodes)
    return {"operands": (("lookups", prod(node.shape)),)} if is_bent else {}


def neuron_layers(plan: Plan, node: GroupSpikes) -> Iterator[tuple[Fields, tuple[str, ...]]]:
    """Fields of the layers that current, membranes and spikes are together, each with what it reads: a node, and
    membranes of other layers. The last one has the neurons. Raises: ValueError for a core that is not known here."""
    membranes = plan.by_name[node.sources[0]]
    assert isinstance(membranes, GroupMembranes)
    current = plan.by_name[membranes.sources[0]]
    flows = flow_operands(plan, membranes)
    groups, source = membranes.windows.groups, current.sources[0]
    others = membranes.sources[1:]
    if isinstance(current, WindowConvolution):
        yield (
            _convolution(current.in_shape, groups, current.kernel, current.padding, flows),
            (source, *others),
        )
        return
    assert isinstance(current, WindowSequence)
    core = CORES[current.core]
    if isinstance(core, SequenceCore) and core.cell is not None:
        cell = tuple(zip(("gates", "directions"), core.cell, strict=True))
        shape = {"kind": "sequence", "in_shape": current.in_shape, "groups": groups, "bias": True}
        yield shape | {"operands": (*cell, *flows)}, (source, *others)
    elif current.core == "mlp":
        hidden = (2 * current.in_shape[0], *current.in_shape[1:])
        relu = (("compares", prod(hidden)),)
        first = _convolution(current.in_shape, groups, (1, 1), (0, 0), relu)
        yield first | {"name": current.name, "out_shape": hidden, "neuron": None}, (source,)
        yield _convolution(hidden, groups, (1, 1), (0, 0), flows), (current.name, *others)
    else:
        raise ValueError(f"'{current.name}': the cost model knows no core '{current.core}'")


def _convolution(
    in_shape: tuple[int, ...], groups: int, kernel: tuple[int, int], padding: tuple[int, int], operands: Any
) -> Fields:
    shares = (("shares_weights", 1),) if groups > 1 else ()
    return {
        "kind": "conv2d",
        "in_shape": in_shape,
        "kernel": kernel,
        "padding": padding,
        "groups": groups,
        "bias": True,
        "operands": (*shares, *operands),
    }
