"""Weights of few bits: what the products of a network multiply, as whole numbers times one scale per output channel.

Training keeps float32 weights beside them and passes the gradient of the quantised ones straight through (Bengio et
al., arXiv 1308.3432). Every convolution and the readout are quantised, first and last layer too, because a chip holds
all weights in one width; biases, BatchNorm and temporal transformers are not. BatchNorm multiplies whole channels, so
the whole numbers are those of the weights with BatchNorm folded in, and folding changes the scales alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

UNREDUCED = 32
SCALE = "_scale"  # behind the name of stored whole numbers

# The largest magnitude that is not clipped, in root mean squares: least squared error for normal weights and an odd
# number of evenly spaced levels, as in Max, IRE Trans. IT-6:7, 1960 (whose tables have even numbers too).
_CLIP = {8: 3.92, 4: 2.475, 2: 1.225}


class Codes(NamedTuple):
    """Weights as whole numbers [out, ...], from -(2^(bits-1) - 1) to 2^(bits-1) - 1, times a scale [out, 1, ...]."""

    codes: Tensor
    scale: Tensor

    @property
    def weight(self) -> Tensor:
        return self.codes * self.scale


def encoded(weight: Tensor, bits: int) -> Codes:
    """The nearest multiples of a channel's scale: its largest magnitude, or what clips least where that is smaller, of
    the weights that are not zero, at the largest whole number. `weight` is [out, ...]; both parts are of its type."""
    most = 2 ** (bits - 1) - 1
    axes = tuple(range(1, weight.dim()))
    largest = weight.abs().amax(axes, keepdim=True)
    largest = torch.where(largest > 0, largest, 1.0)
    n_weights = (weight != 0).sum(axes, keepdim=True).clamp(min=1)
    mean_square = (weight / largest).square().sum(axes, keepdim=True) / n_weights
    clip = torch.where(mean_square > 0, mean_square.sqrt() * _CLIP[bits], 1.0).clamp(max=1)
    scale = largest * clip / most
    return Codes((weight / scale).round().clamp(-most, most), scale)


def quantised(weight: Tensor, bits: int) -> Tensor:
    """`weight` as products multiply it, with the gradient passed straight through; itself at 32 bits."""
    if bits == UNREDUCED:
        return weight
    rounded: Tensor = _StraightThrough.apply(weight, bits)  # type: ignore[no-untyped-call]
    return rounded


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, bits: int) -> Tensor:  # noqa: ARG004
        return encoded(weight, bits).weight

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004
        return grad, None


class Weighted(nn.Module):
    """Of a layer with weights: `weight_bits` of them in products, 32 for as they are."""

    weight: Tensor
    weight_bits: int = UNREDUCED

    @property
    def multiplied(self) -> Tensor:
        """The weights that products multiply."""
        return quantised(self.weight, self.weight_bits)


class Conv2d(Weighted, nn.Conv2d):
    """A convolution with quantised weights."""

    def forward(self, input: Tensor) -> Tensor:
        given: Tensor = self._conv_forward(input, self.multiplied, self.bias)
        return given


class Linear(Weighted, nn.Linear):
    """A linear layer with quantised weights."""

    def forward(self, input: Tensor) -> Tensor:
        given: Tensor = functional.linear(input, self.multiplied, self.bias)
        return given


def weighted_of(modules: Mapping[str, nn.Module]) -> dict[str, Weighted]:
    """The layers with weights in `modules`, under the same names."""
    return {
        name: part
        for name, module in modules.items()
        for part in module.modules()
        if isinstance(part, Weighted)
    }


def to_codes(state: Mapping[str, Tensor], names: Iterator[str], bits: int) -> dict[str, Tensor]:
    """A state dict whose weights of these names are stored as int8 and a scale each; as it is at 32 bits."""
    if bits == UNREDUCED:
        return dict(state)
    stored = dict(state)
    for name in names:
        codes, scale = encoded(stored.pop(name), bits)
        stored |= {name: codes.to(torch.int8), name + SCALE: scale}
    return stored


def from_codes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict that `to_codes` stored, with the very weights that were multiplied."""
    return {
        name: Codes(value.float(), state[name + SCALE]).weight if name + SCALE in state else value
        for name, value in state.items()
        if not (name.endswith(SCALE) and name.removesuffix(SCALE) in state)
    }
