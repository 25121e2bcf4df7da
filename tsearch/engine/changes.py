"""Whether a run and the file it came from still say the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsearch.errors import TsearchError
from tsearch.space.file import spaces_folder
from tsearch.space.loading import as_written, load, parse_stored

_MAY_CHANGE = ("trials", "timeout_s", "max_failures")


def refuse_changes(folder: Path, space_path: str | None, space_text: str) -> None:
    """Raise TsearchError if the space file of a run has changed since the run started. A run keeps its own
    copy, so a file that was moved away does not matter, nor do comments, nor settings that only say when to
    stop.
    """
    if space_path is None or not Path(space_path).is_file() or Path(space_path).read_text() == space_text:
        return
    before = parse_stored(space_text, str(folder / "space.yaml"))
    is_shipped = Path(space_path).parent == spaces_folder()
    difference = first_difference(
        *(_searched(space.to_dict(), is_shipped) for space in (before, load(space_path)))
    )
    if difference is not None:
        name, old, new = difference
        raise TsearchError(
            f"{folder}: '{as_written(name)}' changed since this run started ({_short(old)} -> {_short(new)}) in "
            f"{space_path}. Start a new run, or undo the change."
        )


def first_difference(old: Any, new: Any, name: str = "") -> tuple[str, Any, Any] | None:
    """Dotted name, old and new value of the first place where two nested mappings differ; None if they are
    equal.
    """
    if old == new:
        return None
    if not (isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() == new.keys()):
        return name, old, new
    found = (first_difference(old[key], new[key], f"{name}.{key}" if name else str(key)) for key in old)
    return next(difference for difference in found if difference is not None)


def _searched(space: Mapping[str, Any], is_shipped: bool) -> dict[str, Any]:
    """What must not change. A later version may ship a space with another proposer: a run keeps the one in run.json."""
    may_change = (*_MAY_CHANGE, "proposer") if is_shipped else _MAY_CHANGE
    search = {name: value for name, value in space["search"].items() if name not in may_change}
    return json.loads(json.dumps(dict(space) | {"search": search}))  # type: ignore[no-any-return]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
