"""Two linear layers on every pixel by itself, 2C hidden units with ReLU and 2C outputs. The supplement of arXiv
2401.10843 tries a perceptron; its sizes are our reading."""

from typing import TYPE_CHECKING

from tsearch.networks.windows.cores.sequence import SequenceCore

if TYPE_CHECKING:
    from torch import nn


def _make(channels: int) -> "nn.Module":
    from torch import nn

    hidden = 2 * channels
    return nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, hidden))


MLP = SequenceCore("mlp", 2, lambda c: 2 * c * (c + 1) + 2 * c * (2 * c + 1), _make)
