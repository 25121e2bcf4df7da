"""The ledger: every trial of a run, in an Optuna study kept in SQLite, which Optuna's own tools can read too.

One process writes it. A trial enters whole, in one transaction and before it is sent to a worker; its notes
and its end follow. Write-ahead logging survives every crash, and `synchronous=NORMAL` halves the cost of a
write: at worst a power cut takes the last moments of the ledger, and results on disk bring them back.
"""

import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tsearch.engine.distributions import distribution
from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error
from tsearch.space.domains import Domain

if not logging.getLogger().isEnabledFor(logging.INFO):
    optuna.logging.set_verbosity(optuna.logging.WARNING)


_NOTE = (
    "insert into trial_user_attributes (trial_id, key, value_json) values (:id, :name, :value) "
    "on conflict (trial_id, key) do update set value_json = excluded.value_json"
)
_FORGOTTEN = "key in ('finished', 'error', 'summary', 'paused') or key like 'lost:%'"


def begin_ledger(path: Path, name: str, directions: Sequence[str]) -> None:
    """Begin a ledger for objectives with these directions ("maximize" or "minimize")."""
    ledger = Ledger(path, [], [StudyDirection[d.upper()] for d in directions], name)
    ledger.close()


class Ledger:
    """The trials of one run, numbered from 0 in the order in which they were proposed; see `rows.py` for reading."""

    def __init__(
        self,
        path: Path,
        ids: Sequence[int],
        directions: Sequence[StudyDirection] | None = None,
        name: str = "",
    ) -> None:
        """Open the ledger at `path`, whose trials have these `ids` in the database; or begin one for `directions`."""
        self.path, self._ids = path, list(ids)
        try:
            with full_disk_is_an_error(path):
                self._storage = RDBStorage(
                    "sqlite:///ledger.sqlite", engine_kwargs={"creator": self._connect}
                )
                if directions is not None:
                    self._storage.create_new_study(directions, name)
                self._study = self._storage.get_all_studies()[0]._study_id
        except (DatabaseError, LookupError, RuntimeError) as error:
            what = str(error).splitlines()[0][:200]
            raise TsearchError(f"{path} is damaged ({what}). Restore it from a copy of the run.") from None

    def add(
        self, values: Mapping[str, Any], parameters: Mapping[str, Domain], notes: Mapping[str, Any]
    ) -> int:
        """Write down a trial that is about to run, with the value of every parameter; gives its number."""
        trial = create_trial(
            state=TrialState.RUNNING,
            params={name: values[name] for name in parameters},
            distributions={name: distribution(domain) for name, domain in parameters.items()},
            user_attrs=dict(notes),
        )
        with full_disk_is_an_error(self.path):
            self._ids.append(self._storage.create_new_trial(self._study, template_trial=trial))
        return len(self._ids) - 1

    def note(self, number: int, notes: Mapping[str, Any]) -> None:
        """Write down facts about a trial that has not ended, all or none. Optuna itself reads the trial for each."""
        rows = [
            {"id": self._ids[number], "name": name, "value": json.dumps(value)}
            for name, value in notes.items()
        ]
        with full_disk_is_an_error(self.path), self._storage.engine.begin() as connection:
            connection.execute(text(_NOTE), rows)

    def end(self, number: int, values: Sequence[float] | None) -> None:
        """Close a trial: complete with these values of the objectives, or failed."""
        state = TrialState.FAIL if values is None else TrialState.COMPLETE
        with full_disk_is_an_error(self.path):
            self._storage.set_trial_state_values(self._ids[number], state, values)

    def reopen(self, number: int) -> None:
        """Let a trial that has ended begin again; its configuration and what it reached at rungs stay."""
        trial = {"id": self._ids[number]}
        with full_disk_is_an_error(self.path), self._storage.engine.begin() as connection:
            for statement in (
                "update trials set state = 'RUNNING', datetime_complete = null where trial_id = :id",
                "delete from trial_values where trial_id = :id",
                f"delete from trial_user_attributes where trial_id = :id and ({_FORGOTTEN})",
            ):
                connection.execute(text(statement), trial)

    def close(self) -> None:
        """Let go of the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60, check_same_thread=False)
        connection.execute("pragma journal_mode=WAL")
        connection.execute("pragma synchronous=NORMAL")
        return connection
