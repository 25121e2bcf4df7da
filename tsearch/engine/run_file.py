"""run.json: what a run searches, how, and in which box the hypervolume is measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from tsearch.configuration import Task
from tsearch.errors import TsearchError, did_you_mean
from tsearch.files.whole import write_whole
from tsearch.frozen import Frozen
from tsearch.space.goals import Objective

FORMAT = 2
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
    name: str
    seed: int
    trials: int
    space: dict[str, Any] = Field(default_factory=dict)
    space_text: str = ""
    space_path: str | None = None
    task: Task
    objectives: tuple[Objective, ...]
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
    if content.get("format") not in (1, FORMAT):
        raise TsearchError(
            f"{path}: format {content.get('format')}, but this tsearch reads formats 1 and {FORMAT}."
        )
    try:
        return RunFile.model_validate(_from_format_1(content) if content["format"] == 1 else content)
    except (ValidationError, KeyError) as error:
        raise _damaged(path, " ".join(str(error).splitlines()[:3])) from None


def write_run_file(folder: Path, file: RunFile) -> None:
    """Put run.json in its place."""
    write_whole(folder / "run.json", json.dumps(file.model_dump(mode="json"), indent=1).encode())


def is_of_older_format(folder: Path) -> bool:
    """Whether run.json was written by an earlier version."""
    return bool(json.loads((folder / "run.json").read_text())["format"] != FORMAT)


def _read(folder: Path, path: Path) -> dict[str, Any]:
    if not folder.is_dir():
        known = sorted(p.parent.name for p in folder.parent.glob("*/run.json"))
        hint = did_you_mean(folder.name, known) or (f" Runs there: {', '.join(known)}." if known else "")
        raise TsearchError(f"{folder}: no such run.{hint}")
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise TsearchError(
            f"{path} is missing: {folder} is no run, or one stopped while it was created."
        ) from None
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(content, dict):
        raise _damaged(path, "it holds no object")
    return content


def _damaged(path: Path, what: str) -> TsearchError:
    return TsearchError(f"{path} is damaged ({what}). Restore it from a copy, or start a new run.")


def _from_format_1(content: Mapping[str, Any]) -> dict[str, Any]:
    """run.json of tsearch 0.1.0: the proposer stood in the space alone, and training had another room."""
    evaluator = content["evaluator"]
    fields = {name: value for name, value in content.items() if name != "space_key"}
    return fields | {
        "format": FORMAT,
        "proposer": content["space"]["search"]["proposer"],
        "evaluator": TRAIN_AND_PRICE if evaluator == "tsearch.evaluate:train_and_price" else evaluator,
    }
