"""The folder of a run: what lies where, and the frozen view that everything downstream reads.

run.json                 what is searched, how, and in which box the hypervolume is measured
space.yaml               the search space as it was given
ledger.sqlite            the trials (an Optuna study)
results/<key>.json       one Result per configuration
checkpoints/<key>.safetensors
errors/<key>.txt         why a trial failed, with its traceback
lock                     held by the process that works on the run
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from optuna.trial import FrozenTrial, TrialState

from tsearch.configuration import Configuration, Result, Task
from tsearch.engine.ledger import Ledger
from tsearch.errors import TsearchError, did_you_mean
from tsearch.files.whole import write_whole
from tsearch.references import look_in
from tsearch.space.goals import Objective
from tsearch.space.space import SearchSpace

FORMAT = 1


@dataclass(frozen=True)
class Trial:
    """One configuration and what became of it. `error` is one line; `finished` the moment it ended, ISO 8601,
    UTC.
    """

    number: int
    key: str
    state: Literal["complete", "failed", "running"]
    origin: Literal["baseline", "enqueued", "proposed"]
    configuration: Configuration
    result: Result | None = None
    error: str | None = None
    finished: str | None = None


@dataclass(frozen=True)
class Run:
    """A run as its folder holds it, at the moment of opening. `ended` says why the search that returned it
    stopped.
    """

    folder: Path
    content: Mapping[str, Any] = field(repr=False)
    trials: tuple[Trial, ...] = field(repr=False)
    ended: str | None = None

    @property
    def name(self) -> str:
        return str(self.content["name"])

    @property
    def seed(self) -> int:
        return int(self.content["seed"])

    @property
    def n_total(self) -> int:
        """How many trials the run is to have."""
        return int(self.content["trials"])

    @cached_property
    def space(self) -> SearchSpace:
        return SearchSpace.from_dict(self.content["space"], self.content["space_text"])

    @cached_property
    def task(self) -> Task:
        return Task.model_validate(self.content["task"])

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        return tuple(Objective.model_validate(objective) for objective in self.content["objectives"])

    @property
    def reference(self) -> dict[str, float]:
        """The worst values that count, by objective: one corner of the box in which the hypervolume is
        measured.
        """
        return dict(self.content["reference"])

    @property
    def ideal(self) -> dict[str, float]:
        """The best values there can be, by objective: the other corner."""
        return dict(self.content["ideal"])

    @property
    def constraints(self) -> dict[str, tuple[float | None, float | None]]:
        """What metrics must keep to, (minimum, maximum) each; None leaves a side open."""
        constraints = self.content.get("space", {}).get("constraints", {})
        return {metric: (bounds["min"], bounds["max"]) for metric, bounds in constraints.items()}

    @cached_property
    def results(self) -> tuple[Trial, ...]:
        """The complete trials, in order of their numbers."""
        return tuple(trial for trial in self.trials if trial.state == "complete")

    def checkpoint(self, key: str) -> bytes:
        """The trained weights of a configuration, safetensors. Raises: TsearchError if the run holds none."""
        path = checkpoint_path(self.folder, key)
        if not path.is_file():
            hint = did_you_mean(key, [trial.key for trial in self.results])
            raise TsearchError(f"{path}: this run holds no weights of configuration '{key}'.{hint}")
        return path.read_bytes()


def open_run(folder: str | Path) -> Run:
    """The run in `folder`, which may be searched by another process meanwhile. Raises: TsearchError if there
    is none.
    """
    folder = Path(folder)
    content = read_content(folder)
    ledger = open_ledger(folder, content)
    try:
        trials = tuple(_trial(folder, row) for row in ledger.trials())
    finally:
        ledger.close()
    return Run(folder, content, trials)


def read_content(folder: Path) -> dict[str, Any]:
    """What run.json holds. Raises: TsearchError if it is missing, damaged, or of another format."""
    path = folder / "run.json"
    if not folder.is_dir():
        known = sorted(p.parent.name for p in folder.parent.glob("*/run.json"))
        hint = did_you_mean(folder.name, known) or (f" Runs there: {', '.join(known)}." if known else "")
        raise TsearchError(f"{folder}: no such run.{hint}")
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise TsearchError(
            f"{path} is missing: {folder} is no run, or one stopped while it was created."
        ) from None
    except ValueError as error:
        raise TsearchError(
            f"{path} is damaged ({error}). Restore it from a copy, or start a new run."
        ) from None
    if content.get("format") != FORMAT:
        raise TsearchError(f"{path}: format {content.get('format')}, but this tsearch reads format {FORMAT}.")
    if content.get("space_path"):
        look_in(Path(content["space_path"]).parent)
    return content


def write_content(folder: Path, content: Mapping[str, Any]) -> None:
    """Put run.json in its place."""
    write_whole(folder / "run.json", json.dumps(content, indent=1).encode())


def open_ledger(folder: Path, content: Mapping[str, Any]) -> Ledger:
    """The ledger of a run, begun if it is not there yet."""
    return Ledger(folder / "ledger.sqlite", content["name"], [o["direction"] for o in content["objectives"]])


def keep_result(folder: Path, key: str, result: Result) -> None:
    """Put a result on disk, its checkpoint first: where the result is, the checkpoint is too."""
    if result.checkpoint is not None:
        checkpoint_path(folder, key).parent.mkdir(exist_ok=True)
        write_whole(checkpoint_path(folder, key), result.checkpoint)
    result_path(folder, key).parent.mkdir(exist_ok=True)
    write_whole(result_path(folder, key), json.dumps(result.model_dump()).encode())


def stored_result(folder: Path, configuration: Configuration) -> Result | None:
    """The result of `configuration` at its full budget, or None if there is none on disk."""
    path = result_path(folder, configuration.key)
    try:
        result = Result.model_validate(json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise TsearchError(
            f"{path} is damaged: {str(error).splitlines()[0]}. Restore it, or delete it and resume."
        ) from None
    return result if result.budget >= configuration.epochs else None


def objective_values(result: Result, objectives: Sequence[Objective]) -> list[float]:
    """The objectives of a result, in order. Raises: ValueError where one is missing or not finite."""
    for objective in objectives:
        if objective.name not in result.metrics:
            found = ", ".join(result.metrics)
            raise ValueError(
                f"objective '{objective.name}' is missing from the result, which has {found or 'none'}"
            )
        if not math.isfinite(result.metrics[objective.name]):
            raise ValueError(
                f"objective '{objective.name}' is {result.metrics[objective.name]}: the training diverged"
            )
    return [float(result.metrics[objective.name]) for objective in objectives]


def result_path(folder: Path, key: str) -> Path:
    return folder / "results" / f"{key}.json"


def checkpoint_path(folder: Path, key: str) -> Path:
    return folder / "checkpoints" / f"{key}.safetensors"


def error_path(folder: Path, key: str) -> Path:
    return folder / "errors" / f"{key}.txt"


def _trial(folder: Path, row: FrozenTrial) -> Trial:
    """A line of the ledger. One that was stopped between its result and its end counts as ended."""
    notes = row.user_attrs
    configuration = Configuration.model_validate(notes["configuration"])
    result, error = None, notes.get("error")
    state: Literal["complete", "failed", "running"] = "running"
    if row.state == TrialState.FAIL or error is not None:
        state = "failed"
    elif row.state == TrialState.COMPLETE or "finished" in notes:
        state, result = "complete", stored_result(folder, configuration)
        if result is None:
            raise TsearchError(
                f"{result_path(folder, notes['key'])} is missing. Restore it from a copy of the run."
            )
    return Trial(
        row.number, notes["key"], state, notes["origin"], configuration, result, error, notes.get("finished")
    )
