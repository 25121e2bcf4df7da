"""Whether the fields of a layer agree with each other; a HwcostError names the layer that does not."""

from math import gcd

from hwcost.errors import HwcostError, did_you_mean
from hwcost.network import kinds
from hwcost.network.fields import LayerFields
from hwcost.network.kinds import ATTENTIONS, POOLS, RESIDUALS, TRANSPOSED
from hwcost.network.windows import check_windows

MOST_BITS = 1024  # of a word
MOST_NEURONS = 100_000_000  # of a layer


def check_layer(layer: LayerFields) -> None:
    """Refuse unknown words, settings that the kind does not have, and shapes that do not follow from the geometry."""
    _check_words(layer)
    _check_values(layer)
    _check_kind(layer)
    check_windows(layer)
    if layer.n_axes:
        _check_axes(layer)
        _check_lengths(layer)
    elif layer.kernel or layer.stride or layer.padding or layer.dilation:
        _fail(layer, f"a {layer.kind} layer has no kernel, stride, padding or dilation")


def _check_words(layer: LayerFields) -> None:
    if layer.kind in kinds.TRAINING_ONLY:
        _fail(
            layer, f"kind {layer.kind} exists in training only and costs nothing at inference; leave it out"
        )
    for what, word, known in (
        ("kind", layer.kind, kinds.KINDS),
        ("class", layer.in_class, kinds.CLASSES),
        ("padding mode", layer.padding_mode, kinds.PADDING_MODES),
        ("reset", layer.reset, kinds.RESETS),
        ("neuron", layer.neuron or "if", kinds.NEURONS),
        ("dataflow", layer.dataflow or "none", kinds.DATAFLOWS),
        ("placement", layer.placement or kinds.CROSSBAR, (kinds.CROSSBAR,)),
    ):
        if word not in known:
            _fail(layer, f"unknown {what} '{word}'.{did_you_mean(word, known)} Known: {', '.join(known)}")


def _check_values(layer: LayerFields) -> None:
    if layer.in_max < 1 or (layer.in_class in ("binary", "ternary") and layer.in_max != 1):
        _fail(layer, f"in_max is {layer.in_max}; {layer.in_class} events reach 1, graded ones at least 1")
    if layer.constant_input and layer.in_class != "analog":
        _fail(
            layer,
            f"constant_input means the same analog frame at every step, but in_class is {layer.in_class}",
        )
    if layer.stage < 0 or min(layer.in_shape, default=0) < 1 or min(layer.out_shape, default=0) < 1:
        _fail(layer, f"stage {layer.stage}, shapes {layer.in_shape} -> {layer.out_shape}: must be positive")
    if max(layer.n_inputs, layer.n_outputs) > MOST_NEURONS:
        _fail(
            layer, f"a layer has at most {MOST_NEURONS:,} neurons, got {layer.in_shape} -> {layer.out_shape}"
        )
    for name, value in layer.operands:
        if name not in kinds.OPERANDS:
            hint = did_you_mean(name, kinds.OPERANDS)
            _fail(layer, f"unknown operand '{name}'.{hint} Known: {', '.join(kinds.OPERANDS)}")
        if value < kinds.OPERANDS[name]:
            _fail(layer, f"operand {name} is at least {kinds.OPERANDS[name]}, got {value}")
    for word in ("weight_bits", "membrane_bits", "activation_bits"):
        width = getattr(layer, word)
        if type(width) is not int or not 0 <= width <= MOST_BITS:
            _fail(
                layer,
                f"{word} is a whole number up to {MOST_BITS}, or 0 for the profile's; got {width!r:.40}",
            )
    if any(step not in (0, 1) for step in layer.mask):
        _fail(layer, f"a mask holds 0 and 1, got {layer.mask}")


