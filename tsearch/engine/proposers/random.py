"""Uniform draws over the parameters: the yardstick of the other proposers."""

from typing import TYPE_CHECKING

from tsearch.engine.proposers.optuna_sampler import OptunaProposer

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class RandomProposer(OptunaProposer):
    """Ignores what was learnt."""

    is_joint = False

    def sampler(self, seed: int) -> "BaseSampler":
        """Optuna's random sampler."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)
