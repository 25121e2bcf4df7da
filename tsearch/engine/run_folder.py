"""The folder of a run: what lies where, and the frozen view that everything downstream reads.

run.json         what is searched, how, and in which box the hypervolume is measured
space.yaml       the search space as it was given
ledger.sqlite    the trials (an Optuna study), and replicates (notes of the study)
results/  checkpoints/  errors/    see `store.py`
tests/  confirmations/             see `replication/testing.py` and `replication/confirmation/stored.py`
ended.json       why the last search ended
lock             held by the process that works on the run
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tsearch.configuration import Task
from tsearch.engine.ending import read_ended
from tsearch.engine.lineage import Spared, Stop, spared, stops_of
from tsearch.engine.replicate import Replicate, replicates_of
from tsearch.engine.rows import Row, read_rows
from tsearch.engine.run_file import UNREADABLE, RunFile, damaged, read_run_file
from tsearch.engine.scheduling import phase_names, standing_of
from tsearch.engine.state import RUNS, RunState, state_of
from tsearch.engine.store import CheckpointName, checkpoint_path, read_checkpoint
from tsearch.engine.stored_trial import trial_of
from tsearch.engine.trial import Measured, State, Trial
from tsearch.errors import TsearchError
from tsearch.references import look_in
from tsearch.space.goals import Objective
from tsearch.space.kinds import space_from_dict
from tsearch.space.protocol import Space

if TYPE_CHECKING:
    from tsearch.space.union import UnionSpace

__all__ = ["Measured", "Replicate", "Run", "State", "Trial", "open_run", "read_run"]

LEDGER = "ledger.sqlite"


@dataclass(frozen=True, repr=False)
class Run:
    """A run as its folder holds it, at the moment of opening. `ended` says why its last search ended, where
    that is known; `replicates` are further trainings, which are no trials.
    """

    folder: Path
    file: RunFile
    trials: tuple[Trial, ...]
    ended: str | None = None
    replicates: tuple[Replicate, ...] = ()

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.state.text})"

    @property
    def state(self) -> RunState:
        """Whether it is running, stopped or done, and how far it is."""
        return state_of(self)

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
        return space_of(self.folder, self.file)

    def alternative_of(self, configuration: Any) -> str:
        """The name of its backbone among those of the space; '' where the space has one alone."""
        if self.file.space.get("kind") != "union":
            return ""
        try:
            return cast("UnionSpace", self.space).alternative_of(configuration)
        except ValueError:
            return ""

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

    @cached_property
    def stops(self) -> tuple[Stop, ...]:
        """The networks on the way of the trainings, at the ends of phases before the last one; they are no trials."""
        if not any(trial.measured for trial in self.trials):
            return ()
        return tuple(stops_of(self.trials, self.folder, self.space, self.task.replicate).values())

    @cached_property
    def spared(self) -> Spared:
        """What was spared because trainings share their first phases."""
        if not self.stops:
            return Spared()
        space, replicate = self.space, self.task.replicate
        return spared(
            standing_of(
                trial,
                space.epochs(trial.configuration),
                phase_names(space, trial.configuration, trial.key, replicate),
            )
            for trial in self.trials
        )

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

    def replicate_checkpoint(self, replicate: Replicate) -> bytes | None:
        """The weights of a replicate at the end of its training, safetensors; None if the run holds none."""
        epoch = self.space.epochs(replicate.configuration)
        return read_checkpoint(self.folder, CheckpointName(replicate.key, replicate.replicate, epoch))

    def _checkpoint_name(self, trial: Trial) -> CheckpointName:
        return CheckpointName(trial.key, self.task.replicate, self.space.epochs(trial.configuration))


def open_run(folder: str | Path) -> Run:
    """The run in `folder`, given by that or, in the folder `runs`, by its name. Another process may search it
    meanwhile. Raises: TsearchError if there is none.
    """
    return read_run(folder_of(folder))[0]


def folder_of(run: str | Path) -> Path:
    """The folder of a run given by its folder, or by its name where it lies in the folder `runs`."""
    named = RUNS / run
    is_name = len(Path(run).parts) == 1 and not Path(run).is_dir()
    return named if is_name or (named / "run.json").is_file() else Path(run)


def read_run(folder: str | Path) -> tuple[Run, list[Row]]:
    """The run in `folder`, and the rows of its ledger. Raises: TsearchError if there is none."""
    folder = Path(folder)
    file = read_run_file(folder)
    space = space_of(folder, file)
    rows, notes = read_rows(folder / LEDGER)
    trials = tuple(trial_of(row, folder, space, file) for row in rows)
    replicates = replicates_of(notes, folder, space, file)
    return Run(folder, file, trials, read_ended(folder), replicates), rows


def refuse_misplaced(folder: Path) -> None:
    """Raise TsearchError where something else stands in the place of what a search writes."""
    for name in ("results", "checkpoints", "errors", "tests", "confirmations", "ended.json"):
        path, is_file = folder / name, name == "ended.json"
        if path.exists() and path.is_file() != is_file:
            what = "file" if is_file else "folder"
            raise TsearchError(
                f"{path}: this is no {what}, but a search needs one. Move it away, then resume."
            )


def space_of(folder: Path, file: RunFile) -> Space:
    """The space that the run in `folder` searches; modules of the user's may lie beside its file. Raises: TsearchError
    if it is damaged."""
    if file.space_path is not None:
        look_in(Path(file.space_path).parent)
    try:
        return space_from_dict(file.space, file.space_text)
    except UNREADABLE as error:
        raise damaged(folder / "run.json", error) from None
