"""Optuna's samplers as proposers: they read what was told from memory, which is fed what is new.

Every proposal has a sampler of its own, so that it depends on the random numbers and on what was told, and on nothing
else.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from tsearch.engine.proposers.known import Known
    from tsearch.engine.proposing import Problem, Told, UnderWay


class OptunaProposer(ABC):
    """Base of the proposers that ask one of Optuna's samplers. Optuna is imported with the first proposal.

    `is_joint` says whether the sampler draws the parameters together (`sample_relative`) or one by one. With
    `is_conditional` it draws those that always matter first, then those that matter beside them, learning from trials
    in which they did; else every trial has all of them.
    """

    is_joint = True
    is_conditional = False

    def __init__(self) -> None:
        self._known: Known | None = None

    @abstractmethod
    def sampler(self, seed: int) -> "BaseSampler":
        """A fresh sampler."""

    def __call__(
        self,
        problem: "Problem",
        told: "Sequence[Told]",
        under_way: "Sequence[UnderWay]",
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """What the sampler says, see `proposing.Proposer`."""
        from tsearch.engine.proposers.known import Known

        if self._known is None or not self._known.may_go_on(problem, told):
            self._known = Known(problem, is_conditional=self.is_conditional)
        self._known.feed(told, under_way)
        return self._known.ask(self.sampler(_seed_of(rng)), is_joint=self.is_joint)


def _seed_of(rng: np.random.Generator) -> int:
    """The number that `rng` was made from, in [0, 2**32), so that one seed gives the search that it always gave."""
    return int(rng.bit_generator.seed_seq.entropy) % 2**32  # type: ignore[attr-defined]
