"""Whether a layer can take what the layer that it reads gives: shapes and classes of events."""

from collections.abc import Callable
from math import prod

from hwcost.errors import HwcostError
from hwcost.network.kinds import ATTENTIONS
from hwcost.network.layer import LayerSpec

_TAKES = {  # a reader's class: the classes of events that it may get
    "binary": ("binary",),
    "ternary": ("binary", "ternary"),
    "graded": ("binary", "graded"),
}


def check_link(layer: LayerSpec, source: LayerSpec, largest_output: Callable[[LayerSpec], int]) -> None:
    """Refuse a layer whose `in_shape` or class does not follow from what `source` gives.

    Shapes agree up to flattening: all axes, or those behind the channels. A concatenation reads its source beside
    others, an attention its queries alone, or queries, keys and values in one. A layer declared analog takes anything.
    """
    if not _shape_fits(layer, source.out_shape):
        raise HwcostError(
            f"layer '{layer.name}': in_shape is {layer.in_shape}, but '{source.name}' gives {source.out_shape}"
        )
    if layer.is_analog:
        return
    if not source.gives_events:
        raise HwcostError(
            f"layer '{layer.name}': '{source.name}' gives numbers, but in_class is {layer.in_class}; "
            "declare it analog, or give the source neurons"
        )
    largest = largest_output(source)
    is_binary = source.fires or (source.in_class == "graded" and largest == 1)
    given = "binary" if is_binary else source.in_class
    if given not in _TAKES[layer.in_class]:
        raise HwcostError(
            f"layer '{layer.name}': '{source.name}' gives {given} events, but in_class is {layer.in_class}"
        )
    if largest > layer.in_max:
        raise HwcostError(
            f"layer '{layer.name}': '{source.name}' gives events up to {largest}, but in_max is {layer.in_max}"
        )


def _shape_fits(layer: LayerSpec, given: tuple[int, ...]) -> bool:
    taken, neurons = layer.in_shape, prod(given)
    if layer.kind == "concat":
        return neurons <= layer.n_inputs
    if layer.kind in ATTENTIONS and neurons == layer.n_outputs:
        return True
    is_flat = 1 in (len(taken), len(given))
    return neurons == layer.n_inputs and (is_flat or taken[0] == given[0] or layer.kind in ATTENTIONS)
