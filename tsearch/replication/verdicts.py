"""The verdicts of a run, as its confirmations left them."""

from pathlib import Path

from tsearch.engine.lock import is_held
from tsearch.engine.run_folder import Run, folder_of
from tsearch.engine.state import as_arguments
from tsearch.replication.plan import Verdicts, plans, read, unfinished
from tsearch.replication.verdict import Verdict
from tsearch.units import counted


def verdicts_of(run: Run | str | Path, before: int | None = None) -> tuple[Verdict, ...]:
    """The verdicts of a run, in the order in which they were found; those of confirmations under number `before`.
    Raises: TsearchError if what is stored is damaged."""
    folder = run.folder if isinstance(run, Run) else folder_of(run)
    numbers = [plan.number for plan in plans(folder) if before is None or plan.number < before]
    stored = [read(folder, number, Verdicts) for number in numbers]
    return tuple(verdict for one in stored if one is not None for verdict in one.verdicts)


def confirmation_text(run: Run) -> str:
    """One line about a confirmation that has not ended; '' where there is none."""

    plan = unfinished(run.folder)
    if plan is None:
        return ""
    wanted = [each for each in run.replicates if each.replicate in plan.replicates]
    n_ended = sum(each.has_ended for each in wanted)
    far = f"{n_ended} of {counted(len(wanted), 'training')}"
    if is_held(run.folder):
        return f"confirmation {plan.number} under way: {far}"
    return f"confirmation {plan.number} was stopped: {far}; go on with: tsearch confirm {as_arguments(run)}"
