"""The ledger: every trial of a run, in an Optuna study kept in SQLite, which Optuna's own tools can read too.

One process writes it. A trial enters whole, in one transaction and before it is sent to a worker; its notes
and its end follow. Write-ahead logging survives every crash, and `synchronous=NORMAL` halves the cost of a
write: at worst a power cut takes the last moments of the ledger, and results on disk bring them back.

Optuna makes the tables. Rows are written and read by SQL of our own, because Optuna reads a trial again before every
word that it writes about it: thirty statements a trial where four do.
"""

import json
import logging
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from tsearch.engine.distributions import distribution
from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error
from tsearch.space.domains import Domain

if not logging.getLogger().isEnabledFor(logging.INFO):
    optuna.logging.set_verbosity(optuna.logging.WARNING)


_TRIAL = "insert into trials (number, study_id, state, datetime_start) values (?, ?, 'RUNNING', ?)"
_PARAMETER = (
    "insert into trial_params (trial_id, param_name, param_value, distribution_json) values (?, ?, ?, ?)"
)
_NOTE = (
    "insert into trial_user_attributes (trial_id, key, value_json) values (?, ?, ?) "
    "on conflict (trial_id, key) do update set value_json = excluded.value_json"
)
_NOTE_OF_RUN = (
    "insert into study_user_attributes (study_id, key, value_json) values (?, ?, ?) "
    "on conflict (study_id, key) do update set value_json = excluded.value_json"
)
_END = "update trials set state = ?, datetime_complete = ? where trial_id = ?"
_VALUE = "insert into trial_values (trial_id, objective, value, value_type) values (?, ?, ?, ?)"
_NO_VALUES = "delete from trial_values where trial_id = ?"
_FORGOTTEN = "key in ('finished', 'error', 'summary', 'paused') or key like 'lost:%'"


def begin_ledger(path: Path, name: str, directions: Sequence[str]) -> None:
    """Begin a ledger for objectives with these directions ("maximize" or "minimize")."""
    with full_disk_is_an_error(path):
        storage = RDBStorage("sqlite:///ledger.sqlite", engine_kwargs={"creator": lambda: _connect(path)})
        storage.create_new_study([StudyDirection[d.upper()] for d in directions], name)
        storage.remove_session()
        storage.engine.dispose()


class Ledger:
    """The trials of one run, numbered from 0 in the order in which they were proposed; see `rows.py` for reading."""

    def __init__(self, path: Path, ids: Sequence[int]) -> None:
        """Open the ledger at `path`, whose trials have these `ids` in the database. Raises: TsearchError if it is
        damaged."""
        self.path, self._ids = path, list(ids)
        self._distributions: dict[str, tuple[BaseDistribution, str]] = {}  # by parameter, also as JSON
        try:
            with full_disk_is_an_error(path):
                self._connection = _connect(path)
                ((self._study,),) = self._connection.execute("select study_id from studies").fetchall()
        except (sqlite3.DatabaseError, ValueError) as error:
            what = str(error).splitlines()[0][:200]
            raise TsearchError(f"{path} is damaged ({what}). Restore it from a copy of the run.") from None

    def add(
        self, values: Mapping[str, Any], parameters: Mapping[str, Domain], notes: Mapping[str, Any]
    ) -> int:
        """Write down a trial that is about to run, with the value of every parameter, or none where it lies outside the
        space; gives its number."""
        number = len(self._ids)
        with self._transaction() as connection:
            trial = connection.execute(_TRIAL, (number, self._study, _now())).lastrowid
            connection.executemany(
                _PARAMETER,
                [
                    (trial, name, *self._stored(name, parameters[name], values))
                    for name in parameters
                    if values
                ],
            )
            connection.executemany(_NOTE, _rows(trial, notes))
        assert trial is not None
        self._ids.append(trial)
        return number

    def note(self, number: int, notes: Mapping[str, Any]) -> None:
        """Write down facts about a trial that has not ended, all or none."""
        with self._transaction() as connection:
            connection.executemany(_NOTE, _rows(self._ids[number], notes))

    def note_of_run(self, notes: Mapping[str, Any]) -> None:
        """Write down facts that belong to no trial, all or none."""
        with self._transaction() as connection:
            connection.executemany(_NOTE_OF_RUN, _rows(self._study, notes))

    def end(self, number: int, values: Sequence[float] | None) -> None:
        """Close a trial: complete with these values of the objectives, or failed."""
        trial, state = self._ids[number], "FAIL" if values is None else "COMPLETE"
        with self._transaction() as connection:
            connection.execute(_END, (state, _now(), trial))
            connection.execute(_NO_VALUES, (trial,))  # a damaged ledger may have some
            connection.executemany(_VALUE, [(trial, i, *_finite(v)) for i, v in enumerate(values or ())])

    def reopen(self, number: int) -> None:
        """Let a trial that has ended begin again; its configuration and what it reached at rungs stay."""
        trial = (self._ids[number],)
        with self._transaction() as connection:
            for statement in (
                "update trials set state = 'RUNNING', datetime_complete = null where trial_id = ?",
                _NO_VALUES,
                f"delete from trial_user_attributes where trial_id = ? and ({_FORGOTTEN})",
            ):
                connection.execute(statement, trial)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with full_disk_is_an_error(self.path), self._connection:
            yield self._connection

    def _stored(self, name: str, domain: Domain, values: Mapping[str, Any]) -> tuple[float, str]:
        """The value of a parameter and what it is drawn from, as Optuna keeps them."""
        if name not in self._distributions:
            kind = distribution(domain)
            self._distributions[name] = kind, distribution_to_json(kind)
        kind, text = self._distributions[name]
        return kind.to_internal_repr(values[name]), text


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    connection.execute("pragma journal_mode=WAL")
    connection.execute("pragma synchronous=NORMAL")
    return connection


def _now() -> str:
    """The local time, in which Optuna tells it."""
    return str(datetime.now())


def _rows(owner: int | None, notes: Mapping[str, Any]) -> list[tuple[int | None, str, str]]:
    return [(owner, name, json.dumps(note)) for name, note in notes.items()]


def _finite(value: float) -> tuple[float | None, str]:
    """A value of an objective as Optuna keeps it."""
    if math.isfinite(value):
        return value, "FINITE"
    return None, "INF_POS" if value > 0 else "INF_NEG"
