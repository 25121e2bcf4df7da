"""A confirmation: candidates for a saving are trained again beside their uniform twins, and judged on test samples.

What is to be judged, and how, is written down first (`planning.py`). Replicates are trained (`twins.py`), the twins are
written down, and only then the test samples are read, once per configuration and replicate (`passes.py`). What a crash
cut off goes on as it was planned.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tsearch.configuration import Configuration
from tsearch.engine.driver import Driver, driver_of
from tsearch.engine.events import Listener, Noted, Warned
from tsearch.engine.executors import Evaluator
from tsearch.engine.journal import now
from tsearch.engine.reopening import progress
from tsearch.engine.replicates import train
from tsearch.engine.run_folder import Run
from tsearch.engine.state import as_arguments
from tsearch.front import Front
from tsearch.replication import testing
from tsearch.replication.confirmation.candidates import MARGIN
from tsearch.replication.confirmation.family import verdicts_of_family
from tsearch.replication.confirmation.judge import Judgement, Pair, Replicated, judge
from tsearch.replication.confirmation.passes import answer_all
from tsearch.replication.confirmation.planning import plan_of, plan_text, settings_of, why_not
from tsearch.replication.confirmation.progress import is_due
from tsearch.replication.confirmation.stored import (
    Paired,
    Plan,
    Planned,
    Twins,
    Verdicts,
    read,
    unfinished,
    write,
)
from tsearch.replication.confirmation.twins import (
    PURPOSE,
    Trio,
    find_twins,
    replicates_by_key,
    trio_of,
    wanted_of,
)
from tsearch.replication.confirmation.verdict import Twin, Verdict


def confirm(
    run: Run | str | Path,
    candidates: int = 3,
    replicates: int = 5,
    margin: float = MARGIN,
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
        try:
            return _finish(driver, plan)
        except KeyboardInterrupt:
            again = f"tsearch confirm {as_arguments(driver)}"
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
    twins = read(driver.folder, plan.number, Twins)
    if twins is None:
        twins = find_twins(driver, plan)
        write(driver.folder, plan.number, twins)
    run = driver.run()
    trios = [_trio(run, plan, pair) for pair in twins.pairs]
    train(driver, wanted_of(plan, [trio for trio in trios if trio]), PURPOSE)  # what became damaged since
    answer_all(driver, run, plan, [trio for trio in trios if trio])
    verdicts = _verdicts(driver.run(), plan, twins, trios)
    write(driver.folder, plan.number, Verdicts(written=now(), verdicts=verdicts))
    return verdicts


def _trio(run: Run, plan: Plan, pair: Paired) -> Trio | None:
    planned = next(one for one in plan.candidates if one.key == pair.key)
    return trio_of(run, planned, pair.twins[0].timesteps, pair.is_plain) if pair.twins else None


def _verdicts(run: Run, plan: Plan, twins: Twins, trios: Sequence[Trio | None]) -> tuple[Verdict, ...]:
    """The verdicts on what a plan holds; where nothing could be judged, with the reason."""
    judged, reasons = [], []
    for planned in plan.candidates:
        mine = [(p, trio) for p, trio in zip(twins.pairs, trios, strict=True) if p.key == planned.key]
        found = [(p.twins, *_judged(run, plan, planned, trio, p.reason)) for p, trio in mine]
        pair, judgement, reason = max(found, key=_how_little)
        judged.append((planned, pair, judgement))
        reasons.append(reason)
    told = verdicts_of_family(judged, plan.number)
    return tuple(
        verdict.model_copy(update={"reason": reason, "margin": plan.margin}) if reason else verdict
        for verdict, reason in zip(told, reasons, strict=True)
    )


def _how_little(found: tuple[Sequence[Twin], Judgement | None, str]) -> float:
    """How little a pair of twins shows: nothing without a judgement, else the less the larger its p-value. A saving has
    to hold against both pairs of a candidate."""
    judgement = found[1]
    return math.inf if judgement is None else judgement.p


def _judged(
    run: Run, plan: Plan, planned: Planned, trio: Trio | None, reason: str
) -> tuple[Judgement | None, str]:
    """What the replicates of a candidate and a pair of its twins show, or why they show nothing."""
    if trio is None:
        return None, reason
    from tsearch.data import load_dataset
    from tsearch.data.dataset import groups_of

    try:
        pair = Pair(
            candidate=_replicated(run, plan, trio.candidate, planned.cost),
            below=_replicated(run, plan, trio.below, planned.cost),
            above=_replicated(run, plan, trio.above, planned.cost),
            groups=groups_of(load_dataset(run.task.data).test),
        )
        return judge(pair, plan.margin), ""
    except ValueError as error:
        return None, f"{error}."


def _replicated(run: Run, plan: Plan, configuration: Configuration, cost: str) -> Replicated:
    replicates = replicates_by_key(run, plan)[run.space.key(configuration)]
    tested = [testing.test_result(run, configuration, each.replicate).right for each in replicates]
    costs = np.array([each.metrics[cost] for each in replicates])
    return Replicated(costs, np.stack([right for right in tested if right is not None]))
