"""ended.json: why the last search of a run ended. It is not there while one goes on, nor after one was killed."""

import json
from pathlib import Path

from tsearch.files.whole import write_whole

STOPPED, TIME_IS_UP, EXHAUSTED = "stopped", "time is up", "space exhausted"
_LONGEST = 10_000  # characters


def write_ended(folder: Path, reason: str) -> None:
    """Keep why the search of a run ended."""
    write_whole(folder / "ended.json", json.dumps({"reason": reason[:_LONGEST]}).encode())


def read_ended(folder: Path) -> str | None:
    """Why the last search of a run ended; None where that is not known. A run is readable without it."""
    try:
        with open(folder / "ended.json") as file:
            reason = json.loads(file.read(2 * _LONGEST))["reason"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return reason if isinstance(reason, str) else None


def forget_ended(folder: Path) -> None:
    """A search begins, or a trial is added to the total."""
    (folder / "ended.json").unlink(missing_ok=True)


def is_for_good(reason: str) -> bool:
    """Whether a search ended because nothing was left to do."""
    return not reason.startswith((STOPPED, TIME_IS_UP))
