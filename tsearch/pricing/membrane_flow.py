"""What it costs within a timestep that membranes go from group to group and from layer to layer. The next group and
other layers read them as their routes say, each read one word; arithmetic of projections is counted for all neurons of
a group."""

from collections.abc import Iterator
from math import prod

from tsearch.networks.plan import Plan
from tsearch.networks.windows.nodes import Condense, GroupMembranes

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
