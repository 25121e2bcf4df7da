"""Projection functions: how a membrane of the group before and one of the layer before become one."""

from collections.abc import Callable
from math import pi

import torch
from torch import Tensor

Fused = Callable[[Tensor, Tensor, float], Tensor]

# From the membrane of the group before, that of the layer before, and theta. Source: arXiv 2401.10843, eq. 5
# ("product"); "nested" and "mean" stand in its released code, the others are those that its figure 5 compares. That
# relu, tanh and sigmoid take the sum is our reading.
FUSIONS: dict[str, Fused] = {
    "product": lambda a, b, theta: 2 * torch.sin(a * (theta * pi / 2)) * torch.cos(b * (theta * pi / 2)),
    "nested": lambda a, b, theta: 2 * torch.sin(a * (theta * pi / 2) * torch.cos(b * (theta * pi / 2))),
    "sum": lambda a, b, _: a + b,
    "mean": lambda a, b, _: (a + b) / 2,
    "relu": lambda a, b, _: torch.relu(a + b),
    "tanh": lambda a, b, _: torch.tanh(a + b),
    "sigmoid": lambda a, b, _: torch.sigmoid(a + b),
    "m1": lambda a, b, _: a,  # noqa: ARG005
    "m2": lambda a, b, _: b,  # noqa: ARG005
}
