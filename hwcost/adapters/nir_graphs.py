"""`from_nir`: a graph in the neuromorphic intermediate representation becomes a network and its spike record.

Known are Input, Output, Conv1d, Conv2d, Linear, Affine, AvgPool2d, SumPool2d, Flatten, IF, LIF, CubaLIF, and LI as
what a last layer does. Several edges into a node are a sum. A graph with a circle is recurrent and refused by name.

Source: Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15:8122, 2024.
"""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.activity.record import SpikeRecord
from hwcost.adapters.maps import record_of
from hwcost.adapters.models import Described
from hwcost.adapters.nir_maps import Maps, fill_maps
from hwcost.adapters.nir_rules import RULES, kept_weights
from hwcost.adapters.nodes import Node, fold, network_of
from hwcost.adapters.registry import Fields
from hwcost.adapters.zeros import mostly_zero, warn_of_zeros, without_zeros
from hwcost.errors import HwcostError
from hwcost.network.kinds import INPUT

MANY = 1 << 24  # samples of a record that holds a rate


def from_nir(
    file: Any,
    spikes: Mapping[str, NDArray[Any]] | float,
    *,
    timesteps: int | None = None,
    pruned: bool = False,
) -> Described:
    """The network of a NIR graph, with the spikes that its nodes send.

    Args:
        file: A file that `nir.write` wrote, or a `nir.NIRGraph`.
        spikes: Node -> spikes that it sends, [samples, T, *shape], whole numbers: of the input and of every node of
            neurons. Or a rate in [0, 1], spikes per neuron and timestep, with `timesteps`.
        timesteps: T where `spikes` is a rate.
        pruned: True where weights of zero are pruned, as in `from_torch`.

    Raises: HwcostError, naming the node, for what is not known.
    """
    graph = _graph(file)
    maps = spikes if isinstance(spikes, Mapping) else None
    n_steps = _timesteps(maps, timesteps)
    before = _sources(graph)
    gives: dict[str, Node] = {}
    nodes: list[Node] = []
    for name in _in_order(before):
        made = _node(name, graph.nodes[name], [gives[source] for source in before[name]], maps)
        gives[name] = made[-1] if made else gives[before[name][0]]
        nodes += [node for node in made if node.kind != INPUT]
    for node in nodes:
        node.n_steps = n_steps
    if maps is not None:
        fill_maps(nodes, maps)
    kept = fold(nodes)
    network = network_of(kept, n_steps)
    if pruned:
        network = without_zeros(network, kept)
    else:
        warn_of_zeros(mostly_zero(kept), "from_nir(..., pruned=True)", stacklevel=2)
    if maps is None:
        assert isinstance(spikes, int | float)
        return Described(network, SpikeRecord.constant(network, spikes, MANY))
    return Described(network, record_of(network, kept, len(next(iter(maps.values())))))


def _graph(file: Any) -> Any:
    """The graph of a file, without type checks: shapes are worked out here."""
    if not isinstance(file, str | Path):
        return file
    try:
        import nir
    except ImportError:
        raise HwcostError("reading a NIR file needs the package nir: pip install nir") from None
    try:
        return nir.read(file)
    except (OSError, KeyError, ValueError) as error:
        raise HwcostError(f"{file}: not a NIR file that can be read: {error}") from None


def _timesteps(maps: Maps | None, timesteps: int | None) -> int:
    if maps is None:
        if timesteps is None:
            raise HwcostError("a rate needs timesteps=, the number of timesteps")
        return timesteps
    lengths = {np.shape(array)[:2] for array in maps.values()}
    if len(lengths) != 1 or len(next(iter(lengths))) != 2:
        raise HwcostError(f"spikes: arrays [samples, T, ...] of one length expected, got {sorted(lengths)}")
    return int(lengths.pop()[1])


def _sources(graph: Any) -> dict[str, list[str]]:
    """What every node reads."""
    before: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        before[target].append(source)
    return before


def _in_order(before: Mapping[str, list[str]]) -> list[str]:
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise HwcostError(
            f"NIR graph: {circle} is a circle; recurrence is not known. Describe it as a 'recurrent' layer"
        ) from None


def _node(name: str, nir_node: Any, sources: list[Node], maps: Maps | None) -> list[Node]:
    """The nodes that a node of the graph means; none where it passes on what it gets."""
    kind = type(nir_node).__name__
    if kind == "Input":
        shape = tuple(int(n) for n in next(iter(nir_node.input_type.values())))
        return [Node(name, INPUT, out_shape=shape, gives=_class(maps, name))]
    if not sources:
        raise HwcostError(f"NIR node '{name}' ({kind}) has no input")
    summed = _sum(name, sources) if len(sources) > 1 else []
    source = summed[-1] if summed else sources[0]
    if kind in ("Output", "LI", "Flatten", "CubaLI"):
        return summed
    if kind not in RULES:
        raise HwcostError(
            f"NIR node '{name}' ({kind}) is not known. Known: {', '.join(RULES)}, Flatten, LI, Output"
        )
    try:
        fields, in_shape, out_shape = RULES[kind](nir_node, source.out_shape)
    except HwcostError as error:
        raise HwcostError(f"NIR node '{name}': {error}") from None
    if prod(in_shape) != prod(source.out_shape):
        raise HwcostError(f"NIR node '{name}' ({kind}) takes {in_shape}, but gets {source.out_shape}")
    layer_kind = fields.pop("kind", "")
    node = Node(name, layer_kind, fields, in_shape, out_shape, _gives(fields, layer_kind, source), (source,))
    node.kept = kept_weights(nir_node)
    return [*summed, node]


def _sum(name: str, sources: list[Node]) -> list[Node]:
    """Edges that meet are added, one after the other: events to events, or numbers to whatever arrives."""
    nodes: list[Node] = []
    left = sources[0]
    for number, right in enumerate(sources[1:], start=1):
        events = "analog" not in (left.gives[0], right.gives[0])
        if not events and left.gives[0] != "analog":
            left, right = right, left
        gives = ("graded", left.gives[1] + right.gives[1]) if events else ("analog", 1)
        kind = "sew_add" if events else "membrane_shortcut"
        shape = left.out_shape
        left = Node(f"{name}.sum{number if number > 1 else ''}", kind, {}, shape, shape, gives, (left, right))
        nodes.append(left)
    return nodes


def _class(maps: Maps | None, name: str) -> tuple[str, int]:
    if maps is None:
        return ("binary", 1)
    if name not in maps:
        raise HwcostError(f"spikes: node '{name}' is the input and needs its events, [samples, T, ...]")
    values = np.asarray(maps[name])
    if not np.array_equal(values, np.rint(values)) or values.min(initial=0) < 0:
        return ("analog", 1)
    largest = int(values.max(initial=0))
    return ("graded", largest) if largest > 1 else ("binary", 1)


def _gives(fields: Fields, kind: str, source: Node) -> tuple[str, int]:
    if "neuron" in fields:
        return ("binary", 1)
    if kind == "avg_pool2d" and source.gives[0] != "analog":
        return ("graded", source.gives[1] * prod(fields["kernel"]))
    return ("analog", 1)
