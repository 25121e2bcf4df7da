"""A bidirectional GRU; the supplement of arXiv 2401.10843 tries one, its directions are our reading."""

from typing import TYPE_CHECKING

from tsearch.networks.windows.cores.sequence import recurrent

if TYPE_CHECKING:
    from torch import nn


def _make(channels: int) -> "nn.Module":
    from torch import nn

    return nn.GRU(channels, channels, batch_first=True, bidirectional=True)


GRU = recurrent("gru", 3, 2, _make)
