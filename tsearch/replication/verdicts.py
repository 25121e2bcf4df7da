"""The verdicts of a run, as its confirmations left them."""

from pathlib import Path

from tsearch.engine.run_folder import Run, folder_of
from tsearch.replication.plan import Verdicts, plans, read
from tsearch.replication.verdict import Verdict


def verdicts_of(run: Run | str | Path, before: int | None = None) -> tuple[Verdict, ...]:
    """The verdicts of a run, in the order in which they were found; those of confirmations under number `before`.
    Raises: TsearchError if what is stored is damaged."""
    folder = run.folder if isinstance(run, Run) else folder_of(run)
    numbers = [plan.number for plan in plans(folder) if before is None or plan.number < before]
    stored = [read(folder, number, Verdicts) for number in numbers]
    return tuple(verdict for one in stored if one is not None for verdict in one.verdicts)
