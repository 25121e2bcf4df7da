"""What the nodes of a NIR graph mean for the cost: one rule per class, in `RULES`.

A rule gets a node and the shape that arrives, and gives the fields of a layer, the shape that it takes and the one that
it gives.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.adapters.layer_rules import same_padding
from hwcost.adapters.registry import Fields, Shape
from hwcost.errors import HwcostError

Meaning = tuple[Fields, Shape, Shape]


def convolution(node: Any, shape: Shape) -> Meaning:
    axes = node.weight.ndim - 2
    _check_axes(node, shape, axes)
    kernel = tuple(int(k) for k in node.weight.shape[2:])
    stride, dilation = _each(node.stride, axes), _each(node.dilation, axes)
    padding = _padding(node.padding, kernel, dilation)
    fields: Fields = {
        "kind": f"conv{axes}d",
        "kernel": kernel,
        "stride": stride,
        "padding": tuple(before if before == after else (before, after) for before, after in padding),
        "dilation": dilation,
        "groups": int(node.groups),
        "bias": has_values(node.bias),
    }
    sizes = zip(shape[1:], kernel, stride, padding, dilation, strict=True)
    lengths = tuple((n + sum(p) - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)
    return fields, shape, (int(node.weight.shape[0]), *lengths)


def _padding(padding: Any, kernel: Shape, dilation: Shape) -> tuple[tuple[int, int], ...]:
    text = padding.decode() if isinstance(padding, bytes) else padding
    if isinstance(text, str):
        return same_padding(kernel, dilation) if text == "same" else ((0, 0),) * len(kernel)
    return tuple((p, p) for p in _each(padding, len(kernel)))


def pool(node: Any, shape: Shape) -> Meaning:
    axes = 2
    _check_axes(node, shape, axes)
    kernel, stride, padding = (_each(v, axes) for v in (node.kernel_size, node.stride, node.padding))
    sizes = zip(shape[1:], kernel, stride, padding, strict=True)
    lengths = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in sizes)
    fields: Fields = {"kind": f"avg_pool{axes}d", "kernel": kernel, "stride": stride, "padding": padding}
    return fields, shape, (shape[0], *lengths)


def linear(node: Any, shape: Shape) -> Meaning:
    del shape
    if node.weight.ndim != 2:
        raise HwcostError(f"a NIR {type(node).__name__} with weights of {node.weight.ndim} axes is not known")
    bias = has_values(getattr(node, "bias", 0))
    outputs, inputs = (int(n) for n in node.weight.shape)
    return {"kind": "linear", "bias": bias}, (inputs,), (outputs,)


def neurons(node: Any, shape: Shape) -> Meaning:
    fields: Fields = {"neuron": "if" if type(node).__name__ == "IF" else "lif", "reset": "hard"}
    if type(node).__name__ == "CubaLIF":
        fields["operands"] = (("states", 2),)
    return fields, shape, shape


def _check_axes(node: Any, shape: Shape, axes: int) -> None:
    if len(shape) != axes + 1:
        raise HwcostError(
            f"a NIR {type(node).__name__} takes a channel and {axes} axes, but gets the shape {shape}"
        )


def has_values(bias: Any) -> bool:
    """True where a bias is not zero everywhere."""
    return bool(np.any(_array(bias)))


def kept_weights(node: Any) -> NDArray[np.bool_] | None:
    """Which weights of a node are not zero; None for a node without weights."""
    return None if not hasattr(node, "weight") else np.asarray(_array(node.weight) != 0)


def _array(values: Any) -> NDArray[Any]:
    """An array of one, or of a tensor of torch, which some libraries leave in a graph."""
    return np.asarray(values.detach() if hasattr(values, "detach") else values)


def _each(value: Any, axes: int) -> tuple[int, ...]:
    flat = [int(v) for v in np.asarray(value).ravel()]
    return tuple(flat) if len(flat) == axes else (flat[0],) * axes


RULES = {
    "Conv1d": convolution,
    "Conv2d": convolution,
    "Linear": linear,
    "Affine": linear,
    "AvgPool2d": pool,
    "SumPool2d": pool,
    "IF": neurons,
    "LIF": neurons,
    "CubaLIF": neurons,
}
