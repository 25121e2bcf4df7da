"""NSGA-II: crossover and mutation among the best, for searches of a thousand trials and more."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

POPULATION = 20


def nsga2_sampler(seed: int) -> "BaseSampler":
    """A sampler with generations of 20, so that a search of a hundred trials sees some evolution.

    Source: Deb et al., IEEE Trans. Evol. Comput. 6(2), 2002.
    """
    from optuna.samplers import NSGAIISampler

    return NSGAIISampler(seed=seed, population_size=POPULATION)