def _check_kind(layer: LayerFields) -> None:
    if layer.kind in (*RESIDUALS, "batch_norm", "neurons") and layer.in_shape != layer.out_shape:
        _fail(layer, f"a {layer.kind} keeps its shape, got {layer.in_shape} -> {layer.out_shape}")
    if layer.other_source and layer.kind not in RESIDUALS:
        _fail(layer, f"a {layer.kind} has one source; other_source belongs to {', '.join(RESIDUALS)}")
    if layer.other_source and layer.is_analog != (layer.kind == "membrane_shortcut"):
        _fail(
            layer,
            "a membrane_shortcut adds numbers, in_class analog; sew_add, sew_and and sew_iand take events",
        )
    if layer.kind in ATTENTIONS:
        _check_attention(layer)
    if layer.kind == "recurrent" and layer.neuron is None and not layer.operand("analog_output"):
        _fail(
            layer,
            "a recurrent layer feeds its own spikes back and needs neurons; one of numbers has analog_output: 1",
        )
    if layer.kind == "neurons" and (layer.neuron is None or not layer.is_analog):
        _fail(
            layer,
            "'neurons' are driven by numbers, in_class analog, and name their neuron; where events drive them, the "
            "layer in front has the neuron",
        )
    if layer.kind in ("concat", "flatten") and layer.n_inputs != layer.n_outputs:
        _fail(
            layer,
            f"a {layer.kind} gives all that arrives: {layer.n_inputs} values in, {layer.n_outputs} out; "
            "the in_shape of a concat holds all its sources",
        )
    if layer.kind == "embedding" and layer.in_shape[1:] != layer.out_shape[1:]:
        _fail(
            layer,
            f"an embedding maps (words, *tokens) to (width, *tokens), got {layer.in_shape} -> {layer.out_shape}",
        )


def _check_attention(layer: LayerFields) -> None:
    heads = layer.operand("heads", 1)
    if len(layer.in_shape) != 3 or layer.in_shape[0] != 3 or layer.in_shape[1:] != layer.out_shape:
        _fail(
            layer,
            f"a {layer.kind} maps (3, channels, tokens) to (channels, tokens), "
            f"got {layer.in_shape} -> {layer.out_shape}",
        )
    if layer.out_shape[0] % heads:
        _fail(layer, f"{heads} heads do not divide {layer.out_shape[0]} channels")


def _check_axes(layer: LayerFields) -> None:
    for field in ("kernel", "stride", "padding", "dilation"):
        if len(getattr(layer, field)) != layer.n_axes:
            _fail(layer, f"{field} needs {layer.n_axes} entries, got {getattr(layer, field)}")
    if len(layer.in_shape) != layer.n_axes + 1 or len(layer.out_shape) != layer.n_axes + 1:
        _fail(
            layer,
            f"{layer.kind} needs shapes of {layer.n_axes + 1} numbers, got {layer.in_shape} -> {layer.out_shape}",
        )
    least = min((*layer.kernel, *layer.stride, *layer.dilation, layer.groups))
    if least < 1 or min(map(min, layer.pads)) < 0:
        _fail(layer, "kernel, stride, dilation and groups start at 1, padding at 0")
    channels = layer.in_shape[0], layer.out_shape[0]
    if gcd(*channels) % layer.groups:
        _fail(layer, f"groups {layer.groups} do not divide {channels[0]} and {channels[1]} channels")
    if layer.kind in POOLS and channels[0] != channels[1]:
        _fail(layer, f"a pool keeps its channels, got {channels[0]} -> {channels[1]}")


def _check_lengths(layer: LayerFields) -> None:
    """The output's spatial shape follows from the input's; a transposed convolution may have output padding."""
    is_transposed = layer.kind in TRANSPOSED
    length = kinds.transposed_length if is_transposed else kinds.conv_length
    axes = zip(layer.in_shape[1:], layer.kernel, layer.stride, layer.pads, layer.dilation, strict=True)
    expected = tuple(length(*axis) for axis in axes)
    actual = layer.out_shape[1:]
    most_extra = layer.stride if is_transposed else (1,) * layer.n_axes
    extra = [a - e for a, e in zip(actual, expected, strict=True)]
    if min(actual) < 1 or any(not 0 <= e < most for e, most in zip(extra, most_extra, strict=True)):
        _fail(
            layer,
            f"output {actual} does not follow from input {layer.in_shape[1:]}; the geometry gives {expected}",
        )


def _fail(layer: LayerFields, what: str) -> None:
    raise HwcostError(f"layer '{layer.name}': {what}")
