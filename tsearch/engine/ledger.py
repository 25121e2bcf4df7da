"""The ledger: every trial of a run, in an Optuna study kept in SQLite, which Optuna's own tools can read too.

One process writes it. A trial enters whole, in one transaction and before it is sent to a worker; its notes
and its end follow. Write-ahead logging survives every crash, and `synchronous=NORMAL` halves the cost of a
write: at worst a power cut takes the last moments of the ledger, and results on disk bring them back.
"""

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tsearch.engine.distributions import distribution
from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error
from tsearch.space.domains import Domain

if not logging.getLogger().isEnabledFor(logging.INFO):
    optuna.logging.set_verbosity(optuna.logging.WARNING)


@contextmanager
def _damage_is_an_error(path: Path) -> Iterator[None]:
    """Turn a file that is no SQLite database into a TsearchError."""
    try:
        yield
    except DatabaseError as error:
        if "not a database" in str(error) or "malformed" in str(error):
            raise TsearchError(f"{path} is damaged. Restore it from a copy of the run.") from None
        raise


class Ledger:
    """The trials of one run, numbered from 0 in the order in which they were proposed."""

    def __init__(self, path: Path, name: str, directions: Sequence[str]) -> None:
        """Open the ledger at `path`, or begin it for objectives with these directions ("maximize" or
        "minimize").
        """
        self.path = path
        is_new = not path.exists()
        with full_disk_is_an_error(path), _damage_is_an_error(path):
            self._storage = RDBStorage("sqlite:///ledger.sqlite", engine_kwargs={"creator": self._connect})
            if is_new:
                self._study = self._storage.create_new_study(
                    [StudyDirection[d.upper()] for d in directions], name
                )
            else:
                self._study = self._storage.get_all_studies()[0]._study_id
        self._ids = [trial._trial_id for trial in self.trials()]

    def trials(self) -> list[FrozenTrial]:
        """All trials, in order of their numbers."""
        return self._storage.get_all_trials(self._study, deepcopy=False)

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
        """Write down facts about a trial that has not ended: once it has, nothing can be added."""
        with full_disk_is_an_error(self.path):
            for name, value in notes.items():
                self._storage.set_trial_user_attr(self._ids[number], name, value)

    def end(self, number: int, values: Sequence[float] | None) -> None:
        """Close a trial: complete with these values of the objectives, or failed."""
        state = TrialState.FAIL if values is None else TrialState.COMPLETE
        with full_disk_is_an_error(self.path):
            self._storage.set_trial_state_values(self._ids[number], state, values)

    def open_again(self, number: int, dropped: Sequence[str]) -> None:
        """Let a failed trial run again, without the notes whose names begin with one of `dropped`. Optuna itself never
        changes a trial that ended.
        """
        trial = {"trial": self._ids[number]}
        with full_disk_is_an_error(self.path), self._storage.engine.begin() as connection:
            for name in dropped:
                connection.execute(
                    text("delete from trial_user_attributes where trial_id = :trial and key like :name"),
                    trial | {"name": f"{name}%"},
                )
            connection.execute(
                text("update trials set state = 'RUNNING', datetime_complete = null where trial_id = :trial"),
                trial,
            )

    def close(self) -> None:
        """Let go of the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60, check_same_thread=False)
        connection.execute("pragma journal_mode=WAL")
        connection.execute("pragma synchronous=NORMAL")
        return connection
