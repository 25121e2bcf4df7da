"""Whether a run and the file it came from still say the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsearch.errors import TsearchError
from tsearch.space.space import load_space

_AS_WRITTEN = {  # what the file calls it
    "divisions": "stages",
    "epochs": "schedule.epochs",
    "leading": "schedule.leading",
    "leading_epochs": "schedule.leading_epochs",
    "enqueued": "enqueue",
}
_MAY_CHANGE = ("trials", "timeout_s", "max_failures")


def refuse_changes(folder: Path, content: Mapping[str, Any]) -> None:
    """Raise TsearchError if the space file of a run has changed since the run started. A run keeps its own
    copy, so a file that was moved away does not matter, nor do comments, nor settings that only say when to
    stop.
    """
    path = content["space_path"]
    if path is None or not Path(path).is_file() or Path(path).read_text() == content["space_text"]:
        return
    from tsearch.space.file import parse_space

    before = parse_space(content["space_text"], str(folder / "space.yaml"))
    found = first_difference(_searched(before.to_dict()), _searched(load_space(path).to_dict()))
    if found is not None:
        name, old, new = found
        name = name.removeprefix("settings.").removesuffix(".values")
        name = _AS_WRITTEN.get(name, name)
        raise TsearchError(
            f"{folder}: '{name}' changed since this run started ({_short(old)} -> {_short(new)}) in {path}. "
            "Start a new run, or undo the change."
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


def _searched(space: Mapping[str, Any]) -> dict[str, Any]:
    search = {name: value for name, value in space["search"].items() if name not in _MAY_CHANGE}
    return json.loads(json.dumps(dict(space) | {"search": search}))  # type: ignore[no-any-return]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
