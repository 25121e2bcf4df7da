"""Which kinds of layers exist, and whether a layer's shapes agree with its geometry."""

from __future__ import annotations

from math import gcd, prod
from typing import TYPE_CHECKING

from hwcost.errors import HwcostError, did_you_mean

if TYPE_CHECKING:
    from hwcost.network import LayerSpec

CONVOLUTIONS = {"conv1d": 1, "conv2d": 2, "conv3d": 3}
TRANSPOSED = {"conv_transpose1d": 1, "conv_transpose2d": 2, "conv_transpose3d": 3}
POOLS = {f"{what}_pool{axes}d": axes for what in ("avg", "max") for axes in (1, 2, 3)}
MIXABLE = (*CONVOLUTIONS, *TRANSPOSED, "linear")
WEIGHTED = (*MIXABLE, "recurrent", "lstm")
RESIDUALS = ("sew_add", "sew_and", "sew_iand", "membrane_shortcut")
ATTENTIONS = ("attention", "mask_attention")
KINDS = (*WEIGHTED, *POOLS, *RESIDUALS, *ATTENTIONS, "batch_norm", "concat", "flatten", "embedding")
TRAINING_ONLY = ("early_classifier", "dropout")
CLASSES = ("analog", "binary", "ternary", "graded")
PADDING_MODES = ("zeros", "circular", "reflect", "replicate")
NEURONS = ("lif", "if")


def n_axes(layer: LayerSpec) -> int:
    """Spatial axes of the layer's geometry; 0 where it has none."""
    return CONVOLUTIONS.get(layer.kind) or TRANSPOSED.get(layer.kind) or POOLS.get(layer.kind) or 0


def pads(layer: LayerSpec) -> tuple[tuple[int, int], ...]:
    """Padding before and after, per spatial axis."""
    return tuple((pad, pad) if isinstance(pad, int) else (int(pad[0]), int(pad[1])) for pad in layer.padding)


def conv_length(length: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int) -> int:
    """Output positions of a convolution along one axis."""
    return (length + sum(pad) - dilation * (kernel - 1) - 1) // stride + 1


def transposed_length(length: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int) -> int:
    """Output positions of a transposed convolution along one axis, without output padding."""
    return (length - 1) * stride - sum(pad) + dilation * (kernel - 1) + 1


def check_layer(layer: LayerSpec) -> None:
    """Fill the geometry's defaults and refuse what does not fit together, naming the layer."""
    _check_words(layer)
    axes = n_axes(layer)
    _check_kind(layer)
    if axes == 0:
        if layer.kernel or layer.stride or layer.padding or layer.dilation:
            _fail(layer, f"a {layer.kind} layer has no kernel, stride, padding or dilation")
        return
    stride = layer.kernel if layer.kind in POOLS else (1,) * axes
    for field, default in (("stride", stride), ("padding", (0,) * axes), ("dilation", (1,) * axes)):
        if not getattr(layer, field):
            object.__setattr__(layer, field, default)
    for field in ("kernel", "stride", "padding", "dilation"):
        if len(getattr(layer, field)) != axes:
            _fail(layer, f"{field} needs {axes} entries, got {getattr(layer, field)}")
    _check_geometry(layer, axes)


def _check_words(layer: LayerSpec) -> None:
    if layer.kind in TRAINING_ONLY:
        _fail(
            layer, f"kind {layer.kind} exists in training only and costs nothing at inference; leave it out"
        )
    for what, word, known in (
        ("kind", layer.kind, KINDS),
        ("class", layer.in_class, CLASSES),
        ("padding mode", layer.padding_mode, PADDING_MODES),
        ("reset", layer.reset, ("soft", "hard")),
        ("neuron", layer.neuron or "if", NEURONS),
    ):
        if word not in known:
            _fail(layer, f"unknown {what} '{word}'.{did_you_mean(word, known)} Known: {', '.join(known)}")
    if layer.in_max < 1 or (layer.in_class in ("binary", "ternary") and layer.in_max != 1):
        _fail(layer, f"in_max is {layer.in_max}; {layer.in_class} events reach 1, graded ones at least 1")
    if layer.constant_input and layer.in_class != "analog":
        _fail(
            layer,
            f"constant_input means the same analog frame at every step, but in_class is {layer.in_class}",
        )
    if layer.stage < 0 or min(layer.in_shape, default=0) < 1 or min(layer.out_shape, default=0) < 1:
        _fail(layer, f"stage {layer.stage}, shapes {layer.in_shape} -> {layer.out_shape}: must be positive")
    if any(step not in (0, 1) for step in layer.mask):
        _fail(layer, f"a mask holds 0 and 1, got {layer.mask}")


