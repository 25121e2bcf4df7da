"""What the functions of torch mean for the cost that a `forward` calls outside of layers, by name.

Views move values; copies keep them; read-outs may only end a network. What is in none of these sets and has no rule of
its own is refused by name.
"""

VIEWS = {
    "__getitem__", "chunk", "expand", "expand_as", "flatten", "movedim", "moveaxis", "narrow", "permute", "ravel",
    "repeat", "reshape", "select", "split", "squeeze", "stack", "swapaxes", "swapdims", "tile", "transpose", "unbind",
    "unflatten", "unsqueeze", "view", "view_as", "reshape_as", "T", "mT", "t", "flip", "roll", "index_select", "cat",
    "concat", "concatenate", "broadcast_to", "squeeze_", "unsqueeze_", "repeat_interleave", "hstack", "vstack",
    "split_with_sizes",
}  # fmt: skip
JOINS = {"cat", "concat", "concatenate", "hstack", "vstack"}
COPIES = {
    "clone", "contiguous", "cpu", "cuda", "data", "detach", "detach_", "double", "float", "half", "bfloat16", "real",
    "requires_grad_", "to", "type", "type_as", "alias", "pin_memory",
}  # fmt: skip
READOUTS = {
    "all", "amax", "any", "argmax", "count_nonzero", "log_softmax", "logsumexp", "max", "mean", "nanmean", "softmax",
    "sum", "topk",
}  # fmt: skip
FRESH = {
    "empty_like", "full_like", "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros", "ones_like",
    "rand_like", "randn_like", "zeros_like",
}  # fmt: skip
ADD = {"__add__", "__iadd__", "__radd__", "add", "add_"}
MULTIPLY = {"__imul__", "__mul__", "__rmul__", "mul", "mul_", "multiply"}
DIVIDE = {"__itruediv__", "__truediv__", "div", "div_", "divide", "true_divide"}
INVERT = {"__rsub__", "rsub"}
DROPOUT = {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"}
AT_THE_END = VIEWS | COPIES | READOUTS | ADD | DIVIDE  # what read-outs may be read by
WORK = {
    "__matmul__", "__rmatmul__", "addbmm", "addmm", "baddbmm", "bmm", "chain_matmul", "conv1d", "conv2d", "conv3d",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "einsum", "linear", "matmul", "mm", "mv", "tensordot",
    "bilinear", "scaled_dot_product_attention", "lstm", "gru", "rnn_tanh", "rnn_relu", "dot", "inner", "addmv",
}  # fmt: skip
ACTIVATIONS = {
    "relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "prelu", "rrelu", "elu", "elu_", "selu", "selu_", "celu",
    "gelu", "silu", "mish", "glu", "sigmoid", "sigmoid_", "hardsigmoid", "logsigmoid", "log_sigmoid", "tanh", "tanh_",
    "hardtanh", "hardtanh_", "hardswish", "softplus", "softsign", "tanhshrink", "hardshrink", "softshrink", "expit",
}  # fmt: skip
COMPARISONS = {
    "gt", "ge", "lt", "le", "gt_", "ge_", "lt_", "le_", "greater", "greater_equal", "less", "less_equal", "sign",
    "sgn", "heaviside", "__gt__", "__ge__", "__lt__", "__le__",
}  # fmt: skip


def name_of(function: object) -> str:
    """What a function of torch is called: of a property, its own name."""
    name = str(getattr(function, "__name__", function))
    if name == "__get__":
        return str(getattr(getattr(function, "__self__", None), "__name__", name))
    return name
