"""A network and a data set that tsearch does not know: bars that move in four directions, and a small residual net."""

import numpy as np
from torch import nn

import tsearch


def bars(n=600, size=8, steps=4, noise=0.02):
    """Events of bars that move right, left, down or up: the sum over time does not tell the two ways apart."""
    rng, way = np.random.default_rng(0), np.arange(n) % 4
    place = rng.integers(size, size=(n, 1)) + np.where(way % 2, -1, 1)[:, None] * np.arange(steps)
    bar = np.repeat((place[:, :, None] % size == np.arange(size))[:, :, None, :], size, axis=2)
    bar[way > 1] = bar[way > 1].swapaxes(2, 3)
    counts = bar | (rng.random(bar.shape) < noise)  # [N, T, H, W]
    return tsearch.event_dataset(counts[:, :, None].astype(int), way)


def conv(n_in, n_out, stride=1):
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out))


class Residual(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.branch, self.neurons = nn.Sequential(conv(n, n), tsearch.LIF(), conv(n, n)), tsearch.LIF()

    def forward(self, x):
        return self.neurons(x + self.branch(x))


def network(shape, _n_classes, width=8):
    """One entry per block; the last linear layer, to the classes, is added by tsearch."""
    stem = nn.Sequential(conv(shape[0], width), tsearch.LIF(), nn.AvgPool2d(2))
    wider = nn.Sequential(conv(width, 2 * width, stride=2), tsearch.LIF())
    return [stem, Residual(width), wider]
