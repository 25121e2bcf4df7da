"""Trials as they lie in a run's folder: a line of the ledger, and a result beside it.

What is damaged does not hide the rest: a trial whose result cannot be read has failed, says why, and is repeated when
the run goes on.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from tsearch.engine.notes import Notes, Summary, checkpoint_name, notes_of
from tsearch.engine.rows import Row
from tsearch.engine.run_file import UNREADABLE, RunFile
from tsearch.engine.store import REPEAT, checked_content, objective_values, require_result, result_path
from tsearch.engine.trial import Measured, State, StoredResult, Trial
from tsearch.errors import TsearchError
from tsearch.space.goals import Objective
from tsearch.space.protocol import Configuration, Space


def trial_of(row: Row, folder: Path, space: Space, file: RunFile) -> Trial:
    """A line of the ledger. One that was stopped between its result and its end counts as ended."""
    notes = notes_of(row.notes)
    configuration = _configuration(row, notes, space)
    key = notes.key or space.key(configuration)
    state, result, error = _state(row, notes), None, notes.error
    is_damaged = False
    if state == "complete":
        try:
            epoch, replicate = space.epochs(configuration), file.task.replicate
            result = stored_result(folder, space, key, replicate, epoch, notes.summary, file.objectives)
        except TsearchError as problem:
            state, error, is_damaged = "failed", str(problem), True
    return Trial(
        number=row.number,
        key=key,
        state=state,
        origin=notes.origin,
        configuration=configuration,
        result=result,
        error=error or ("unknown" if state == "failed" else None),
        finished=notes.finished,
        values=row.values,
        measured={
            epoch: Measured(rung.metrics, checkpoint_name(rung))
            for epoch, rung in sorted(notes.measured.items())
        },
        n_lost=notes.n_lost,
        is_damaged=is_damaged,
    )


def _configuration(row: Row, notes: Notes, space: Space) -> Configuration:
    """The configuration as it was noted, or else what the parameter values stand for."""
    if notes.configuration is not None:
        with suppress(*UNREADABLE):
            return space.from_plain(notes.configuration)
    try:
        if not row.values and space.parameters():  # a baseline outside the space
            raise ValueError("what it tries cannot be read")
        return space.decode(row.values)
    except UNREADABLE as error:
        raise TsearchError(
            f"ledger.sqlite is damaged (trial {row.number}: {str(error).splitlines()[0][:200]}). "
            "Restore it from a copy of the run."
        ) from None


def _state(row: Row, notes: Notes) -> State:
    if row.state == "FAIL" or notes.error is not None:
        return "failed"
    if row.state == "COMPLETE" or notes.finished is not None:
        return "complete"
    return "paused" if notes.paused else "running"


def stored_result(
    folder: Path,
    space: Space,
    key: str,
    replicate: int,
    epoch: int,
    known: Summary | None,
    objectives: Sequence[Objective],
) -> StoredResult:
    """The result at the end of a training. Its file is read to see that it is whole, and taken apart only when the
    ledger does not know its content. Raises: TsearchError if it is missing or damaged."""
    path = result_path(folder, key, replicate, epoch)
    sha256 = None if known is None else known.sha256
    load = partial(require_result, folder, space, key, replicate, epoch, sha256)
    try:
        if known is not None:
            checked_content(path, sha256)
        summary = known or load()
        objective_values(summary, objectives)
    except FileNotFoundError:
        raise TsearchError(f"{path} is missing. {REPEAT}") from None
    except ValueError as error:
        if isinstance(error, TsearchError):
            raise
        raise TsearchError(f"{path} is damaged: {error}. {REPEAT}") from None
    return StoredResult(summary.metrics, summary.n_samples, summary.seconds, load)
