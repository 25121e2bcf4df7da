"""Surrogate gradients: what stands in for the derivative of the spike, the Heaviside step.

Each is a bump of area 1 and peak 1 / width around the threshold, so that shapes can be exchanged without
changing its scale. The same functions run as they stand and inside compiled code, and give the same bits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor
from torch.nn import functional

_VECTOR = 64  # a whole number of vector registers, on every processor


@dataclass(frozen=True)
class Surrogate:
    """`place(threshold, width)` gives the three numbers that put the bump in its place; `pull(grad, membrane,
    *numbers)` is the gradient that reaches the membrane, grad times bump, put into `out` if given."""

    place: Callable[[float, float], tuple[float, float, float]]
    pull: Callable[..., Tensor]


def bump(name: str, distance: Tensor, width: float) -> Tensor:
    """The bump itself at `distance` from the threshold."""
    surrogate = SURROGATES[name]
    return surrogate.pull(torch.ones_like(distance), distance, *surrogate.place(0.0, width))


def rectangular(
    grad: Tensor, membrane: Tensor, low: float, high: float, peak: float, out: Tensor | None = None
) -> Tensor:
    """1/width where |distance| < width/2. Source: STBP, Wu et al., Front. Neurosci. 12:331, 2018."""
    if torch.compiler.is_compiling():
        return torch.where((membrane > low) & (membrane < high), grad, 0.0) * peak
    gated = gate(grad, membrane, low, high, out)
    return gated if peak == 1 else gated.mul_(peak)


def triangular(
    grad: Tensor, membrane: Tensor, threshold: float, slope: float, peak: float, out: Tensor | None = None
) -> Tensor:
    """max(0, 1 - |distance|/width) / width. Source: Bellec et al., NeurIPS 2018 (up to its damping
    factor)."""
    return torch.mul((1 - (membrane - threshold).abs() * slope).clamp(min=0) * peak, grad, out=out)


def sigmoid(
    grad: Tensor, membrane: Tensor, threshold: float, slope: float, area: float, out: Tensor | None = None
) -> Tensor:
    """Derivative of a sigmoid of slope 4/width."""
    firing = _even_sigmoid((membrane - threshold) * slope)
    return torch.mul(firing * (1 - firing) * area, grad, out=out)


def atan(
    grad: Tensor, membrane: Tensor, threshold: float, slope: float, peak: float, out: Tensor | None = None
) -> Tensor:
    """Derivative of arctan: 1 / (width (1 + (pi distance / width)^2)). Source: Fang et al., ICCV 2021
    (shape)."""
    return torch.mul((((membrane - threshold) * slope).square() + 1).reciprocal() * peak, grad, out=out)


SURROGATES: dict[str, Surrogate] = {
    "rectangular": Surrogate(lambda th, width: (th - width / 2, th + width / 2, 1 / width), rectangular),
    "triangular": Surrogate(lambda th, width: (th, 1 / width, 1 / width), triangular),
    "sigmoid": Surrogate(lambda th, width: (th, 4 / width, 4 / width), sigmoid),
    "atan": Surrogate(lambda th, width: (th, pi / width, 1 / width), atan),
}


def gate(values: Tensor, by: Tensor, low: float, high: float, out: Tensor | None = None) -> Tensor:
    """`values` where low < `by` < high, else 0, in one pass over memory."""
    target = torch.empty_like(values) if out is None else out
    gated: Tensor = torch.ops.aten.hardtanh_backward.grad_input(values, by, low, high, grad_input=target)
    return gated


def _even_sigmoid(x: Tensor) -> Tensor:
    """A sigmoid that rounds alike at every place. The last values of a tensor, too few for a vector
    register, would go through another exponential function."""
    missing = 0 if torch.compiler.is_compiling() else -x.shape[-1] % _VECTOR
    if missing == 0:
        return torch.sigmoid(x)
    return torch.sigmoid(functional.pad(x, (0, missing)))[..., : x.shape[-1]]
