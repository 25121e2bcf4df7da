"""The verdicts of a confirmation, from its replicates and their answers on test samples."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsearch.configuration import Configuration
from tsearch.engine.run_folder import Run
from tsearch.pricing.price import dataflow_name
from tsearch.replication.confirmation.family import verdicts_of_family
from tsearch.replication.confirmation.judge import Judgement, Pair, Replicated, judge
from tsearch.replication.confirmation.passes import required_answer
from tsearch.replication.confirmation.stored import Paired, Plan, Planned
from tsearch.replication.confirmation.twins import Trio, failure_of, mean_cost, replicates_by_key
from tsearch.replication.confirmation.verdict import Twin, Verdict

UNREUSED = "unreused_energy_pj"
Groups = NDArray[np.int64]


def groups_of_test(run: Run) -> Groups:
    """The groups of the test samples of a run, [N]."""
    from tsearch.data import load_dataset
    from tsearch.data.dataset import groups_of

    return groups_of(load_dataset(run.task.data).test)


def verdicts_of_plan(
    run: Run, plan: Plan, pairs: Sequence[Paired], trios: Sequence[Trio | None], groups: Groups
) -> tuple[Verdict, ...]:
    """The verdicts on what a plan holds, of which `trios` are trained and have answered; where nothing could be judged,
    with the reason."""
    judged, reasons = [], []
    for planned in plan.candidates:
        mine = [(pair, trio) for pair, trio in zip(pairs, trios, strict=True) if pair.key == planned.key]
        found = [(pair.twins, *_judged(run, plan, planned, pair, trio, groups)) for pair, trio in mine]
        twins, judgement, reason = max(found, key=_how_little)
        judged.append((planned, twins, judgement))
        reasons.append(reason)
    told = verdicts_of_family(judged, plan.number)
    return tuple(
        verdict.model_copy(
            update={"reason": reason, "margin": plan.margin, "named": plan.named} | _reuse(run, plan, verdict)
        )
        for verdict, reason in zip(told, reasons, strict=True)
    )


def _reuse(run: Run, plan: Plan, verdict: Verdict) -> dict[str, Any]:
    """What the saving of energy would be without any reuse of weights."""
    replicates = replicates_by_key(run, plan)
    pair = [replicates.get(key, []) for key in (verdict.key, *(twin.key for twin in verdict.twins[-1:]))]
    is_known = all(some and all(UNREUSED in each.metrics for each in some) for some in pair)
    if verdict.cost != "energy_pj" or verdict.saving is None or len(pair) < 2 or not is_known:
        return {}
    mine, twins = (mean_cost(some, UNREUSED) for some in pair)
    return {"dataflow": dataflow_name(run.task.hardware), "unreused_saving": 1 - mine / twins}


def _how_little(found: tuple[Sequence[Twin], Judgement | None, str]) -> float:
    """How little a pair of twins shows: nothing without a judgement, else the less the larger its p-value. A saving has
    to hold against both pairs of a candidate."""
    judgement = found[1]
    return math.inf if judgement is None else judgement.p


def _judged(
    run: Run, plan: Plan, planned: Planned, pair: Paired, trio: Trio | None, groups: Groups
) -> tuple[Judgement | None, str]:
    """What the replicates of a candidate and a pair of its twins show, or why they show nothing."""
    if trio is None:
        return None, pair.reason
    reason = failure_of(run, plan, trio) or _why_not(run, plan, planned, trio, groups)
    if reason:
        return None, reason
    candidate, below, above = (_replicated(run, plan, m, planned.cost, len(groups)) for m in trio.members)
    return judge(Pair(candidate, below, above, groups), plan.margin), ""


def _why_not(run: Run, plan: Plan, planned: Planned, trio: Trio, groups: Groups) -> str:
    """Why whole replicates show nothing all the same; '' where they show something."""
    if len(np.unique(groups)) < 2:
        return "the test samples are all of one group, so that their error is unknown."
    costs = [_costs(run, plan, one, planned.cost) for one in trio.members]
    if not all((np.isfinite(some) & (some > 0)).all() for some in costs):
        return "a cost is not above 0, so it has no logarithm."
    return ""


def _replicated(run: Run, plan: Plan, configuration: Configuration, cost: str, n: int) -> Replicated:
    answers = [required_answer(run, configuration, replicate, n) for replicate in plan.replicates]
    return Replicated(_costs(run, plan, configuration, cost), np.stack(answers))


def _costs(run: Run, plan: Plan, configuration: Configuration, cost: str) -> NDArray[np.float64]:
    """In the order of the replicates' numbers, [R]."""
    replicates = replicates_by_key(run, plan)[run.space.key(configuration)]
    return np.array([each.metrics[cost] for each in replicates])
