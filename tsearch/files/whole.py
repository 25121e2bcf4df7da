"""Files that are either whole or absent, and a full disk told in one line."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tsearch.errors import TsearchError

_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path`, durably: after a crash at any moment the file is the old one or the new one.

    Raises: TsearchError if the disk is full; the old file is intact then.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with full_disk_is_an_error(path):
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


@contextmanager
def full_disk_is_an_error(
    path: Path,
    then: str = "Earlier results are intact: free some space, then `tsearch resume`.",
    option: str = "--output",
) -> Iterator[None]:
    """Turn a full disk met while writing `path`, by a file or by SQLite, into a TsearchError that says what to do
    `then`; also a place that may not be written, where the `option` names another."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _CLOSED:
            raise TsearchError(
                f"{path} cannot be written ({error.strerror}). Make its folder writable, or name another: {option}."
            ) from error
        if isinstance(error, TsearchError) or not is_full_disk(error):
            raise
        raise TsearchError(f"{path}: the disk is full. {then}") from error


def is_full_disk(error: BaseException | None) -> bool:
    """Whether a full disk is behind `error`: here, or in what it was raised from (SQLAlchemy and Optuna wrap
    twice).
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        sqlite = getattr(error, "orig", error)
        name = getattr(sqlite, "sqlite_errorname", "") if isinstance(sqlite, sqlite3.Error) else ""
        if name.startswith(
            ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHM", "SQLITE_IOERR_TRUNCATE")
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
