"""Gaussian process with expected hypervolume improvement: for up to about 200 trials that each take minutes.

One proposal takes about a second at 100 trials and three at 300. Optuna imports torch for it, when the first
proposal is made.
"""

from typing import TYPE_CHECKING

from tsearch.engine.proposers.optuna_sampler import OptunaProposer

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class GpProposer(OptunaProposer):
    """Fits one Gaussian process per objective."""

    def sampler(self, seed: int) -> "BaseSampler":
        """Optuna's Gaussian-process sampler."""
        from optuna.samplers import GPSampler

        return GPSampler(seed=seed)
