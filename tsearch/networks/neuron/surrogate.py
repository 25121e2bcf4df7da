"""Surrogate gradients: what replaces the derivative of the spike, a Heaviside step, in the backward pass.

Each surrogate is a curve around the threshold with area 1 and height 1 / width, so one can replace another without a
change of scale; a neuron's `surrogate_scale` multiplies its height, and with it its area. That of IIR-SNN, 0.3 max(0,
1 - |z|) for z = h / threshold - 1, is "triangular" with width 1 and scale 0.3. The same functions run in PyTorch and in
compiled code, and give the same bits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_VECTOR = 64  # a whole number of vector registers, on every processor


@dataclass(frozen=True)
class Surrogate:
    """`parameters(threshold, width)` gives three numbers that describe the curve, the last one a factor of its height;
    `gradient(grad, membrane, *parameters)` is the gradient of the membrane, grad times the curve's value, written into
    `out` if given."""

    parameters: Callable[[float, float], tuple[float, float, float]]
    gradient: Callable[..., Tensor]


def parameters_of(
    name: str, threshold: float, width: float, scale: float = 1.0
) -> tuple[float, float, float]:
    """The three numbers of the surrogate `name` around `threshold`, its height multiplied by `scale`."""
    first, second, height = SURROGATES[name].parameters(threshold, width)
    return first, second, height * scale


def surrogate_derivative(name: str, distance: Tensor, width: float, scale: float = 1.0) -> Tensor:
    """What replaces the derivative of a spike whose membrane is at `distance` from the threshold; any shape."""
    parameters = parameters_of(name, 0.0, width, scale)
    return SURROGATES[name].gradient(torch.ones_like(distance), distance, *parameters)


def heaviside(name: str, width: float, scale: float = 1.0) -> Callable[[Tensor], Tensor]:
    """The step function, 1 from 0 on, for tensors of any shape; its gradient is the surrogate `name` of that width,
    times `scale`."""
    return lambda distance: _Heaviside.apply(distance, name, width, scale)  # type: ignore[no-untyped-call]


class _Heaviside(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, distance: Tensor, name: str, width: float, scale: float) -> Tensor:
        ctx.save_for_backward(distance)
        ctx.how = name, width, scale
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (distance,) = ctx.saved_tensors
        name, width, scale = ctx.how
        return grad * surrogate_derivative(name, distance, width, scale), None, None, None


def rectangular(
    grad: Tensor, membrane: Tensor, low: float, high: float, height: float, out: Tensor | None = None
) -> Tensor:
    """1/width where |distance| < width/2. Source: STBP, Wu et al., Front. Neurosci. 12:331, 2018."""
    if torch.compiler.is_compiling():
        return torch.where((membrane > low) & (membrane < high), grad, 0.0) * height
    inside = where_between(grad, membrane, low, high, out)
    return inside if height == 1 else inside.mul_(height)


def triangular(
    grad: Tensor, membrane: Tensor, threshold: float, slope: float, height: float, out: Tensor | None = None
) -> Tensor:
    """max(0, 1 - |distance|/width) / width. Source: Bellec et al., NeurIPS 2018 (up to its damping
    factor)."""
    return torch.mul((1 - (membrane - threshold).abs() * slope).clamp(min=0) * height, grad, out=out)


def sigmoid(
    grad: Tensor, membrane: Tensor, threshold: float, slope: float, scale: float, out: Tensor | None = None
) -> Tensor:
    """Derivative of a sigmoid of slope 4/width."""
    value = _uniform_sigmoid((membrane - threshold) * slope)
    return torch.mul(value * (1 - value) * scale, grad, out=out)


def atan(
    grad: Tensor, membrane: Tensor, threshold: float, slope: float, height: float, out: Tensor | None = None
) -> Tensor:
    """Derivative of arctan: 1 / (width (1 + (pi distance / width)^2)). Source: Fang et al., ICCV 2021
    (shape)."""
    return torch.mul((((membrane - threshold) * slope).square() + 1).reciprocal() * height, grad, out=out)


SURROGATES: dict[str, Surrogate] = {
    "rectangular": Surrogate(lambda th, width: (th - width / 2, th + width / 2, 1 / width), rectangular),
    "triangular": Surrogate(lambda th, width: (th, 1 / width, 1 / width), triangular),
    "sigmoid": Surrogate(lambda th, width: (th, 4 / width, 4 / width), sigmoid),
    "atan": Surrogate(lambda th, width: (th, pi / width, 1 / width), atan),
}


def where_between(values: Tensor, by: Tensor, low: float, high: float, out: Tensor | None = None) -> Tensor:
    """`values` where low < `by` < high, else 0, in one pass over memory; all of one shape."""
    target = torch.empty_like(values) if out is None else out
    # the library's only operation that compares with both bounds and selects at once
    selected: Tensor = torch.ops.aten.hardtanh_backward.grad_input(values, by, low, high, grad_input=target)
    return selected


def _uniform_sigmoid(x: Tensor) -> Tensor:
    """A sigmoid that rounds alike at every position of a tensor. The library computes the last values, too few for a
    vector register, with another exponential function; so these are padded."""
    missing = 0 if torch.compiler.is_compiling() else -x.shape[-1] % _VECTOR
    if missing == 0:
        return torch.sigmoid(x)
    return torch.sigmoid(functional.pad(x, (0, missing)))[..., : x.shape[-1]]
