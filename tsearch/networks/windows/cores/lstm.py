"""A bidirectional LSTM: the LSTM-SNN of arXiv 2401.10843."""

from typing import TYPE_CHECKING

from tsearch.networks.windows.cores.sequence import recurrent

if TYPE_CHECKING:
    from torch import nn


def _make(channels: int) -> "nn.Module":
    from torch import nn

    return nn.LSTM(channels, channels, batch_first=True, bidirectional=True)


LSTM = recurrent("lstm", 4, 2, _make)
