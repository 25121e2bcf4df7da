"""What the values of a plan's nodes hold: the classes of events that the cost model knows."""

from collections.abc import Mapping, Sequence
from math import lcm, prod
from typing import NamedTuple

from tsearch.data.dataset import InputClass
from tsearch.networks.plan import INPUT, Node, Plan, Pool, Sum, stage_of_blocks

MOST_EVENTS = 255  # of one pixel in one timestep, where the data are event counts: messages of 8 bits


class Events(NamedTuple):
    """A class of the cost model ("analog", "binary", "graded") and the largest event.

    Graded events are whole numbers after multiplication with `scale`: averages of spikes become counts of spikes
    again."""

    kind: str
    largest: int = 1
    scale: int = 1


ANALOG, BINARY = Events("analog"), Events("binary")


def events_of(plan: Plan, input_class: InputClass, division: Sequence[int]) -> dict[str, Events]:
    """What every node's value holds, by name, the frames as "input"; before any temporal transformer."""
    stage = stage_of_blocks(division)
    found = {INPUT: ANALOG if input_class == "analog" else Events("graded", MOST_EVENTS)}
    for node in plan.nodes:
        mixed = any(stage[block] != stage[node.block] for block in plan.blocks_read(node))
        found[node.name] = BINARY if node.neuron else _events(node, found, is_mixed=mixed)
    return found


def _events(node: Node, found: Mapping[str, Events], *, is_mixed: bool) -> Events:
    """Of a node without neurons; `is_mixed` where a temporal transformer has mixed what it reads."""
    arriving = [found[source] for source in node.sources]
    if not isinstance(node, Pool | Sum) or is_mixed or ANALOG in arriving:
        return ANALOG
    if isinstance(node, Sum):
        scale = lcm(*(events.scale for events in arriving))
        return Events("graded", sum(e.largest * scale // e.scale for e in arriving), scale)
    (events,), window = arriving, prod(node.kernel)
    is_average = node.mode == "average"
    return Events("graded", events.largest * window, events.scale * window) if is_average else events
