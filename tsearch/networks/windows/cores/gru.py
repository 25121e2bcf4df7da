"""A bidirectional GRU; the supplement of arXiv 2401.10843 tries one, its directions are our reading."""

from typing import TYPE_CHECKING

from tsearch.networks.windows.cores.sequence import SequenceCore, recurrent_parameters

if TYPE_CHECKING:
    from torch import nn


def _make(channels: int) -> "nn.Module":
    from torch import nn

    return nn.GRU(channels, channels, batch_first=True, bidirectional=True)


GRU = SequenceCore("gru", 2, recurrent_parameters(3, 2), _make)
