"""The only writer of a run's trials, results and checkpoints.

Every file is written whole, a checkpoint before its result, a result before the ledger knows of it: whatever is cut off
leaves a trial that is submitted again, or one whose result is on disk and is told.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tsearch.configuration import Result
from tsearch.engine.executors import Outcome
from tsearch.engine.ledger import Ledger
from tsearch.engine.rows import Row
from tsearch.engine.run_folder import LEDGER, Run
from tsearch.engine.store import (
    CHECKPOINT_SHA256,
    CheckpointName,
    checkpoint_path,
    error_path,
    hash_of,
    read_result,
    require_result,
    result_path,
    sound_checkpoint,
)
from tsearch.engine.store import objective_values as objective_values
from tsearch.engine.trial import Measured, StoredResult, Trial
from tsearch.errors import TsearchError, shown
from tsearch.files.whole import write_whole


def keep_result(folder: Path, key: str, name: CheckpointName, result: Result) -> None:
    """Put a result of the configuration with this key on disk, its checkpoint first, whose hash stands beside it."""
    content = result.model_dump()
    if result.checkpoint is not None:
        content[CHECKPOINT_SHA256] = hash_of(result.checkpoint)
        path = checkpoint_path(folder, name)
        path.parent.mkdir(exist_ok=True)
        write_whole(path, result.checkpoint)
    path = result_path(folder, key, name.replicate, name.epoch)
    path.parent.mkdir(exist_ok=True)
    write_whole(path, json.dumps(content).encode())


def keep_error(folder: Path, name: str, error: str, outcome: Outcome) -> str:
    """Put an error and its traceback on disk; gives the error in characters that can be printed."""
    error = shown(error)
    path = error_path(folder, name)
    path.parent.mkdir(exist_ok=True)
    metrics = "" if outcome.result is None else f"metrics: {outcome.result.metrics}"
    text = "\n".join(part for part in (error, metrics, outcome.traceback) if part)
    write_whole(path, text.encode(errors="backslashreplace"))
    return error


def joined(before: Result | None, result: Result) -> Result:
    """A result of a training that went on where `before` ended, with curve, notes and seconds from the beginning on:
    what it tells does not depend on who trained the beginning."""
    if before is None:
        return result
    whole = {
        "curve": before.curve + result.curve,
        "notes": tuple(dict.fromkeys((*before.notes, *result.notes))),
        "seconds": before.seconds + result.seconds,
    }
    return result.model_copy(update=whole)


def now() -> str:
    """This moment, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Journal:
    """What happens to the trials of a run, written down as it happens. Every change gives the trial as it is then."""

    def __init__(self, run: Run, rows: Sequence[Row]) -> None:
        """Open the journal of a run whose lock is held, and whose ledger has these rows."""
        self._folder, self._space, self._replicate = run.folder, run.space, run.task.replicate
        self._parameters = run.space.parameters()
        self._ledger = Ledger(run.folder / LEDGER, [row.id for row in rows])
        self._open = {row.number for row in rows if row.is_open}

    def open_numbers(self) -> set[int]:
        """Numbers of the trials that the proposer has not been told of."""
        return set(self._open)

    def repeat(self, trial: Trial) -> Trial:
        """Let a trial that has ended begin again, as if nothing were known of it but what it tries and reached at
        rungs; a result that lies there is set aside."""
        path = result_path(self._folder, trial.key, self._replicate, self._space.epochs(trial.configuration))
        with suppress(FileNotFoundError):
            path.replace(path.with_name(f"{path.name}.old"))
        error_path(self._folder, trial.key).unlink(missing_ok=True)
        self._ledger.reopen(trial.number)
        self._open.add(trial.number)
        return replace(
            trial, state="running", result=None, error=None, finished=None, n_lost=0, is_damaged=False
        )

    def begin(self, trial: Trial) -> None:
        """Write down a trial before anything is trained for it."""
        notes = {
            "key": trial.key,
            "origin": trial.origin,
            "configuration": self._space.to_plain(trial.configuration),
        }
        self._open.add(self._ledger.add(trial.values, self._parameters, notes))

    def stored(self, trial: Trial, epoch: int) -> Result | None:
        """The result of a trial after `epoch`, None if there is none on disk that can be read; at a stop, whoever
        trained it, and none whose weights are damaged."""
        name = self._checkpoint_name(trial, epoch)
        if epoch < self._space.epochs(trial.configuration) and self._is_damaged(name):
            return None
        try:
            return read_result(
                self._folder, self._space, self._result_key(trial, epoch), self._replicate, epoch
            )
        except TsearchError:
            return None

    def checkpoint(self, name: CheckpointName) -> bytes | None:
        """The bytes of a checkpoint, None if there is none on disk, or a damaged one."""
        return sound_checkpoint(self._folder, name)

    def keep(self, trial: Trial, epoch: int, result: Result) -> None:
        """Put the result after `epoch` on disk, its checkpoint first: where the result is, the checkpoint is too."""
        keep_result(self._folder, self._result_key(trial, epoch), self._checkpoint_name(trial, epoch), result)

    def joined(self, trial: Trial, start: int, result: Result) -> Result:
        """A result of a training that went on from epoch `start`, with what the beginning told."""
        return joined(self.stored(trial, start) if start else None, result)

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
        place = self._folder, self._space, trial.key, self._replicate, result.budget
        sha256 = hash_of(result_path(self._folder, trial.key, self._replicate, result.budget).read_bytes())
        stored = StoredResult(
            result.metrics, result.n_samples, result.seconds, partial(require_result, *place, sha256)
        )
        finished = self._finish(trial, summary=stored.numbers | {"sha256": sha256})
        return replace(trial, state="complete", result=stored, finished=finished)

    def fail(self, trial: Trial, error: str, outcome: Outcome) -> Trial:
        """Note that a trial failed and why, in characters that can be printed; its traceback goes into a file."""
        error = keep_error(self._folder, trial.key, error, outcome)
        return replace(trial, state="failed", error=error, finished=self._finish(trial, error=error))

    def close_trial(self, number: int, objectives: Sequence[float] | None) -> None:
        """End a trial in the ledger, with its objectives or failed, as the proposer is told of it."""
        self._open.discard(number)
        self._ledger.end(number, objectives)

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    def _finish(self, trial: Trial, **notes: Any) -> str:
        """Note that a trial ended now, and what else there is to say about it."""
        finished = now()
        self._ledger.note(trial.number, notes | {"finished": finished})
        return finished

    def _is_damaged(self, name: CheckpointName) -> bool:
        is_there = checkpoint_path(self._folder, name).is_file()
        return is_there and sound_checkpoint(self._folder, name) is None

    def _result_key(self, trial: Trial, epoch: int) -> str:
        """What a result is filed under: at a stop by all that share it, else by the trial alone."""
        if epoch in self._space.stops(trial.configuration):
            return self._space.prefix_key(trial.configuration, epoch)
        return trial.key

    def _checkpoint_name(self, trial: Trial, epoch: int) -> CheckpointName:
        """At the end of the training, the trial's own name."""
        is_whole = epoch == self._space.epochs(trial.configuration)
        prefix = trial.key if is_whole else self._space.prefix_key(trial.configuration, epoch)
        return CheckpointName(prefix, self._replicate, epoch)
