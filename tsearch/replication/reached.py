"""What candidates and their twins reached in the trainings of a confirmation, in absolute numbers."""

from typing import Any

import numpy as np

from tsearch.engine.run_folder import Run
from tsearch.replication.confirmation.stored import Plan, Verdicts, plans, read
from tsearch.replication.confirmation.twins import mean_cost, replicates_by_key
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.replication.testing import stored


def verdict_contents(run: Run) -> list[dict[str, Any]]:
    """The verdicts of a run for scripts, in their order, each with what candidate and twins `reached`.

    'candidate', 'below' and 'above' (the named twin) have their key, `n_trainings`, the mean `accuracy` on test samples
    over `n_tested` of these, and the mean cost by its name: the geometric mean, as savings are ratios. What is missing
    on disk is left out.
    """
    contents = []
    for plan in plans(run.folder):
        found = read(run.folder, plan.number, Verdicts)
        for verdict in found.verdicts if found else ():
            contents.append(verdict.content | {"reached": _reached(run, plan, verdict)})
    return contents


def n_tested_again(run: Run) -> int:
    """How many fresh trainings of a run were measured on test samples."""
    return sum(stored(run, one.key, one.replicate) is not None for one in run.replicates)


def _reached(run: Run, plan: Plan, verdict: Verdict) -> dict[str, dict[str, Any]]:
    keys = (verdict.key, *(twin.key for twin in verdict.twins))
    who = zip(("candidate", "below", "above"), keys, strict=False)
    return {name: _of_network(run, plan, key, verdict.cost) for name, key in who}


def _of_network(run: Run, plan: Plan, key: str, cost: str) -> dict[str, Any]:
    planned = replicates_by_key(run, plan).get(key, ())
    complete = [one for one in planned if one.state == "complete"]
    tested = [found for one in complete if (found := stored(run, key, one.replicate)) is not None]
    content: dict[str, Any] = {"key": key, "n_trainings": len(complete)}
    if tested:
        content |= {"accuracy": float(np.mean([one.accuracy for one in tested])), "n_tested": len(tested)}
    if complete:
        content[cost] = mean_cost(complete, cost)
    return content
