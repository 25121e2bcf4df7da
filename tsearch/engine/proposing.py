"""Where proposals come from: an Optuna study in memory, asked and told, beside the ledger on disk.

Optuna's samplers read all trials for every proposal, so they read from memory; a half-made proposal never
reaches the ledger; and a proposal that is dropped leaves no trace. After a restart the study is filled from
the ledger and goes on as if nothing had happened, because every proposal has a sampler of its own, seeded by
the run's seed and the number of the trial.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from tsearch.configuration import content_hash
from tsearch.engine.proposers import PROPOSERS
from tsearch.space.domains import Choice, Domain, Real, Whole

CONSTRAINT = "violation"


class Study:
    """What the samplers know."""

    def __init__(
        self,
        proposer: str,
        seed: int,
        directions: Sequence[Literal["maximize", "minimize"]],
        parameters: Mapping[str, Domain],
        told: Sequence[FrozenTrial] = (),
        violations: Mapping[int, float] | None = None,
    ) -> None:
        """`told` are the trials of the ledger; `violations` tells by how much the complete ones break the
        constraints, where there are any (0: not at all).
        """
        self._make_sampler = PROPOSERS[proposer]
        self._seed = seed
        self._distributions = {name: distribution(domain) for name, domain in parameters.items()}
        self._study = optuna.create_study(directions=list(directions), sampler=self._make_sampler(0))
        for trial in told:
            self._study.add_trial(_with_violation(trial, (violations or {}).get(trial.number)))
        self._own_number = {trial.number: trial.number for trial in told}
        self._asked: dict[int, optuna.Trial] = {}

    def ask(self, number: int, draw: int = 0, given: Mapping[str, Any] | None = None) -> FrozenTrial:
        """A proposal for trial `number`, running, with its parameters.

        Args:
            draw: Counts the proposals made for this number; each has its own random numbers.
            given: Parameter values to take instead of drawing any.
        """
        self._study.sampler = self._make_sampler(proposal_seed(self._seed, number, draw))
        if given is not None:
            self._study.enqueue_trial(dict(given))
        asked = self._study.ask(self._distributions)
        self._own_number[number] = asked.number
        self._asked[number] = asked
        return self._study.get_trials(deepcopy=False)[asked.number]

    def drop(self, number: int) -> None:
        """Forget the last proposal for trial `number`."""
        self._asked.pop(number, None)
        self._study.tell(self._own_number.pop(number), state=TrialState.FAIL)

    def tell(self, number: int, values: Sequence[float] | None, violation: float | None = None) -> None:
        """Learn how trial `number` ended: its objectives, or None if it failed; and by how much it breaks the
        constraints, None where there are none.
        """
        asked = self._asked.pop(number, None)
        if asked is not None and violation is not None:
            asked.set_constraint(CONSTRAINT, violation)
        state = TrialState.FAIL if values is None else TrialState.COMPLETE
        self._study.tell(self._own_number[number], values, state=state)


def _with_violation(trial: FrozenTrial, violation: float | None) -> FrozenTrial:
    """A trial of the ledger as the samplers see it; a finished one knows its violation."""
    if violation is None:
        return trial
    return create_trial(
        state=trial.state,
        values=trial.values,
        params=trial.params,
        distributions=trial.distributions,
        system_attrs=trial.system_attrs,
        user_attrs=trial.user_attrs,
        constraints={CONSTRAINT: violation},
    )


def distribution(domain: Domain) -> BaseDistribution:
    """A searched setting in Optuna's words."""
    if isinstance(domain, Choice):
        return CategoricalDistribution(domain.choices)
    if isinstance(domain, Real):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    assert isinstance(domain, Whole)
    return IntDistribution(domain.low, domain.high, log=domain.log)


def proposal_seed(seed: int, number: int, draw: int) -> int:
    """Seed, in [0, 2**32), of the random numbers behind one proposal."""
    return int(content_hash([seed, number, draw])[:8], 16)


def entry(proposal: FrozenTrial, notes: Mapping[str, Any]) -> FrozenTrial:
    """The proposal as the ledger writes it down, with `notes` about it."""
    return create_trial(
        state=TrialState.RUNNING,
        params=proposal.params,
        distributions=proposal.distributions,
        system_attrs=proposal.system_attrs,
        user_attrs=dict(notes),
    )
