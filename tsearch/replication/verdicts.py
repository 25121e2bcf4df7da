"""The verdicts of a run."""

import json
from pathlib import Path

from tsearch.engine.run_folder import Run, folder_of
from tsearch.replication.verdict import Verdict


def verdicts_of(run: Run | str | Path) -> tuple[Verdict, ...]:
    """All verdicts of a run, in the order of its confirmations."""
    folder = run.folder if isinstance(run, Run) else folder_of(run)
    files = sorted(folder.glob("confirmations/*.verdicts.json"))
    return tuple(Verdict.from_content(one) for file in files for one in json.loads(file.read_text()))
