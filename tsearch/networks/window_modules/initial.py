"""First weights of the General SNN. Source: the released code of arXiv 2401.10843, which takes them from timm."""

from math import prod, sqrt

import torch
from torch import nn

# The deviation of a normal distribution of deviation 1 that is cut off at 2.
_OF_TRUNCATED = 0.87962566103423978


def draw_lecun(layer: nn.Conv2d, generator: torch.Generator) -> None:
    """Weights from a normal distribution cut off at two deviations, so that theirs is 1 / sqrt(inputs); biases 0."""
    deviation = 1 / sqrt(prod(layer.weight.shape[1:])) / _OF_TRUNCATED
    nn.init.trunc_normal_(layer.weight, 0.0, deviation, -2 * deviation, 2 * deviation, generator=generator)
    _no_bias(layer)


def draw_xavier(layer: nn.Conv2d | nn.Linear, generator: torch.Generator) -> None:
    """Weights uniform up to sqrt(6 / (inputs + outputs)), of a convolution as of a linear layer that reads its whole
    kernel (Glorot & Bengio, AISTATS 2010); biases 0."""
    bound = sqrt(6 / (prod(layer.weight.shape[1:]) + layer.weight.shape[0]))
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    _no_bias(layer)


def draw_recurrent(layer: nn.RNNBase, generator: torch.Generator) -> None:
    """Weights and biases uniform up to 1 / sqrt(units)."""
    bound = 1 / sqrt(layer.hidden_size)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -bound, bound, generator=generator)


def _no_bias(layer: nn.Conv2d | nn.Linear) -> None:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
