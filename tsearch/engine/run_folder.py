"""The folder of a run: what lies where, and the frozen view that everything downstream reads.

run.json         what is searched, how, and in which box the hypervolume is measured
space.yaml       the search space as it was given
ledger.sqlite    the trials (an Optuna study)
results/  checkpoints/  errors/    see `store.py`
ended.json       why the last search ended
lock             held by the process that works on the run
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from optuna.trial import FrozenTrial, TrialState

from tsearch.configuration import Result, Task
from tsearch.engine.ending import read_ended
from tsearch.engine.ledger import Ledger
from tsearch.engine.run_file import RunFile, read_run_file
from tsearch.engine.store import CheckpointName, checkpoint_path, read_checkpoint, read_result, result_path
from tsearch.errors import TsearchError
from tsearch.references import look_in
from tsearch.space.goals import Objective
from tsearch.space.kinds import space_from_dict
from tsearch.space.protocol import Configuration, Space

State = Literal["complete", "failed", "running", "paused"]


@dataclass(frozen=True)
class Measured:
    """What a trial reached before the end of its training: its metrics, and its checkpoint if it gave one."""

    metrics: Mapping[str, float]
    checkpoint: CheckpointName | None


@dataclass(frozen=True)
class Trial:
    """One configuration and what became of it.

    Args:
        key: Its name for good, also where a later version would give the configuration another key.
        state: A paused trial has results at some epochs and is not under way.
        error: One line, where it failed.
        finished: The moment it ended, ISO 8601, UTC.
        values: The parameter values that it was proposed with.
        measured: What it reached before the end of its training, by epoch.
        n_lost: How many workers died on it.
        is_damaged: It failed because what is on disk of it cannot be read; `resume` repeats it.
    """

    number: int
    key: str
    state: State
    origin: Literal["baseline", "enqueued", "proposed"]
    configuration: Configuration
    result: Result | None = None
    error: str | None = None
    finished: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[int, Measured] = field(default_factory=dict)
    n_lost: int = 0
    is_damaged: bool = False


@dataclass(frozen=True)
class Run:
    """A run as its folder holds it, at the moment of opening. `ended` says why its last search ended, where
    that is known.
    """

    folder: Path
    file: RunFile = field(repr=False)
    trials: tuple[Trial, ...] = field(repr=False)
    ended: str | None = None

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def seed(self) -> int:
        return self.file.seed

    @property
    def n_total(self) -> int:
        """How many trials the run is to have."""
        return self.file.trials

    @cached_property
    def space(self) -> Space:
        return space_of(self.file)

    @property
    def task(self) -> Task:
        return self.file.task

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return self.file.objectives

    @property
    def reference(self) -> dict[str, float]:
        """The worst values that count, by objective: one corner of the box in which the hypervolume is
        measured. Objectives for which none was known when the run began are missing.
        """
        return dict(self.file.reference)

    @property
    def ideal(self) -> dict[str, float]:
        """The best values there can be, by objective: the other corner."""
        return dict(self.file.ideal)

    @property
    def constraints(self) -> dict[str, tuple[float | None, float | None]]:
        """What metrics must keep to, (minimum, maximum) each; None leaves a side open."""
        constraints = self.file.space.get("constraints", {})
        return {metric: (bounds["min"], bounds["max"]) for metric, bounds in constraints.items()}

    @cached_property
    def results(self) -> tuple[Trial, ...]:
        """The complete trials, in order of their numbers."""
        return tuple(trial for trial in self.trials if trial.state == "complete")

    def checkpoint(self, trial: Trial) -> bytes:
        """The weights of a trial at the end of its training, safetensors. Raises: TsearchError if the run holds
        none."""
        name = self._checkpoint_name(trial)
        content = read_checkpoint(self.folder, name)
        if content is None:
            path = checkpoint_path(self.folder, name)
            raise TsearchError(f"{path}: this run holds no weights of trial {trial.number}.")
        return content

    def has_checkpoint(self, trial: Trial) -> bool:
        """Whether the run holds the weights of a trial at the end of its training."""
        return checkpoint_path(self.folder, self._checkpoint_name(trial)).is_file()

    def _checkpoint_name(self, trial: Trial) -> CheckpointName:
        result = trial.result
        epoch = self.space.epochs(trial.configuration) if result is None else result.budget
        return CheckpointName(trial.key, self.task.replicate, epoch)


def open_run(folder: str | Path) -> Run:
    """The run in `folder`, which may be searched by another process meanwhile. Raises: TsearchError if there
    is none.
    """
    folder = Path(folder)
    file = read_run_file(folder)
    space = space_of(file)
    ledger = open_ledger(folder, file)
    try:
        trials = tuple(_trial(folder, space, file.task.replicate, row) for row in ledger.trials())
    finally:
        ledger.close()
    return Run(folder, file, trials, read_ended(folder))


def space_of(file: RunFile) -> Space:
    """The space that a run searches; modules of the user's may lie beside its file."""
    if file.space_path is not None:
        look_in(Path(file.space_path).parent)
    return space_from_dict(file.space, file.space_text)


def open_ledger(folder: Path, file: RunFile) -> Ledger:
    """The ledger of a run, begun if it is not there yet."""
    return Ledger(folder / "ledger.sqlite", file.name, [objective.direction for objective in file.objectives])


def _trial(folder: Path, space: Space, replicate: int, row: FrozenTrial) -> Trial:
    """A line of the ledger. One that was stopped between its result and its end counts as ended."""
    notes = row.user_attrs
    key, configuration = notes["key"], space.from_plain(notes["configuration"])
    state, result = _state(row), None
    if state == "complete":
        epoch = space.epochs(configuration)
        result = read_result(folder, space, key, replicate, epoch)
        if result is None:
            path = result_path(folder, key, replicate, epoch)
            raise TsearchError(f"{path} is missing. Restore it from a copy of the run.")
    return Trial(
        number=row.number,
        key=key,
        state=state,
        origin=notes["origin"],
        configuration=configuration,
        result=result,
        error=notes.get("error"),
        finished=notes.get("finished"),
        values=dict(row.params),
        measured=_measured(notes),
        n_lost=sum(name.startswith("lost:") for name in notes),
    )


def _state(row: FrozenTrial) -> State:
    notes = row.user_attrs
    if row.state == TrialState.FAIL or "error" in notes:
        return "failed"
    if row.state == TrialState.COMPLETE or "finished" in notes:
        return "complete"
    return "paused" if notes.get("paused") else "running"


def _measured(notes: Mapping[str, Any]) -> dict[int, Measured]:
    """What the ledger notes as `measured:<epoch>`."""
    found = {}
    for name, note in notes.items():
        what, _, epoch = name.partition(":")
        if what == "measured":
            checkpoint = CheckpointName(*note["checkpoint"]) if note["checkpoint"] else None
            found[int(epoch)] = Measured(note["metrics"], checkpoint)
    return dict(sorted(found.items()))
