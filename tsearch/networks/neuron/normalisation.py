"""BatchNorm in training in three parts: its statistics, the affine map that follows from them, and its gradients.

Apart, the map can run where its result is used: inside the neurons' pass over memory.
"""

from math import gcd
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tsearch.networks.neuron.dynamics import Affine

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d

_WIDTH = 1024  # values of the affine map, at most, after repetition: loops over few channels are slow


class Statistics(NamedTuple):
    """Of a batch, for each channel `[C]`."""

    mean: Tensor
    inverse_deviation: Tensor


def update_statistics(norm: BatchNorm, x: Tensor) -> Statistics:
    """Mean and 1 / sqrt(variance + eps) of every channel of `x` `[N, C, ...]`; updates the running ones of `norm`.

    The running variance has the factor n / (n - 1) for the n values of a channel in `x`. Where a static image's current
    is computed once for all T timesteps, these are counted once; libraries that repeat it count T n values, and their
    running variance is smaller by (n - 1) T / (T n - 1), which is 1 + O(1 / n).

    Raises: ValueError if there is only one value per channel."""
    assert norm.momentum is not None
    assert norm.num_batches_tracked is not None
    if x.numel() == x.shape[1]:
        raise ValueError(f"BatchNorm needs more than one value a channel, found {list(x.shape)}")
    mean, variance = torch.batch_norm_update_stats(x, norm.running_mean, norm.running_var, norm.momentum)
    norm.num_batches_tracked.add_(1)
    return Statistics(mean, (variance + norm.eps).rsqrt_())


def affine_of(statistics: Statistics, weight: Tensor, bias: Tensor, n_rows: int) -> Affine:
    """BatchNorm as an affine map of data with `n_rows` rows of C channels; `weight` and `bias` are `[C]`.

    The map is repeated for as many rows as divide `n_rows`, so its length L is a multiple of C."""
    scale = weight * statistics.inverse_deviation
    shift = bias - statistics.mean * scale
    times = gcd(n_rows, max(_WIDTH // len(weight), 1))
    return Affine(scale.expand(times, -1).flatten(), shift.expand(times, -1).flatten())


def gradients_of(
    grad: Tensor, x: Tensor, weight: Tensor, statistics: list[Tensor], epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of input, weight and bias from the gradient `grad` of BatchNorm's output; `grad` and its input `x` are
    `[N, C, ...]`, `statistics` the mean and 1 / sqrt(variance + epsilon) of `x`."""
    gradients: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.native_batch_norm_backward.default(
        grad, x, weight, None, None, *statistics, True, epsilon, [True, True, True]
    )
    return gradients
