"""Projection functions: how two membranes, of the group before and of the layer before, become one."""

from collections.abc import Callable
from math import pi

import torch
from torch import Tensor

Fused = Callable[[Tensor, Tensor, float], Tensor]

# Of two membranes, in the order in which the routes of `GroupMembranes` name them, and theta. Source: arXiv 2401.10843,
# eq. 5 ("product"), whose first is that of the group before, and second that of the layer before; its released code
# has that order in places only. "nested" and "mean" stand in the code, the others are those that figure 5 compares.
# That relu, tanh and sigmoid take the sum, and which membranes m1 and m2 are, is our reading.
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
