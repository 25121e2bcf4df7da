"""Windows of a map that run one after the other through one module, such as those of arXiv 2401.10843: the operands
that describe them, and whether they fit the layer.

Windows are groups: their channels lie one behind the other, (groups * C, rows, columns).

- `gate`: numbers (C, H, W) become spikes of windows (groups * C, rows, columns). `draws` is 1 where they are drawn at
  random, 0 for a fixed threshold.
- `conv2d`: a convolution of every window. `shares_weights` is 1 where all groups use the same weights.
- `sequence`: a cell over the positions of every window, its state at 0 in each window and timestep; all windows share
  the weights. `gates` are 4 of an LSTM, 3 of a GRU, 1 of a cell without; `directions` 1 or 2.
- `condense_or`, `condense_add`: windows become a map. Where they overlap, events are joined or added, numbers added.
  `overlap` is the largest event that one event becomes.

Neurons whose membranes go on within a timestep, from group to group and from layer to layer, have `inflow`, the numbers
that all of them read per timestep of other groups and layers, and `outflow`, those of theirs that others read. Any
layer may have `lookups`, `multiplies`, `adds` and `compares`: what is done with numbers besides, per sample and
timestep.
"""

from math import prod

from hwcost.errors import HwcostError
from hwcost.network.fields import LayerFields
from hwcost.network.kinds import ARITHMETIC, CONDENSING, CONVOLUTIONS, FLOWS, SEQUENCE

IN_WINDOWS = ("shares_weights", *FLOWS, *ARITHMETIC)


def check_windows(layer: LayerFields) -> None:
    """Refuse operands of windows that do not fit. Raises: HwcostError, naming the layer."""
    shares, flows = layer.operand("shares_weights"), any(layer.operand(name) for name in FLOWS)
    if shares > 1 or (shares and layer.kind not in CONVOLUTIONS):
        _fail(layer, "shares_weights is 1 for a convolution whose groups use the same weights")
    if shares and layer.placement:
        _fail(layer, "weights that groups share lie in a memory, not in a crossbar")
    if flows and layer.neuron is None:
        _fail(layer, "inflow and outflow are of membranes, and it has no neurons")
    if layer.operand("outflow") > layer.n_outputs:
        _fail(layer, f"outflow is at most its {layer.n_outputs} membranes, got {layer.operand('outflow')}")
    if layer.kind == "gate":
        _check_gate(layer)
    elif layer.kind in CONDENSING:
        _check_condense(layer)
    elif layer.kind == SEQUENCE:
        _check_sequence(layer)


def _check_gate(layer: LayerFields) -> None:
    if not layer.is_analog or layer.neuron or layer.constant_input:
        _fail(layer, "a gate makes spikes of numbers, in_class analog, and has no neurons")
    _check_windows_of(layer, layer.in_shape, layer.out_shape)


def _check_condense(layer: LayerFields) -> None:
    takes = ("binary",) if layer.kind == "condense_or" else ("binary", "graded", "analog")
    if layer.neuron or layer.in_class not in takes:
        _fail(
            layer,
            f"a {layer.kind} takes what is {' or '.join(takes)}, not {layer.in_class}, and has no neurons",
        )
    _check_windows_of(layer, layer.out_shape, layer.in_shape)


def _check_windows_of(layer: LayerFields, whole: tuple[int, ...], windows: tuple[int, ...]) -> None:
    """All windows of a map: whole channels, no larger than the map, and every pixel in one of them."""
    groups = windows[0] // whole[0]
    fits = len(whole) == len(windows) and all(a <= b for a, b in zip(windows[1:], whole[1:], strict=False))
    if windows[0] % whole[0] or not fits or groups * prod(windows[1:]) < prod(whole[1:]):
        _fail(layer, f"windows {windows} do not cover a map {whole}")


def _check_sequence(layer: LayerFields) -> None:
    if layer.operand("gates", 1) not in (1, 3, 4) or layer.operand("directions", 1) not in (1, 2):
        _fail(layer, "a sequence has gates 4 (LSTM), 3 (GRU) or 1 (neither), and directions 1 or 2")
    if layer.in_shape[1:] != layer.out_shape[1:] or layer.in_shape[0] % layer.groups:
        _fail(layer, f"a sequence keeps its positions and groups, got {layer.in_shape} -> {layer.out_shape}")
    if layer.out_shape[0] % (layer.groups * layer.operand("directions", 1)):
        _fail(
            layer, f"{layer.out_shape[0]} channels are not those of {layer.groups} groups in every direction"
        )


def _fail(layer: LayerFields, what: str) -> None:
    raise HwcostError(f"layer '{layer.name}': {what}")
