"""What is known of a search, as Optuna's samplers read it: the trials told, then those under way.

A sampler reads a study, and a study reads a storage: `Known` is one that lists these trials and takes no others. They
have numbers of their own, by their places in that list, so that what a sampler answers depends on what was told and
in which order, and on nothing else: not on what was asked, failed, or begun before a restart.
"""

from collections.abc import Container, Sequence
from copy import deepcopy as deep_copy
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from tsearch.engine.distributions import distribution
from tsearch.engine.proposing import Problem, Told, UnderWay

CONSTRAINT = "violation"
WORST_VIOLATION = 1e6  # for a metric that is missing: samplers calculate with it
_NAME = "known"


class Known(InMemoryStorage):
    """The trials of a search, fed as they are told.

    `parents` is for a sampler with generations: the parents of each so far, which no later trial changes.
    """

    def __init__(self, problem: Problem, *, is_conditional: bool = False) -> None:
        super().__init__()
        self._is_conditional = is_conditional and bool(problem.conditions)
        self.create_new_study([StudyDirection[o.direction.upper()] for o in problem.objectives], _NAME)
        self.problem = problem
        self.distributions = {name: distribution(domain) for name, domain in problem.parameters.items()}
        conditions = problem.conditions if self._is_conditional else {}
        self._always = [name for name in problem.parameters if name not in conditions]
        self._sometimes = [name for name in problem.parameters if name in conditions]
        self.complete: list[FrozenTrial] = []
        self.parents: list[list[FrozenTrial]] = [[]]
        self._running: dict[int, tuple[UnderWay, FrozenTrial]] = {}
        self._told: Sequence[Told] = ()  # the list itself, to which its owner appends
        self._fed: list[Told] = []  # what it held when it was last read

    def may_go_on(self, problem: Problem, told: Sequence[Told]) -> bool:
        """Whether `told` begins with all that was fed. Of the list that was read last, only the end is compared."""
        n = len(self._fed)
        if len(told) < n or (problem is not self.problem and problem != self.problem):
            return False
        if told is self._told:
            return n == 0 or told[n - 1] is self._fed[-1]
        return all(a is b or a == b for a, b in zip(self._fed, told, strict=False))

    def feed(self, told: Sequence[Told], under_way: Sequence[UnderWay]) -> None:
        """Take what is new. Failed trials count for nothing."""
        for trial in told[len(self._fed) :]:
            self._fed.append(trial)
            if trial.objectives is not None:
                self.complete.append(self._complete(trial))
        self._told = told
        self._running = {trial.number: self._as_running(trial) for trial in under_way}
        for place, (_, running) in enumerate(self._running.values(), len(self.complete)):
            running.number = place

    def ask(self, sampler: BaseSampler, *, is_joint: bool) -> dict[str, Any]:
        """What `sampler` proposes; `is_joint` says whether it draws the parameters together. The search space is the
        problem's: samplers would read it off all trials, for every proposal."""
        study, asked = Study(_NAME, self, sampler=sampler), self._entry({}, TrialState.RUNNING)
        asked.number = len(self.complete) + len(self._running)
        values = self._drawn(self._always, sampler, study, asked, is_joint)
        matter = [name for name in self._sometimes if self.problem.matters(name, values)]
        return values | (self._drawn(matter, sampler, study, asked, is_joint) if matter else {})

    def _drawn(
        self, names: Sequence[str], sampler: BaseSampler, study: Study, asked: FrozenTrial, is_joint: bool
    ) -> dict[str, Any]:
        """A value of each, drawn by itself where those drawn together have none that is legal."""
        group = {name: self.distributions[name] for name in names}
        together = dict(sorted(group.items())) if is_joint else {}
        drawn, values = sampler.sample_relative(study, asked, together), {}
        for name, domain in group.items():
            internal = domain.to_internal_repr(drawn[name]) if name in drawn else None
            if internal is None or not domain._contains(internal):
                alone = sampler.sample_independent(study, asked, name, domain)
                internal = domain.to_internal_repr(alone)
            values[name] = domain.to_external_repr(internal)
        return values

    # ------------------------------------------------------------------ what samplers ask of a storage

    def get_all_trials(
        self,
        study_id: int,  # noqa: ARG002
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Complete trials in the order of telling, then those under way."""
        trials = []
        if states is None or TrialState.COMPLETE in states:
            trials += self.complete
        if states is None or TrialState.RUNNING in states:
            trials += [trial for _, trial in self._running.values()]
        return deep_copy(trials) if deepcopy else trials

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """What a sampler notes about the trial that it is asked for: nobody else reads it."""

    # ------------------------------------------------------------------ entries

    def _complete(self, trial: Told) -> FrozenTrial:
        assert trial.objectives is not None
        violation = trial.violation
        constraints = None if violation is None else {CONSTRAINT: min(violation, WORST_VIOLATION)}
        entry = self._entry(trial.values, TrialState.COMPLETE, list(trial.objectives), constraints)
        entry.number = len(self.complete)
        return entry

    def _as_running(self, trial: UnderWay) -> tuple[UnderWay, FrozenTrial]:
        before = self._running.get(trial.number)
        if before is not None and (before[0] is trial or before[0] == trial):
            return before
        return trial, self._entry(trial.values, TrialState.RUNNING)

    def _entry(
        self,
        values: Any,
        state: TrialState,
        objectives: list[float] | None = None,
        constraints: dict[str, float] | None = None,
    ) -> FrozenTrial:
        distributions: dict[str, BaseDistribution] = self.distributions if values else {}
        if self._is_conditional:
            values = {name: value for name, value in values.items() if self.problem.matters(name, values)}
            distributions = {name: self.distributions[name] for name in values}
        return create_trial(
            state=state,
            values=objectives,
            params=dict(values),
            distributions=distributions,
            constraints=constraints,
        )
