"""A replicate: a configuration trained once more, with other random numbers, and what became of it.

Replicates are notes of the run as a whole in its ledger. They are no trials: they do not count, and the proposer is not
told of them. Number `task.replicate` of a run, usually 0, is what its trials are trained with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from tsearch.configuration import Result
from tsearch.engine.notes import Lenient, Line, Moment, Name, Summary
from tsearch.engine.run_file import UNREADABLE, RunFile
from tsearch.engine.stored_trial import stored_result
from tsearch.engine.trial import StoredResult
from tsearch.errors import TsearchError
from tsearch.space.protocol import Configuration, Space

_PREFIX = "replicate:"


class Wanted(NamedTuple):
    """A configuration to be trained as replicate number `replicate`, from 0 on."""

    configuration: Configuration
    replicate: int


@dataclass(frozen=True, repr=False)
class Replicate:
    """One training of a configuration besides that of its trial.

    Args:
        state: "running" until it ended, also while nobody works on the run.
        summary: The numbers of its result, and how to read the whole of it; None unless it is complete.
        error: One line, where it failed.
        finished: The moment it ended, ISO 8601, UTC.
        is_damaged: It failed because what is on disk of it cannot be read; it is trained again when next it is wanted.
    """

    key: str
    replicate: int
    state: Literal["running", "complete", "failed"]
    configuration: Configuration
    summary: StoredResult | None = None
    error: str | None = None
    finished: str | None = None
    is_damaged: bool = False

    @property
    def metrics(self) -> Mapping[str, float]:
        """What it reached; {} unless it is complete."""
        return {} if self.summary is None else self.summary.metrics

    @property
    def result(self) -> Result | None:
        """Its whole result, read from disk each time. Raises: TsearchError where the file has become damaged."""
        return None if self.summary is None else self.summary.load()

    @property
    def has_ended(self) -> bool:
        """Whether it is known what became of it."""
        return self.state != "running" and not self.is_damaged

    def __repr__(self) -> str:
        return f"Replicate({self.key!r}, {self.replicate}, {self.state!r})"


class ReplicateNote(Lenient):
    """What the ledger notes about a replicate: its end is known from a summary or an error."""

    key: Name
    replicate: Annotated[int, Field(ge=0)]
    configuration: dict[str, Any]
    summary: Summary | None = None
    error: Line | None = None
    finished: Moment | None = None

    @property
    def name(self) -> str:
        """The note's own name in the ledger."""
        return f"{_PREFIX}{self.key}.r{self.replicate}"


def replicates_of(
    notes: Mapping[str, Any], folder: Path, space: Space, file: RunFile
) -> tuple[Replicate, ...]:
    """The replicates noted in a ledger, in the order in which they were first wanted; damaged notes count as never
    made."""
    return tuple(
        _replicate(note, configuration, folder, space, file) for note, configuration in _read(notes, space)
    )


def _read(notes: Mapping[str, Any], space: Space) -> Iterable[tuple[ReplicateNote, Configuration]]:
    for name, content in notes.items():
        if name.startswith(_PREFIX):
            try:
                note = ReplicateNote.model_validate(content)
                yield note, space.from_plain(note.configuration)
            except (ValidationError, *UNREADABLE):
                continue


def _replicate(
    note: ReplicateNote, configuration: Configuration, folder: Path, space: Space, file: RunFile
) -> Replicate:
    state: Literal["running", "complete", "failed"] = "failed" if note.error is not None else "running"
    summary, error, is_damaged = None, note.error, False
    if note.error is None and note.summary is not None:
        try:
            summary = stored_result(
                folder,
                space,
                note.key,
                note.replicate,
                space.epochs(configuration),
                note.summary,
                file.objectives,
            )
            state = "complete"
        except TsearchError as problem:
            state, error, is_damaged = "failed", str(problem), True
    return Replicate(
        note.key, note.replicate, state, configuration, summary, error, note.finished, is_damaged
    )
