"""Weights of few bits: what the products of a network multiply, as whole numbers times one scale per output channel.

Training keeps float32 weights beside them and passes the gradient of the quantised ones straight through (Bengio et
al., arXiv 1308.3432). Every convolution and the readout are quantised, first and last layer too, because a chip holds
all weights in one width; biases, BatchNorm and temporal transformers are not. BatchNorm multiplies whole channels, so
the whole numbers are those of the weights with BatchNorm folded in, and folding changes the scales alone.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.phase import UNREDUCED

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
    """Of a layer with weights: `weight_bits` of them in products, 32 for as they are. With `is_rounded`, they were
    rounded to so many bits before, as those of a bundle were."""

    weight: Tensor
    weight_bits: int = UNREDUCED
    is_rounded: bool = False

    @property
    def multiplied(self) -> Tensor:
        """The weights that products multiply."""
        return self.weight if self.is_rounded else quantised(self.weight, self.weight_bits)


class Conv2d(Weighted, nn.Conv2d):
    """A convolution with quantised weights.

    Maps narrower than the stride are convolved in the type of the weights: in 16 bits the gradient of the weights would
    be partly made of memory that nobody has written (seen in torch 2.13 on a processor with AMX)."""

    def forward(self, input: Tensor) -> Tensor:
        if input.shape[-1] < self.stride[-1]:
            with torch.autocast(input.device.type, enabled=False):
                return self._product(input.to(self.weight.dtype))
        return self._product(input)

    def _product(self, input: Tensor) -> Tensor:
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


def to_codes(network: nn.Module, state: Mapping[str, Tensor], bits: int) -> dict[str, Tensor]:
    """The weights of `network`, by name, as a bundle stores them: those that are quantised as int8, and the scales of
    their channels beside them. As they are at 32 bits."""
    stored = dict(state)
    for name in _weight_names(network) if bits != UNREDUCED else ():
        codes, scale = encoded(stored.pop(name), bits)
        stored |= {name: codes.to(torch.int8), name + SCALE: scale}
    return stored


def from_codes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict that `to_codes` stored, with the very weights that were multiplied. Raises: ValueError where a
    scale does not belong to its weights."""
    scaled = {name.removesuffix(SCALE) for name in state if name.endswith(SCALE)} & state.keys()
    return {
        name: _decoded(name, value, state[name + SCALE]) if name in scaled else value
        for name, value in state.items()
        if name.removesuffix(SCALE) not in scaled or name in scaled
    }


def take_codes(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Tell the layers of `network` whose weights in `state` are whole numbers that these are rounded already."""
    for name, layer in network.named_modules():
        if isinstance(layer, Weighted):
            layer.is_rounded = f"{name}.weight{SCALE}" in state


def _weight_names(network: nn.Module) -> list[str]:
    return [f"{name}.weight" for name, layer in network.named_modules() if isinstance(layer, Weighted)]


def _decoded(name: str, codes: Tensor, scale: Tensor) -> Tensor:
    if codes.dtype != torch.int8 or scale.shape != (*codes.shape[:1], *(1 for _ in codes.shape[1:])):
        raise ValueError(f"the scale of {name} is of shape {[*scale.shape]}, the weights of {[*codes.shape]}")
    return Codes(codes.to(scale.dtype), scale).weight
