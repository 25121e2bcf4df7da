"""The words of a layer's description: kinds of layers, classes of events, neurons; and lengths along an axis."""

CONVOLUTIONS = {"conv1d": 1, "conv2d": 2, "conv3d": 3}
TRANSPOSED = {"conv_transpose1d": 1, "conv_transpose2d": 2, "conv_transpose3d": 3}
POOLS = {f"{what}_pool{axes}d": axes for what in ("avg", "max") for axes in (1, 2, 3)}
MIXABLE = (*CONVOLUTIONS, *TRANSPOSED, "linear")
FEEDING_BACK = ("recurrent", "lstm")
SEQUENCE = "sequence"
WEIGHTED = (*MIXABLE, *FEEDING_BACK, SEQUENCE)
RESIDUALS = ("sew_add", "sew_and", "sew_iand", "membrane_shortcut")
CONDENSING = ("condense_or", "condense_add")
ATTENTIONS = ("attention", "mask_attention")
KINDS = (
    *WEIGHTED,
    *POOLS,
    *RESIDUALS,
    *ATTENTIONS,
    *CONDENSING,
    "gate",
    "batch_norm",
    "neurons",
    "concat",
    "flatten",
    "embedding",
)
EMITTING = ("lstm", "gate")
HANDING_ON = (*POOLS, *CONDENSING, "sew_add", "sew_and", "sew_iand", "concat", "flatten", "mask_attention")
TRAINING_ONLY = ("early_classifier", "dropout")
CLASSES = ("analog", "binary", "ternary", "graded")
PADDING_MODES = ("zeros", "circular", "reflect", "replicate")
NEURONS = ("lif", "if")
INPUT = "input"  # the source of layers that read the network's input, unless a layer has this name
RESETS = ("soft", "hard")
OPERANDS = {  # name of an operand: its least value
    "heads": 1,
    "arriving_steps": 0,
    "passes": 1,
    "parameter_sets": 1,
    "kv_first": 0,
    "analog_gates": 0,
    "analog_output": 0,
    "states": 1,
    "shares_weights": 0,
    "gates": 1,
    "directions": 1,
    "draws": 0,
    "overlap": 1,
    "inflow": 0,
    "outflow": 0,
    "lookups": 0,
    "multiplies": 0,
    "adds": 0,
    "compares": 0,
}
FLOWS = ("inflow", "outflow")  # operands of neurons whose membranes go to other groups and layers
ARITHMETIC = ("lookups", "multiplies", "adds", "compares")  # operands of what is done besides, per step
CROSSBAR = "crossbar"
DATAFLOWS = ("none", "weight_stationary", "output_stationary", "tick_batched")


def conv_length(length: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int) -> int:
    """Output positions of a convolution along one axis."""
    return (length + sum(pad) - dilation * (kernel - 1) - 1) // stride + 1


def transposed_length(length: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int) -> int:
    """Output positions of a transposed convolution along one axis, without output padding."""
    return (length - 1) * stride - sum(pad) + dilation * (kernel - 1) + 1
