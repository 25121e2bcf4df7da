"""run.json: what a run searches, how, and in which box the hypervolume is measured."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from tsearch.configuration import Task
from tsearch.errors import TsearchError, did_you_mean
from tsearch.files.reading import JSON_BYTES, parse_json, read_bytes
from tsearch.files.whole import write_whole
from tsearch.frozen import Frozen
from tsearch.space.goals import Objective

FORMAT = 2
UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)  # by what is damaged
TRAIN_AND_PRICE = "tsearch.training.evaluate:train_and_price"


class ExecutorChoice(Frozen):
    """Where segments run: name of the executor, how many at a time (None: what there is), address of a cluster."""

    name: str = "process"
    workers: int | None = None
    address: str | None = None


class RunFile(Frozen):
    """The content of run.json.

    `trials` is the total. `space` holds what `Space.to_dict` gives, `space_text` the file it was read from and
    `space_path` where that was. `evaluator` and `proposer` are names or 'module:name', None where they cannot be
    imported. `reference` and `ideal` hold the worst and the best value by objective; objectives that neither space nor
    user gave one for are missing there.
    """

    format: Literal[2] = 2
    name: Annotated[str, Field(max_length=1000)]
    seed: int
    trials: Annotated[int, Field(ge=0, le=2**63)]
    space: dict[str, Any] = Field(default_factory=dict)
    space_text: str = ""
    space_path: str | None = None
    task: Task
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    reference: dict[str, float] = Field(default_factory=dict)
    ideal: dict[str, float] = Field(default_factory=dict)
    evaluator: str | None = None
    proposer: str | None = "tpe"  # of runs without this field, whatever the default is today
    scheduler: str = "whole"
    executor: ExecutorChoice = ExecutorChoice()
    versions: dict[str, str] = Field(default_factory=dict)
    created: str = ""


def read_run_file(folder: Path) -> RunFile:
    """What run.json holds. Raises: TsearchError if it is missing, damaged, or of an unknown format."""
    path = folder / "run.json"
    content = _read(folder, path)
    known = content.get("format")
    if type(known) is not int or known not in (1, FORMAT):
        raise TsearchError(
            f"{path}: format {repr(known)[:40]}, but this tsearch reads formats 1 and {FORMAT}."
        )
    try:
        return _with_data_of_then(RunFile.model_validate(_from_format_1(content) if known == 1 else content))
    except UNREADABLE as error:
        raise damaged(path, error) from None


def write_run_file(folder: Path, file: RunFile) -> None:
    """Put run.json in its place."""
    write_whole(folder / "run.json", json.dumps(file.model_dump(mode="json"), indent=1).encode())


def is_of_older_format(folder: Path) -> bool:
    """Whether run.json was written by an earlier version."""
    return bool(parse_json(read_bytes(folder / "run.json", JSON_BYTES))["format"] != FORMAT)


def _read(folder: Path, path: Path) -> dict[str, Any]:
    if not folder.is_dir():
        known = sorted(p.parent.name for p in folder.parent.glob("*/run.json"))
        hint = did_you_mean(folder.name, known) or (f" Runs there: {', '.join(known)}." if known else "")
        raise TsearchError(f"{folder}: no such run.{hint}")
    try:
        content = parse_json(read_bytes(path, JSON_BYTES))
    except FileNotFoundError:
        raise TsearchError(
            f"{path} is missing: {folder} is no run, or one stopped while it was created. "
            f"`tsearch run` with --name {shlex.quote(folder.name)} begins that one anew."
        ) from None
    except ValueError as error:
        raise damaged(path, error) from None
    if not isinstance(content, dict):
        raise damaged(path, ValueError("it holds no object"))
    return content


def damaged(path: Path, error: Exception) -> TsearchError:
    """What to raise where a file that every run needs cannot be used."""
    what = " ".join(str(error).split())[:300] or type(error).__name__
    return TsearchError(f"{path} is damaged ({what}). Restore it from a copy, or start a new run.")


def _with_data_of_then(file: RunFile) -> RunFile:
    """Until recipe 3, `digits_dvs` had one recording of every scan; such a run is tested on what it was trained for."""
    data = file.task.data
    if data.name != "digits_dvs" or file.task.identity.recipe >= 3:
        return file
    options = {f"{split}_recordings": 1 for split in ("train", "validation", "test")} | data.options
    task = file.task.model_copy(update={"data": data.model_copy(update={"options": options})})
    return file.model_copy(update={"task": task})


def _from_format_1(content: Mapping[str, Any]) -> dict[str, Any]:
    """run.json of tsearch 0.1.0: the proposer stood in the space alone, and training had another room."""
    evaluator = content["evaluator"]
    fields = {name: value for name, value in content.items() if name != "space_key"}
    return fields | {
        "format": FORMAT,
        "proposer": content["space"]["search"]["proposer"],
        "evaluator": TRAIN_AND_PRICE if evaluator == "tsearch.evaluate:train_and_price" else evaluator,
    }
