"""How far the confirmation of a run is: to do, under way, stopped."""

from tsearch.engine.lock import is_held
from tsearch.engine.run_folder import Run
from tsearch.engine.state import as_arguments
from tsearch.front import Front
from tsearch.replication.confirmation.planning import candidates_left, why_not
from tsearch.replication.confirmation.stored import unfinished
from tsearch.units import counted


def is_due(run: Run, front: Front) -> bool:
    """Whether a run has candidates without a verdict that its space asks to confirm."""
    if run.space.confirm is None or why_not(run, front):
        return False
    return bool(candidates_left(run, front, run.space.confirm))


def confirmation_text(run: Run, front: Front) -> str:
    """One line about a confirmation that has not ended; '' where there is none."""
    plan, how = unfinished(run.folder), f"tsearch confirm {as_arguments(run)}"
    if plan is None:
        is_to_do = run.state.word == "done" and is_due(run, front)
        return f"confirmation: to do; begin with: {how}" if is_to_do else ""
    wanted = [each for each in run.replicates if each.replicate in plan.replicates]
    far = f"{sum(each.has_ended for each in wanted)} of {counted(len(wanted), 'training')}"
    if is_held(run.folder):
        return f"confirmation {plan.number}: under way, {far}"
    return f"confirmation {plan.number}: stopped at {far}; go on with: {how}"
