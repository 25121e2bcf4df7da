"""The passes over the test samples that a confirmation needs, in workers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tsearch.configuration import Configuration
from tsearch.engine.delivery import Work
from tsearch.engine.driver import Driver
from tsearch.engine.executors import Outcome, Segment
from tsearch.engine.replicate import Wanted
from tsearch.engine.run_folder import Run
from tsearch.engine.state import as_arguments
from tsearch.errors import TsearchError
from tsearch.replication import testing
from tsearch.replication.confirmation.stored import Plan
from tsearch.replication.confirmation.twins import PURPOSE, Trio

Answer = NDArray[np.bool_]


def answer_of(run: Run, member: Configuration, replicate: int, n: int) -> Answer | None:
    """Which of the `n` test samples a replicate answers right, bool [n]; None where what is stored is not that."""
    tested = testing.stored(run, run.space.key(member), replicate)
    return None if tested is None or tested.right is None or len(tested.right) != n else tested.right


def required_answer(run: Run, member: Configuration, replicate: int, n: int) -> Answer:
    """The same where it must be there. Raises: TsearchError."""
    right = answer_of(run, member, replicate, n)
    if right is None:
        what = f"the {_name(run, member, replicate)} has not answered all {n:,} test samples"
        raise TsearchError(f"{run.folder}: {what}. {_again(run)}")
    return right


def lost(before: Run, wanted: Sequence[Wanted], n: int) -> list[Wanted]:
    """Those of `wanted` that were trained `before` and whose weights are gone, though they have not answered yet."""
    trained = {(each.key, each.replicate) for each in before.replicates if each.state != "failed"}
    return [
        one
        for one in wanted
        if (before.space.key(one.configuration), one.replicate) in trained
        and not testing.has_weights(before, *one)
        and answer_of(before, *one, n) is None
    ]


def answer_all(driver: Driver, run: Run, plan: Plan, trios: Sequence[Trio], n: int) -> None:
    """Have every replicate of a plan answer the `n` test samples, unless it did before. Raises: TsearchError where a
    pass fails."""
    members = dict.fromkeys(member for trio in trios for member in trio.members)
    every = [(member, replicate) for member in members for replicate in plan.replicates]
    missing = [(m, r) for m, r in every if answer_of(run, m, r, n) is None]
    works = [_work(run, member, replicate) for member, replicate in missing]

    def settle(work: Work, outcome: Outcome) -> None:
        if outcome.result is None:
            raise TsearchError(f"{run.folder}: the {work.name} failed: {outcome.error}. {_again(run)}")
        segment = work.segment
        testing.keep(run, run.space.key(segment.configuration), segment.task.replicate, outcome.result)

    driver.carry_out(
        works,
        settle,
        purpose=PURPOSE,
        piece="test",
        n_done=len(every) - len(missing),
        evaluator=testing.EVALUATOR,
    )


def _work(run: Run, member: Configuration, replicate: int) -> Work:
    weights = testing.weights_of(run, member, replicate)
    task = run.task.model_copy(update={"replicate": replicate})
    segment = Segment(member, 0, run.space.epochs(member), weights, task)
    return Work(_name(run, member, replicate), segment)


def _name(run: Run, member: Configuration, replicate: int) -> str:
    return f"test of replicate {replicate} of {run.space.key(member)}"


def _again(run: Run) -> str:
    return f"Mend the cause, then: tsearch confirm {as_arguments(run)}"
