"""One driver per run: a lock that the operating system releases when its holder dies, however it dies.

Who looks whether a run is held takes the lock for some microseconds, shared with others who look: asking the system is
right on every file system, and for processes of other machines, where a number of a process means nothing. So that a
look never turns a driver away, a driver tries for a while.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error

TRIES, PAUSE_S = 20, 0.01


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder. Raises: TsearchError naming the process that holds it already, or if the folder
    cannot be written."""
    path = folder / "lock"
    while True:
        with _opened(path) as file:
            _take(file, folder)
            if not _is_at(path, file):  # removed before we held it: the next driver would take another
                continue
            with full_disk_is_an_error(path):
                file.truncate(0)
                file.write(str(os.getpid()))
                file.flush()
            yield
            return


def is_held(folder: Path) -> bool:
    """Whether a process, this one or another, works on the run in `folder`."""
    try:
        with open(folder / "lock") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no lock file: nobody ever worked here
        return False
    return False


def holder(folder: Path) -> int | None:
    """Number of the process that took the lock last; None where it is not known."""
    try:
        with open(folder / "lock") as file:
            return int(file.read(20))
    except (OSError, ValueError):
        return None


def taken_at(folder: Path) -> float | None:
    """When the lock was taken last, in seconds since 1970; None if never."""
    try:
        return (folder / "lock").stat().st_mtime
    except OSError:
        return None


def _opened(path: Path) -> IO[str]:
    try:
        return open(path, "a+")
    except OSError as error:
        raise TsearchError(
            f"{path}: this folder cannot be written ({error.strerror}). Make it writable, or copy the run."
        ) from None


def _is_at(path: Path, file: IO[str]) -> bool:
    """Whether an open file is the one that lies at `path`."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _take(file: IO[str], folder: Path) -> None:
    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if left:
                time.sleep(PAUSE_S)
    raise TsearchError(
        f"{folder}: process {holder(folder) or 'unknown'} is working on this run. Wait for it, or stop it and resume."
    )
