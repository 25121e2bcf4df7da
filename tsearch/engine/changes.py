"""Whether a run and the file it came from still say the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsearch.engine.executors import Evaluator
from tsearch.engine.proposing import Proposer
from tsearch.engine.run_file import RunFile
from tsearch.errors import TsearchError
from tsearch.files.reading import YAML_BYTES, read_text
from tsearch.references import reference_to
from tsearch.space.kinds import space_from_dict
from tsearch.space.loading import as_written, is_shipped, load, parse_stored
from tsearch.space.protocol import Space

_MAY_CHANGE = ("trials", "timeout_s", "segment_timeout", "max_failures")
_OF_VERSIONS = ("has_one_total",)  # by which rule a run goes on, not what its user asked for


def refuse_changes(folder: Path, space_path: str | None, space_text: str) -> None:
    """Raise TsearchError if the space file of a run has changed since the run started. A run keeps its own
    copy, so a file that was moved away does not matter, nor do comments, nor settings that only say when to
    stop.
    """
    if space_path is None or not Path(space_path).is_file():
        return
    if read_text(Path(space_path), YAML_BYTES, "Start a new run, or undo the change.") == space_text:
        return
    before = parse_stored(space_text, str(folder / "space.yaml"), Path(space_path).parent)
    old, new = before.to_dict(), load(space_path).to_dict()
    if is_shipped(space_path):  # a later version may ship it with another proposer, or another confirmation
        new["search"]["proposer"] = old["search"]["proposer"]
        new["confirm"] = old["confirm"]
    _refuse(folder, old, new, f" in {space_path}")


def refuse_other_search(
    folder: Path,
    stored: RunFile,
    space: Space,
    seed: int,
    evaluator: Evaluator | str,
    proposer: Proposer | str,
    scheduler: str | None,
) -> None:
    """Raise TsearchError if the run in `folder` searches another space, or in another way."""
    old = {"seed": stored.seed, "scheduler": stored.scheduler}
    new = {"seed": seed, "scheduler": scheduler or stored.scheduler}
    for name, before, thing in (
        ("evaluator", stored.evaluator, evaluator), ("proposer", stored.proposer, proposer)
    ):  # fmt: skip
        old[name], new[name] = before, reference_to(thing)
    _refuse(folder, space_from_dict(stored.space).to_dict() | {"run": old}, space.to_dict() | {"run": new})


def _refuse(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> None:
    difference = first_difference(_searched(old), _searched(new))
    if difference is not None:
        name, before, after = difference
        raise TsearchError(
            f"{folder}: '{as_written(name)}' changed since this run started ({_short(before)} -> {_short(after)})"
            f"{where}. Start a new run, or undo the change."
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
    content = {name: value for name, value in space.items() if name not in _OF_VERSIONS}
    return json.loads(json.dumps(content | {"search": search}))  # type: ignore[no-any-return]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
