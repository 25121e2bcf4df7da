"""Where an epoch lies in a schedule, and how large its learning rate is."""

from dataclasses import dataclass
from math import cos, floor, pi

from tsearch.configuration import Configuration, Phase, Training


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


def learning_rate_at(progress: float, training: Training) -> float:
    """Learning rate as a fraction of its peak after `progress` in [0, 1] of a phase.

    "step" with SGD, 0.1 and its defaults is the recipe of SSNN, which divides by 10 after 30, 60 and 90 of 100 epochs
    (as arXiv 2510.07924 of the same authors says); "constant" stays at the peak."""
    if training.learning_rate_schedule == "one_cycle":
        return one_cycle(progress, training.warmup)
    if training.learning_rate_schedule == "step":
        return float(training.step_factor ** floor(progress / training.step_every + 1e-9))  # 0.6 / 0.3 is 2
    return 1.0


def one_cycle(progress: float, warmup: float) -> float:
    """Learning rate as a fraction of its peak after `progress` in [0, 1] of a phase: cosine up from 1/25
    over the first `warmup`, cosine down to (almost) 0 afterwards. Source: Smith & Topin, arXiv 1708.07120
    (shape)."""
    low = 1 / 25
    if progress < warmup:
        return low + (1 - low) * (1 - cos(pi * progress / warmup)) / 2
    return max((1 + cos(pi * (progress - warmup) / (1 - warmup))) / 2, 1e-5)
