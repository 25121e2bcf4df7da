"""The rows of a ledger, read without writing: in one pass, from a folder that may be read-only or in use.

This is SQL of its own on the tables of an Optuna study, because Optuna opens a study for writing and reads it ten times
slower. What users may have damaged is checked here; values come back as Optuna's own reading gives them.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tsearch.errors import TsearchError
from tsearch.files.reading import parse_json

STATES = ("RUNNING", "COMPLETE", "FAIL")


@dataclass(frozen=True)
class Row:
    """A trial as the ledger holds it.

    Args:
        id: What the database calls it.
        state: RUNNING, COMPLETE or FAIL; running until the proposer is told.
        values: The value of every parameter.
        notes: What was written down about it; what cannot be read is left out.
    """

    number: int
    id: int
    state: str
    values: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the proposer has not been told of its end."""
        return self.state == "RUNNING"


class Rows(NamedTuple):
    """A ledger: the trials in order of their numbers, and what was written down about the run as a whole."""

    trials: list[Row]
    notes: dict[str, Any]


def read_rows(path: Path) -> Rows:
    """The rows of the ledger at `path`. Raises: TsearchError if it is missing or damaged."""
    if not path.is_file():
        raise TsearchError(f"{path} is missing. Restore it from a copy of the run.")
    try:
        return _read(path)
    except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        what = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise TsearchError(f"{path} is damaged ({what}). Restore it from a copy of the run.") from None


def _read(path: Path) -> Rows:
    """The rows; read from a copy where the folder cannot be written and the latest rows lie in SQLite's log."""
    try:
        with closing(_connect(path)) as connection:
            return _rows(connection)
    except sqlite3.OperationalError as error:
        if not any(words in str(error) for words in ("unable to open", "readonly")):
            raise
    with tempfile.TemporaryDirectory() as folder:
        for file in (path, path.with_name(f"{path.name}-wal")):
            if file.is_file():
                shutil.copyfile(file, Path(folder, file.name))
        with closing(_connect(Path(folder, path.name))) as connection:
            return _rows(connection)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=60)
    connection.execute("pragma trusted_schema=off")
    return connection


def _rows(connection: sqlite3.Connection) -> Rows:
    connection.execute("begin")  # all tables as they are at one moment
    trials = connection.execute("select trial_id, number, state from trials order by number").fetchall()
    rows = {trial: Row(number, trial, state) for trial, number, state in trials}
    if [row.number for row in rows.values()] != list(range(len(trials))):
        raise ValueError("its trials are not numbered from 0 on")
    wrong = [row.number for row in rows.values() if row.state not in STATES]
    if wrong:
        raise ValueError(f"trial {wrong[0]} is in no known state")
    kinds: dict[str, Mapping[str, Any]] = {}
    for trial, name, value, kind in connection.execute(
        "select trial_id, param_name, param_value, distribution_json from trial_params order by param_id"
    ):
        if trial in rows:
            kinds[kind] = kinds.get(kind) or parse_json(kind)
            rows[trial].values[name] = _value(value, kinds[kind])
    for trial, name, text in connection.execute(
        "select trial_id, key, value_json from trial_user_attributes order by trial_user_attribute_id"
    ):
        if trial in rows:
            rows[trial].notes.update(_note(name, text))
    notes: dict[str, Any] = {}
    for name, text in connection.execute("select key, value_json from study_user_attributes"):
        notes.update(_note(name, text))
    return Rows(list(rows.values()), notes)


def _value(value: float, distribution: Mapping[str, Any]) -> Any:
    """A parameter's value as `distributions` wrote it: the index of a choice, or a number."""
    choices = distribution["attributes"].get("choices")
    if choices is not None:
        return choices[int(value)]
    return int(value) if distribution["name"] == "IntDistribution" else float(value)


def _note(name: str, text: str) -> dict[str, Any]:
    try:
        return {str(name): parse_json(text)}
    except (ValueError, TypeError, AttributeError):
        return {}
