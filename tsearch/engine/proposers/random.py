"""Uniform draws over the parameters: the yardstick of the other proposers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


def random_sampler(seed: int) -> "BaseSampler":
    """A sampler that ignores what was learnt."""
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)
