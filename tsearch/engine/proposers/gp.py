"""Gaussian process with expected hypervolume improvement: for up to about 200 trials that each take minutes.

One proposal takes about a second at 100 trials and three at 300. Optuna imports torch for it, when the first
proposal is made.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


def gp_sampler(seed: int) -> "BaseSampler":
    """A sampler that fits one Gaussian process per objective."""
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed)
