"""Optuna's samplers as proposers: what was told stands in a study in memory, which is fed what is new.

Samplers read all trials for every proposal, so they read from memory. Every proposal has a sampler of its own, so that
it depends on the random numbers and on what was told, and on nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from tsearch.engine.proposing import Problem, Told, UnderWay

CONSTRAINT = "violation"


class OptunaProposer(ABC):
    """Base of the proposers that ask one of Optuna's samplers. Optuna is imported with the first proposal."""

    def __init__(self) -> None:
        self._study: _Study | None = None

    @staticmethod
    @abstractmethod
    def sampler(seed: int) -> "BaseSampler":
        """A fresh sampler."""

    def __call__(
        self,
        problem: "Problem",
        told: "Sequence[Told]",
        under_way: "Sequence[UnderWay]",
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """What the sampler says, see `proposing.Proposer`."""
        if self._study is None or not self._study.may_go_on(problem, told, under_way):
            self._study = _Study(problem)
        self._study.feed(told, under_way)
        return self._study.ask(self.sampler(_seed_of(rng)))


class _Study:
    """A study in memory. Trials told are complete in it, in the order of telling; those under way are running; what was
    asked, or failed, is failed in it, which samplers overlook."""

    def __init__(self, problem: "Problem") -> None:
        import optuna

        from tsearch.engine.distributions import distribution

        self._problem = problem
        self._distributions = {name: distribution(domain) for name, domain in problem.parameters.items()}
        directions = [objective.direction for objective in problem.objectives]
        self._study = optuna.create_study(
            directions=directions, sampler=optuna.samplers.RandomSampler(seed=0)
        )
        self._n_entries = 0
        self._told: list[Told] = []
        self._running: dict[int, tuple[int, Mapping[str, Any]]] = {}  # by number: entry of the study, values

    def may_go_on(self, problem: "Problem", told: "Sequence[Told]", under_way: "Sequence[UnderWay]") -> bool:
        """Whether the study holds nothing but what is told and under way now."""
        values = {trial.number: trial.values for trial in told[len(self._told) :]}
        values |= {trial.number: trial.values for trial in under_way}
        return (
            (problem is self._problem or problem == self._problem)
            and len(told) >= len(self._told)
            and all(a is b or a == b for a, b in zip(self._told, told, strict=False))
            and all(values.get(number) == known for number, (_, known) in self._running.items())
        )

    def feed(self, told: "Sequence[Told]", under_way: "Sequence[UnderWay]") -> None:
        """Add what is new."""
        from optuna.trial import TrialState

        for trial in told[len(self._told) :]:
            self._told.append(trial)
            if trial.number in self._running:
                entry, _ = self._running.pop(trial.number)
                self._study.tell(entry, state=TrialState.FAIL)
            if trial.objectives is not None:
                constraints = None if trial.violation is None else {CONSTRAINT: trial.violation}
                self._add(trial.values, TrialState.COMPLETE, list(trial.objectives), constraints)
        for other in under_way:
            if other.number not in self._running:
                self._running[other.number] = (self._n_entries, other.values)
                self._add(other.values, TrialState.RUNNING)

    def ask(self, sampler: "BaseSampler") -> dict[str, Any]:
        """What the sampler proposes. The study forgets it: only what is begun counts."""
        from optuna.trial import TrialState

        self._study.sampler = sampler
        asked = self._study.ask(self._distributions)
        self._n_entries += 1
        self._study.tell(asked, state=TrialState.FAIL)
        return dict(asked.params)

    def _add(
        self,
        values: Mapping[str, Any],
        state: Any,
        objectives: list[float] | None = None,
        constraints: dict[str, float] | None = None,
    ) -> None:
        from optuna.trial import create_trial

        trial = create_trial(
            state=state,
            values=objectives,
            params=dict(values),
            distributions=self._distributions,
            constraints=constraints,
        )
        self._study.add_trial(trial)
        self._n_entries += 1


def _seed_of(rng: np.random.Generator) -> int:
    """The number that `rng` was made from, in [0, 2**32), so that one seed gives the search that it always gave."""
    return int(rng.bit_generator.seed_seq.entropy) % 2**32  # type: ignore[attr-defined]
