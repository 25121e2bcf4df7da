"""A confirmation: candidates for a saving are trained again beside their uniform twins, and judged on test samples.

What is to be judged, and how, is written down first (`planning.py`). Replicates are trained (`twins.py`), the twins are
written down, and only then the test samples are read, once per configuration and replicate (`passes.py`), and verdicts
follow (`judging.py`). What a crash cut off goes on as it was planned.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tsearch.engine.driver import Driver, driver_of
from tsearch.engine.events import Listener, Noted, Warned
from tsearch.engine.executors import Evaluator
from tsearch.engine.journal import now
from tsearch.engine.reopening import progress
from tsearch.engine.replicates import train
from tsearch.engine.run_file import read_run_file
from tsearch.engine.run_folder import Run, folder_of, space_of
from tsearch.engine.state import as_arguments
from tsearch.errors import TsearchError
from tsearch.files.whole import is_full_disk
from tsearch.front import Front
from tsearch.replication.confirmation.candidates import MARGIN
from tsearch.replication.confirmation.judging import groups_of_test, verdicts_of_plan
from tsearch.replication.confirmation.passes import answer_all, lost
from tsearch.replication.confirmation.planning import plan_of, plan_text, settings_of, why_not
from tsearch.replication.confirmation.progress import is_due
from tsearch.replication.confirmation.stored import (
    Paired,
    Plan,
    Twins,
    Verdicts,
    plan_hash,
    read,
    require_pairs,
    unfinished,
    write,
)
from tsearch.replication.confirmation.twins import (
    PURPOSE,
    Trio,
    failure_of,
    find_twins,
    trio_of,
    wanted_of,
)
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.space.plain import ParameterSpace


def confirm(
    run: Run | str | Path,
    candidates: int = 3,
    replicates: int = 5,
    margin: float | str = MARGIN,
    *,
    trials: Sequence[int] | None = None,
    evaluator: Evaluator | str | None = None,
    executor: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    segment_timeout_s: float | None = None,
    listener: Listener | None = None,
) -> tuple[Verdict, ...]:
    """Whether candidates of a run save cost: one verdict each, also stored in the run's folder.

    A confirmation that was cut off before is finished first, as it was planned, and nothing else is begun then.

    Args:
        run: A run, its folder, or its name.
        candidates: So many of the most promising ones, without those that have a verdict; () where none is left.
        replicates: How often each candidate and twin is trained.
        margin: How much less accuracy than that of the named twin still counts as equal.
        trials: Numbers of the trials to confirm, also again, instead of those that are picked.
        evaluator, executor, workers, address, segment_timeout_s, listener: As in `engine.run.resume`.

    Raises: TsearchError where there is nothing that can be confirmed, and as `resume` does. KeyboardInterrupt passes;
    a second call goes on.
    """
    settings = settings_of(candidates, replicates, margin)
    _refuse_what_is_no_list(trials)
    _refuse_functions(run.folder if isinstance(run, Run) else folder_of(run))
    with driver_of(
        run,
        evaluator,
        listener=listener,
        executor=executor,
        workers=workers,
        address=address,
        segment_timeout_s=segment_timeout_s,
    ) as driver:
        plan = unfinished(driver.folder)
        if plan is None:
            plan = plan_of(driver.run(), settings, trials)
            if not plan.candidates:
                return ()
            path = write(driver.folder, plan.number, plan)
            driver.listener(Noted(f"{plan_text(plan)}; written to {path}"))
        else:
            driver.listener(Noted(f"{plan_text(plan)}; as it was planned at {plan.written}"))
        again = f"tsearch confirm {as_arguments(driver)}"
        try:
            return _finish(driver, plan)
        except TsearchError as error:
            if not is_full_disk(error):
                raise
            then = f"What is done is intact: free some space, then `{again}`."
            raise TsearchError(f"{driver.folder}: the disk is full. {then}") from error
        except KeyboardInterrupt:
            driver.listener(Noted(f"confirmation {plan.number} stopped. Go on with: {again}"))
            raise


def confirm_at_end(run: Run, **given: Any) -> tuple[Verdict, ...]:
    """Confirm what the space of a run asks for at the end of the search: candidates that have no verdict yet, and what
    was cut off. `given` is what `confirm` takes besides. Raises: as `confirm` does; where nothing can be confirmed, the
    listener hears why instead."""
    if run.space.confirm is None:
        return ()
    settings = run.space.confirm.model_dump()
    if unfinished(run.folder) is not None:
        return confirm(run, **settings, **given)
    front = Front.of(run)
    reason = why_not(run, front)
    if reason:
        (given.get("listener") or progress())(Warned(f"nothing is confirmed: {reason}"))
        return ()
    return confirm(run, **settings, **given) if is_due(run, front) else ()


def _finish(driver: Driver, plan: Plan) -> tuple[Verdict, ...]:
    before = driver.run()
    twins = read(driver.folder, plan.number, Twins)
    if twins is None:
        twins = find_twins(driver, plan)
        write(driver.folder, plan.number, twins)
    require_pairs(driver.folder, plan, twins)
    run = driver.run()
    groups = groups_of_test(run)
    trios = [_trio(run, plan, pair) for pair in twins.pairs]
    wanted = wanted_of(plan, [trio for trio in trios if trio])
    again = lost(before, wanted, len(groups))
    train(driver, wanted, PURPOSE, again)  # what became damaged since, or lost its weights
    run = driver.run()
    whole = [trio for trio in trios if trio and not failure_of(run, plan, trio)]
    answer_all(driver, run, plan, whole, len(groups))
    verdicts = verdicts_of_plan(run, plan, twins.pairs, trios, groups)
    hashed = plan_hash(driver.folder, plan.number)
    write(driver.folder, plan.number, Verdicts(written=now(), plan=hashed, verdicts=verdicts))
    return verdicts


def _refuse_functions(folder: Path) -> None:
    """Raises: TsearchError where what the run searched are no networks, before anything of it is looked for."""
    if isinstance(space_of(folder, read_run_file(folder)), ParameterSpace):
        raise TsearchError(
            f"{folder}: only networks can be confirmed, and this run searched plain parameters."
        )


def _refuse_what_is_no_list(trials: object) -> None:
    if trials is not None and (isinstance(trials, str) or not isinstance(trials, Sequence)):
        raise TsearchError(f"confirm: trials {trials!r}: give a list of their numbers, such as [12].")


def _trio(run: Run, plan: Plan, pair: Paired) -> Trio | None:
    planned = next(one for one in plan.candidates if one.key == pair.key)
    return trio_of(run, planned, pair.twins[0].timesteps, pair.is_plain) if pair.twins else None
