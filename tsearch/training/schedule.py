"""Where an epoch lies in a schedule, and how large its learning rate is."""

from dataclasses import dataclass
from math import cos, pi

from tsearch.configuration import Configuration, Phase


@dataclass(frozen=True)
class Position:
    """Epoch `epoch` (counted from 0) of phase `index`."""

    index: int
    phase: Phase
    epoch: int


def positions(configuration: Configuration) -> list[Position]:
    """One entry per epoch of the whole schedule."""
    return [
        Position(index, phase, epoch)
        for index, phase in enumerate(configuration.schedule)
        for epoch in range(phase.epochs)
    ]


def one_cycle(progress: float, warmup: float) -> float:
    """Learning rate as a fraction of its peak after `progress` in [0, 1] of a phase: cosine up from 1/25
    over the first `warmup`, cosine down to (almost) 0 afterwards. Source: Smith & Topin, arXiv 1708.07120
    (shape)."""
    low = 1 / 25
    if progress < warmup:
        return low + (1 - low) * (1 - cos(pi * progress / warmup)) / 2
    return max((1 + cos(pi * (progress - warmup) / (1 - warmup))) / 2, 1e-5)
