"""What the nodes of a block with windows are to the cost model (see `networks/windows/nodes.py` and
`hwcost/network/windows.py`).

- A Gate reads pixels once per window, and draws unless it is a threshold.
- Current, membranes and spikes are one layer with neurons, called as the spikes: a convolution whose groups share
  weights, or a sequence; of the core "mlp" two convolutions of single pixels.
- Condense is condense_or or condense_add; windows that do not overlap are only another shape.
- A Gelu is lookups of the layer in front. Who reads a Part reads what was joined.

Biases of a cell that are only ever added are one. Within a timestep, membranes are read by the next group and by other
layers as their routes say, each read one word; arithmetic of projections is counted for all neurons of a group.
"""

import base64
from collections.abc import Iterator, Mapping
from math import lcm, prod
from typing import Any

import numpy as np

from hwcost.network.pruning import packed
from tsearch.networks.plan import Node, Plan
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

PARTS_OF_LAYERS = (WindowConvolution, WindowSequence, GroupMembranes)  # layers with neurons are made of these
_CELLS = {"lstm": (4, 2), "gru": (3, 2), "birnn": (1, 2), "rnn": (1, 1)}  # gates and directions
_PROJECTED = {  # of two membranes: lookups, multiplies, adds, compares
    "product": (2, 1, 0, 0),
    "nested": (2, 1, 0, 0),
    "sum": (0, 0, 1, 0),
    "mean": (0, 1, 1, 0),
    "relu": (0, 0, 1, 1),
    "tanh": (1, 0, 1, 0),
    "sigmoid": (1, 0, 1, 0),
}
_ONE_OF_TWO = {"m1": 0, "m2": 1}  # which of them is taken as it is
_ITEMS = ("lookups", "multiplies", "adds", "compares")
OWN, LOWER = "own", "lower"  # the membranes of the group before, and of the layer before

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


def kept_of(plan: Plan, node: Node, kept: Mapping[str, str]) -> str:
    """Which weights of a node's layer pruning kept, as `hwcost.LayerSpec.kept` has it; of windows, those that all of
    them share, once for each."""
    if not isinstance(node, GroupSpikes):
        return kept.get(node.name, "")
    current = plan.by_name[plan.by_name[node.sources[0]].sources[0]]
    if not isinstance(current, WindowConvolution) or current.name not in kept:
        return ""
    n_weights = prod(current.weight_shape)
    shared = np.unpackbits(np.frombuffer(base64.b64decode(kept[current.name]), np.uint8))[:n_weights]
    return packed(np.tile(shared.astype(bool), current.windows.groups))


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
    if current.core in _CELLS:
        gates, directions = _CELLS[current.core]
        cell = (("gates", gates), ("directions", directions))
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


def flow_operands(plan: Plan, node: GroupMembranes) -> tuple[tuple[str, int], ...]:
    """What membranes that go on cost per timestep, as operands of a layer: words read (`inflow`), words that others
    read (`outflow`), and arithmetic. One add per neuron that anything flows into."""
    size = prod(node.shape) // node.windows.groups
    counts = dict.fromkeys(("inflow", "outflow", *_ITEMS), 0)
    for flowing in _flowing(node):
        counts["inflow"] += size * len(set(flowing) - {None})
        counts["adds"] += size
        if len(flowing) == 2:
            for item, n in zip(_ITEMS, _PROJECTED[node.fusion], strict=True):
                counts[item] += n * size
    counts["outflow"] = size * len(set(_read_by_others(plan, node)))
    return tuple((name, n) for name, n in counts.items() if n)


def _flowing(node: GroupMembranes) -> list[tuple[tuple[str, int] | None, ...]]:
    """What flows into each group that anything flows into: one membrane as it is, or two that are projected; each is
    (`OWN` or `LOWER`, group from 0), or None for the zeros that stand for a layer before where there is none."""
    found = []
    for p in range(node.windows.groups):
        entering = tuple(
            None if which == LOWER and len(node.sources) == 1 else (which, group)
            for which, group in _entering(node, p)
        )
        if len(entering) == 2 and node.fusion in _ONE_OF_TWO:
            entering = (entering[_ONE_OF_TWO[node.fusion]],)
        if any(entering):
            found.append(entering)
    return found


def _entering(node: GroupMembranes, p: int) -> tuple[tuple[str, int], ...]:
    """By the routes of `GroupMembranes`."""
    own, route = (OWN, p - 1), node.route
    if p == 0:
        if route == "crossed" and node.windows.groups > 1:
            return ((LOWER, 0), (LOWER, 1))
        return ((LOWER, 0),) if route in ("crossed", "literal") else ()
    if route == "group":
        return (own,)
    if route == "lagged":
        return ((LOWER, p - 1), own)
    return ((LOWER, p), own) if route == "crossed" and p > 1 else (own, (LOWER, p))


def _read_by_others(plan: Plan, node: GroupMembranes) -> Iterator[int]:
    """The groups whose membranes another group or layer reads within the timestep."""
    yield from (group for flowing in _flowing(node) for which, group in filter(None, flowing) if which == OWN)
    for reader in plan.nodes:
        if isinstance(reader, Condense) and node.name in reader.sources:
            yield from range(node.windows.groups)
        elif isinstance(reader, GroupMembranes) and node.name in reader.sources[1:]:
            yield from (
                group
                for flowing in _flowing(reader)
                for which, group in filter(None, flowing)
                if which == LOWER
            )


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
