"""The passes over the test samples that a confirmation needs, in workers."""

from collections.abc import Sequence

from tsearch.engine.delivery import Work
from tsearch.engine.driver import Driver
from tsearch.engine.executors import Outcome, Segment
from tsearch.engine.run_folder import Run
from tsearch.engine.state import as_arguments
from tsearch.errors import TsearchError
from tsearch.replication import testing
from tsearch.replication.pairing import PURPOSE, Trio
from tsearch.replication.plan import Plan


def answer_all(driver: Driver, run: Run, plan: Plan, trios: Sequence[Trio]) -> None:
    """Have every replicate of a plan answer the test samples, unless it did before. Raises: TsearchError where a pass
    fails."""
    members = dict.fromkeys(member for trio in trios for member in trio.members)
    every = [(member, replicate) for member in members for replicate in plan.replicates]
    missing = [(m, r) for m, r in every if testing.stored(run, run.space.key(m), r) is None]
    works = {}
    for member, replicate in missing:
        name = f"test of replicate {replicate} of {run.space.key(member)}"
        weights = testing.weights_of(run, member, replicate)
        works[name] = (Work(name, Segment(member, 0, run.space.epochs(member), weights, run.task)), replicate)

    def settle(work: Work, outcome: Outcome) -> None:
        if outcome.result is None:
            again = f"Mend the cause, then: tsearch confirm {as_arguments(run)}"
            raise TsearchError(f"{run.folder}: the {work.name} failed: {outcome.error}. {again}")
        testing.keep(run, run.space.key(work.segment.configuration), works[work.name][1], outcome.result)

    driver.carry_out(
        [work for work, _ in works.values()],
        settle,
        purpose=PURPOSE,
        piece="test",
        n_done=len(every) - len(missing),
        evaluator=testing.EVALUATOR,
    )
