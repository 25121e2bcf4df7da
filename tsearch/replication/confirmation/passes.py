"""The passes over the test samples that a confirmation needs, in workers."""

from collections.abc import Sequence

from tsearch.configuration import Configuration
from tsearch.engine.delivery import Work
from tsearch.engine.driver import Driver
from tsearch.engine.executors import Outcome, Segment
from tsearch.engine.run_folder import Run
from tsearch.engine.state import as_arguments
from tsearch.errors import TsearchError
from tsearch.replication import testing
from tsearch.replication.confirmation.stored import Plan
from tsearch.replication.confirmation.twins import PURPOSE, Trio


def answer_all(driver: Driver, run: Run, plan: Plan, trios: Sequence[Trio]) -> None:
    """Have every replicate of a plan answer the test samples, unless it did before. Raises: TsearchError where a pass
    fails."""
    members = dict.fromkeys(member for trio in trios for member in trio.members)
    every = [(member, replicate) for member in members for replicate in plan.replicates]
    missing = [(m, r) for m, r in every if testing.stored(run, run.space.key(m), r) is None]
    works = [_work(run, member, replicate) for member, replicate in missing]

    def settle(work: Work, outcome: Outcome) -> None:
        if outcome.result is None:
            again = f"Mend the cause, then: tsearch confirm {as_arguments(run)}"
            raise TsearchError(f"{run.folder}: the {work.name} failed: {outcome.error}. {again}")
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
    return Work(f"test of replicate {replicate} of {run.space.key(member)}", segment)
