"""One driver per run: a lock that the operating system releases when its holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder. Raises: TsearchError naming the process that holds it already."""
    path = folder / "lock"
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise TsearchError(
                f"{folder}: process {holder} is working on this run. Wait for it, or stop it and resume."
            ) from None
        with full_disk_is_an_error(path):
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield
