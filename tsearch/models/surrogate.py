"""Surrogate gradients: what stands in for the derivative of the spike, the Heaviside step.

Each is a bump of area 1 and peak 1 / width around the threshold, so that shapes can be exchanged without
changing its scale."""

from collections.abc import Callable
from math import pi

import torch
from torch import Tensor


def rectangular(distance: Tensor, width: float) -> Tensor:
    """1/width where |distance| < width/2. Source: STBP, Wu et al., Front. Neurosci. 12:331, 2018."""
    return (distance.abs() < width / 2).to(distance.dtype).div_(width)


def triangular(distance: Tensor, width: float) -> Tensor:
    """max(0, 1 - |distance|/width) / width. Source: Bellec et al., NeurIPS 2018 (up to its damping
    factor)."""
    return (1 - distance.abs() / width).clamp_(min=0).div_(width)


def sigmoid(distance: Tensor, width: float) -> Tensor:
    """Derivative of a sigmoid of slope 4/width."""
    firing = torch.sigmoid(distance * (4 / width))
    return firing * (1 - firing) * (4 / width)


def atan(distance: Tensor, width: float) -> Tensor:
    """Derivative of arctan: 1 / (width (1 + (pi distance / width)^2)). Source: Fang et al., ICCV 2021
    (shape)."""
    return 1 / (width * (1 + (distance * (pi / width)).square()))


SURROGATES: dict[str, Callable[[Tensor, float], Tensor]] = {
    "rectangular": rectangular,
    "triangular": triangular,
    "sigmoid": sigmoid,
    "atan": atan,
}
