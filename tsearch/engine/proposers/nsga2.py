"""NSGA-II, the default: crossover and mutation among the best. A proposal takes a millisecond, however many trials
there are."""

from functools import cache
from typing import TYPE_CHECKING, Any

from tsearch.engine.proposers.optuna_sampler import OptunaProposer

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

POPULATION = (
    10  # by benchmarks/proposers.py: with 20 and more, a search of a hundred trials has too few generations
)


class Nsga2Proposer(OptunaProposer):
    """Generations of 10, so that a search of a hundred trials sees some evolution. The first one is drawn at random:
    baselines alone, of the same timesteps everywhere, would have children of their kind.

    Source: Deb et al., IEEE Trans. Evol. Comput. 6(2), 2002.
    """

    population = POPULATION

    def sampler(self, seed: int) -> "BaseSampler":
        """Optuna's NSGA-II sampler, with generations that follow from what was told."""
        made: BaseSampler = _sampler_class()(seed=seed, population_size=self.population)
        return made


@cache
def _sampler_class() -> Any:
    from optuna.samplers import NSGAIISampler

    class Nsga2Sampler(NSGAIISampler):
        """Optuna writes into each trial in which generation it was asked. Here every `population_size` complete trials,
        in the order of telling, are one generation, and what was given beforehand is in the first one, so that nothing
        has to be remembered beside what was told."""

        def __init__(self, seed: int, population_size: int) -> None:
            super().__init__(seed=seed, population_size=population_size)
            self._size = population_size

        def get_trial_generation(self, study: Any, trial: Any) -> int:  # noqa: ARG002
            known = study._storage
            return int(max(0, len(known.complete) - known.problem.n_given) // self._size)

        def get_population(self, study: Any, generation: int) -> list[Any]:
            first = study._storage.problem.n_given + generation * self._size
            return list(study._storage.complete[first if generation else 0 : first + self._size])

        def get_parent_population(self, study: Any, generation: int) -> list[Any]:
            """The parents of a generation, in the order of telling; none for the first one.

            Optuna gives them in the order in which they were chosen when asked for the first time, and in that of their
            numbers from then on: a search that was cut off would go on with other ones."""
            parents = study._storage.parents
            while len(parents) <= generation:
                parents.append(sorted(self.select_parent(study, len(parents)), key=lambda t: t.number))
            return list(parents[generation])

    return Nsga2Sampler
