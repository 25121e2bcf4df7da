"""What the values between layers hold: the classes of events that the cost model knows."""

from collections.abc import Sequence
from math import lcm, prod
from typing import NamedTuple

from hwcost import LayerSpec, NetworkSpec


class Events(NamedTuple):
    """A class of the cost model ("analog", "binary", "graded") and the largest event.

    Graded events are whole numbers after multiplication with `scale`: averages of spikes become counts of spikes
    again."""

    kind: str
    largest: int = 1
    scale: int = 1


ANALOG, BINARY = Events("analog"), Events("binary")


def given(layer: LayerSpec, arriving: Sequence[Events]) -> Events:
    """What `layer` gives, from what its sources give."""
    if layer.fires:
        return BINARY
    if ANALOG in arriving or not layer.gives_events:
        return ANALOG
    if layer.kind == "sew_add":
        scale = lcm(*(events.scale for events in arriving))
        return Events("graded", sum(e.largest * scale // e.scale for e in arriving), scale)
    if layer.kind in ("avg_pool2d", "condense_add"):
        window = prod(layer.kernel) if layer.kernel else layer.operand("overlap", 1)
        return Events("graded", arriving[0].largest * window, arriving[0].scale * window)
    return arriving[0]


def events_of(network: NetworkSpec) -> dict[str, Events]:
    """What every layer gives, by name."""
    found: dict[str, Events] = {}
    for layer in network.layers:
        sources = [source for source in (network.source(layer), network.other_source(layer)) if source]
        entering = Events(layer.in_class, layer.in_max)
        found[layer.name] = given(layer, [found[source.name] for source in sources] or [entering])
    return found
