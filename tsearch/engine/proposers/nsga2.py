"""NSGA-II: crossover and mutation among the best, for searches of a thousand trials and more."""

from functools import cache
from typing import TYPE_CHECKING, Any

from tsearch.engine.proposers.optuna_sampler import OptunaProposer

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

POPULATION = 20


class Nsga2Proposer(OptunaProposer):
    """Generations of 20, so that a search of a hundred trials sees some evolution.

    Source: Deb et al., IEEE Trans. Evol. Comput. 6(2), 2002.
    """

    @staticmethod
    def sampler(seed: int) -> "BaseSampler":
        """Optuna's NSGA-II sampler, with generations that follow from what was told."""
        made: BaseSampler = _sampler_class()(seed=seed, population_size=POPULATION)
        return made


@cache
def _sampler_class() -> Any:
    from optuna.samplers import NSGAIISampler
    from optuna.trial import TrialState

    class Nsga2Sampler(NSGAIISampler):
        """Optuna writes into each trial in which generation it was asked. Here every twenty complete trials, in the
        order of telling, are one, so that nothing has to be remembered beside what was told."""

        def get_trial_generation(self, study: Any, trial: Any) -> int:  # noqa: ARG002
            return len(_complete(study)) // POPULATION

        def get_population(self, study: Any, generation: int) -> list[Any]:
            return _complete(study)[generation * POPULATION : (generation + 1) * POPULATION]

    def _complete(study: Any) -> list[Any]:
        return list(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))

    return Nsga2Sampler
