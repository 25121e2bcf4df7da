"""Plain recurrent layers with tanh, of one direction and of both, as in the supplement of arXiv 2401.10843."""

from typing import TYPE_CHECKING

from tsearch.networks.windows.cores.sequence import recurrent

if TYPE_CHECKING:
    from torch import nn


def _forwards(channels: int) -> "nn.Module":
    from torch import nn

    return nn.RNN(channels, channels, batch_first=True)


def _both_ways(channels: int) -> "nn.Module":
    from torch import nn

    return nn.RNN(channels, channels, batch_first=True, bidirectional=True)


RNN = recurrent("rnn", 1, 1, _forwards)
BIRNN = recurrent("birnn", 1, 2, _both_ways)
