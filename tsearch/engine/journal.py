"""The only writer of a run's ledger, results and checkpoints.

Every file is written whole, a checkpoint before its result, a result before the ledger knows of it: whatever is cut off
leaves a trial that is submitted again, or one whose result is on disk and is told.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tsearch.configuration import Result
from tsearch.engine.executors import Outcome
from tsearch.engine.run_folder import Measured, Run, Trial, open_ledger
from tsearch.engine.store import (
    CheckpointName,
    checkpoint_path,
    error_path,
    read_checkpoint,
    read_result,
    result_path,
)
from tsearch.files.whole import write_whole
from tsearch.space.goals import Objective


class Journal:
    """What happens to the trials of a run, written down as it happens. Every change gives the trial as it is then."""

    def __init__(self, run: Run) -> None:
        """Open the journal of a run whose lock is held."""
        self._folder, self._space, self._replicate = run.folder, run.space, run.task.replicate
        self._parameters = run.space.parameters()
        self._ledger = open_ledger(run.folder, run.file)

    def open_numbers(self) -> set[int]:
        """Numbers of the trials that the proposer has not been told of."""
        return {row.number for row in self._ledger.trials() if not row.state.is_finished()}

    def begin(self, trial: Trial) -> None:
        """Write down a trial before anything is trained for it."""
        notes = {
            "key": trial.key,
            "origin": trial.origin,
            "configuration": self._space.to_plain(trial.configuration),
        }
        self._ledger.add(trial.values, self._parameters, notes)

    def stored(self, trial: Trial, epoch: int) -> Result | None:
        """The result of a trial after `epoch`, None if there is none on disk."""
        return read_result(self._folder, self._space, trial.key, self._replicate, epoch)

    def checkpoint(self, name: CheckpointName) -> bytes | None:
        """The bytes of a checkpoint, None if there is none on disk."""
        return read_checkpoint(self._folder, name)

    def keep(self, trial: Trial, epoch: int, result: Result) -> None:
        """Put the result after `epoch` on disk, its checkpoint first: where the result is, the checkpoint is too."""
        if result.checkpoint is not None:
            path = checkpoint_path(self._folder, self._checkpoint_name(trial, epoch))
            path.parent.mkdir(exist_ok=True)
            write_whole(path, result.checkpoint)
        path = result_path(self._folder, trial.key, self._replicate, epoch)
        path.parent.mkdir(exist_ok=True)
        write_whole(path, json.dumps(result.model_dump()).encode())

    def measured(self, trial: Trial, epoch: int, result: Result) -> Trial:
        """Note what a trial reached before the end of its training."""
        name = self._checkpoint_name(trial, epoch)
        has_checkpoint = checkpoint_path(self._folder, name).is_file()
        measured = Measured(result.metrics, name if has_checkpoint else None)
        note = {"metrics": dict(measured.metrics), "checkpoint": measured.checkpoint}
        self._ledger.note(trial.number, {f"measured:{epoch}": note})
        return replace(trial, measured={**trial.measured, epoch: measured})

    def pause(self, trial: Trial) -> Trial:
        """Note that a trial waits for others."""
        self._ledger.note(trial.number, {"paused": True})
        return replace(trial, state="paused")

    def go_on(self, trial: Trial) -> Trial:
        """Note that a paused trial is under way again."""
        self._ledger.note(trial.number, {"paused": False})
        return replace(trial, state="running")

    def lose(self, trial: Trial, error: str) -> Trial:
        """Note that a worker died on a trial."""
        self._ledger.note(trial.number, {f"lost:{trial.n_lost + 1}": error})
        return replace(trial, n_lost=trial.n_lost + 1)

    def complete(self, trial: Trial, result: Result) -> Trial:
        """Note that a trial ended with `result`, which is on disk."""
        finished = self._finish(trial)
        kept = result.model_copy(update={"checkpoint": None})
        return replace(trial, state="complete", result=kept, finished=finished)

    def fail(self, trial: Trial, error: str, outcome: Outcome) -> Trial:
        """Note that a trial failed and why; its traceback goes into a file."""
        path = error_path(self._folder, trial.key)
        path.parent.mkdir(exist_ok=True)
        metrics = "" if outcome.result is None else f"metrics: {outcome.result.metrics}"
        write_whole(path, "\n".join(part for part in (error, metrics, outcome.traceback) if part).encode())
        self._ledger.note(trial.number, {"error": error})
        return replace(trial, state="failed", error=error, finished=self._finish(trial))

    def open_again(self, trial: Trial) -> None:
        """Undo the failure of a trial; what it measured before stays, what it failed with goes."""
        kept = {result_path(self._folder, trial.key, self._replicate, epoch) for epoch in trial.measured}
        for path in (self._folder / "results").glob(f"{trial.key}.r{self._replicate}.e*.json"):
            if path not in kept:
                path.unlink()
        self._ledger.open_again(trial.number, ("error", "finished", "lost:"))
        error_path(self._folder, trial.key).unlink(missing_ok=True)

    def close_trial(self, number: int, objectives: Sequence[float] | None) -> None:
        """End a trial in the ledger, with its objectives or failed, as the proposer is told of it."""
        self._ledger.end(number, objectives)

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    def _finish(self, trial: Trial) -> str:
        finished = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._ledger.note(trial.number, {"finished": finished})
        return finished

    def _checkpoint_name(self, trial: Trial, epoch: int) -> CheckpointName:
        """At the end of the training, the trial's own name."""
        is_whole = epoch == self._space.epochs(trial.configuration)
        prefix = trial.key if is_whole else self._space.prefix_key(trial.configuration, epoch)
        return CheckpointName(prefix, self._replicate, epoch)


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
