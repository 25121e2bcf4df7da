"""BatchNorm in training, taken apart: its statistics, the affine map that they make, and its gradients.

So the map can run where its result is used, inside the neurons' pass over memory.
"""

from math import gcd
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tsearch.networks.neuron.stepwise import Affine

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d

_WIDTH = 1024  # numbers of channels are repeated up to this many: short loops are slow


class Statistics(NamedTuple):
    """Of a batch, by channel."""

    mean: Tensor
    inverse_deviation: Tensor


def update_statistics(norm: BatchNorm, x: Tensor) -> Statistics:
    """Mean and 1 / sqrt(variance + eps) of every channel of `x` [N, C, ...]; the running ones of `norm` move on.

    Raises: ValueError for a single value a channel."""
    assert norm.momentum is not None
    assert norm.num_batches_tracked is not None
    if x.numel() == x.shape[1]:
        raise ValueError(f"BatchNorm needs more than one value a channel, found {list(x.shape)}")
    mean, variance = torch.batch_norm_update_stats(x, norm.running_mean, norm.running_var, norm.momentum)
    norm.num_batches_tracked.add_(1)
    return Statistics(mean, (variance + norm.eps).rsqrt_())


def affine_of(statistics: Statistics, weight: Tensor, bias: Tensor, n_rows: int) -> Affine:
    """What BatchNorm does to a row of channels, repeated to a length that divides all `n_rows` rows."""
    scale = weight * statistics.inverse_deviation
    shift = bias - statistics.mean * scale
    times = gcd(n_rows, max(_WIDTH // len(weight), 1))
    return scale.expand(times, -1).flatten(), shift.expand(times, -1).flatten()


def gradients_of(
    grad: Tensor, x: Tensor, weight: Tensor, statistics: list[Tensor], epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """From `grad` behind BatchNorm, shaped like its input `x`, to the gradients of input, weight and bias."""
    found: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.native_batch_norm_backward.default(
        grad, x, weight, None, None, *statistics, True, epsilon, [True, True, True]
    )
    return found