def _check_kind(layer: LayerSpec) -> None:
    if layer.kind in (*RESIDUALS, "batch_norm") and layer.in_shape != layer.out_shape:
        _fail(layer, f"a {layer.kind} keeps its shape, got {layer.in_shape} -> {layer.out_shape}")
    if layer.kind in ATTENTIONS:
        heads = layer.operand("heads", 1)
        if len(layer.in_shape) != 3 or layer.in_shape[0] != 3 or layer.in_shape[1:] != layer.out_shape:
            _fail(
                layer,
                f"a {layer.kind} maps (3, channels, tokens) to (channels, tokens), "
                f"got {layer.in_shape} -> {layer.out_shape}",
            )
        if layer.out_shape[0] % heads:
            _fail(layer, f"{heads} heads do not divide {layer.out_shape[0]} channels")
    if layer.kind == "recurrent" and layer.neuron is None:
        _fail(layer, "a recurrent layer feeds its own spikes back and needs neurons")


def _check_geometry(layer: LayerSpec, axes: int) -> None:
    if len(layer.in_shape) != axes + 1 or len(layer.out_shape) != axes + 1:
        _fail(
            layer,
            f"{layer.kind} needs shapes of {axes + 1} numbers, got {layer.in_shape} -> {layer.out_shape}",
        )
    if (
        min((*layer.kernel, *layer.stride, *layer.dilation, layer.groups)) < 1
        or min(map(min, pads(layer))) < 0
    ):
        _fail(layer, "kernel, stride, dilation and groups start at 1, padding at 0")
    if gcd(layer.in_shape[0], layer.out_shape[0]) % layer.groups:
        _fail(
            layer,
            f"groups {layer.groups} do not divide {layer.in_shape[0]} and {layer.out_shape[0]} channels",
        )
    if layer.kind in POOLS and layer.in_shape[0] != layer.out_shape[0]:
        _fail(layer, f"a pool keeps its channels, got {layer.in_shape[0]} -> {layer.out_shape[0]}")
    length = transposed_length if layer.kind in TRANSPOSED else conv_length
    geometry = zip(layer.in_shape[1:], layer.kernel, layer.stride, pads(layer), layer.dilation, strict=True)
    expected = tuple(length(*axis) for axis in geometry)
    found = layer.out_shape[1:]
    extra = tuple(f - e for f, e in zip(found, expected, strict=True))
    slack = [s if layer.kind in TRANSPOSED else 1 for s in layer.stride]
    if min(found) < 1 or any(not 0 <= e < s for e, s in zip(extra, slack, strict=True)):
        _fail(
            layer,
            f"output {found} does not follow from input {layer.in_shape[1:]}; the geometry gives {expected}",
        )


def n_parameters(layer: LayerSpec) -> int:
    """Weights of the layer, without bias."""
    inputs, outputs = layer.n_inputs, layer.n_outputs
    dense = {
        "linear": inputs * outputs,
        "embedding": inputs * outputs,
        "recurrent": (inputs + outputs) * outputs,
        "lstm": 4 * (inputs + outputs) * outputs,
        "batch_norm": 2 * layer.out_shape[0] * layer.operand("parameter_sets", 1),
    }
    if n_axes(layer) == 0 or layer.kind in POOLS:
        return dense.get(layer.kind, 0)
    return layer.in_shape[0] * layer.out_shape[0] // layer.groups * prod(layer.kernel)


def n_biases(layer: LayerSpec) -> int:
    """Bias values of the layer: one per output channel, or per output neuron of a linear layer."""
    return layer.out_shape[0] * (4 if layer.kind == "lstm" else 1) if layer.bias else 0


def _fail(layer: LayerSpec, what: str) -> None:
    raise HwcostError(f"layer '{layer.name}': {what}")
