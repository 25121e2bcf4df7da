"""Arrays that may exceed the memory: written once, piece by piece, into the cache, and mapped from there.

A set is one folder: a file of plain numbers for every long array, and `index.safetensors` with the short ones. It is
written beside its final place and renamed: other processes see the whole folder or none. Processes that read it share
its memory.
"""

import atexit
import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tsearch.errors import TsearchError
from tsearch.files.cache import Arrays, cache_folder, read_arrays, write_arrays
from tsearch.files.notices import warn_once
from tsearch.files.whole import is_full_disk
from tsearch.frozen import content_hash

_log = logging.getLogger(__name__)
_INDEX = "index.safetensors"
_SHAPE = "shape of "  # the index holds shape and type of every long array under its name
_TYPE = "type of "
ABANDONED_S = 24 * 3600.0  # nobody has written to an unfinished set for so long: who did was killed


class Growing:
    """Long arrays under construction: pieces are appended along their first axis."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._like: dict[str, NDArray[Any]] = {}
        self._lengths: dict[str, int] = {}

    def append(self, name: str, values: NDArray[Any]) -> None:
        """Add `values` to the array `name`; all pieces have one type, and one shape but for the first axis.

        Raises: ValueError for a piece that differs."""
        if name not in self._files:
            self._files[name] = open(self._folder / name, "wb")  # noqa: SIM115
            self._like[name], self._lengths[name] = values[:0], 0
        like = self._like[name]
        if (values.dtype, values.shape[1:]) != (like.dtype, like.shape[1:]):
            raise ValueError(
                f"{name}: {values.dtype} {values.shape} does not go behind {like.dtype} {like.shape}"
            )
        self._files[name].write(np.ascontiguousarray(values).data)
        self._lengths[name] += len(values)

    def close(self) -> Arrays:
        """Shape and type of every long array, for the index."""
        for file in self._files.values():
            file.close()
        told: Arrays = {}
        for name, like in self._like.items():
            told[_SHAPE + name] = np.array([self._lengths[name], *like.shape[1:]], np.int64)
            told[_TYPE + name] = np.frombuffer(like.dtype.str.encode(), np.uint8).copy()
        return told


def mapped_arrays(name: str, content: Any, make: Callable[[Growing], Arrays]) -> Arrays:
    """Long and short arrays of a set, the long ones mapped read-only from the cache.

    Args:
        name: First part of the folder's name, for the human reader of the cache.
        content: Everything that the arrays depend on, the version of their format included; JSON-able.
        make: Appends to the long arrays and gives the short ones; called when the cache does not have them.

    Raises: TsearchError where the disk is full."""
    folder = cache_folder() / f"{name}-{content_hash(content)}"
    stored = _opened(folder)
    if stored is not None:
        return stored
    unfinished = _new_folder(folder)
    growing = Growing(unfinished)
    try:
        short = make(growing)
        write_arrays(unfinished / _INDEX, short | growing.close())
        made = _opened(_moved_into_place(unfinished, folder))
    except OSError as problem:
        if is_full_disk(problem):
            raise TsearchError(
                f"{unfinished.parent}: the disk is full. Free some space, or set TSEARCH_CACHE to another disk."
            ) from problem
        raise
    finally:
        growing.close()
        shutil.rmtree(unfinished, ignore_errors=True)
    if made is None:
        raise TsearchError(
            f"{folder}: what was written there cannot be read. Set TSEARCH_CACHE to another disk."
        )
    return made


def _new_folder(place: Path) -> Path:
    """A folder to write to, on the disk of `place` where that may be written."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(place.parent)
        return Path(tempfile.mkdtemp(dir=place.parent, prefix=place.name, suffix=".part"))
    warn_once(
        _log,
        f"TSEARCH_CACHE: {place.parent} cannot be written, every process prepares data anew. Set it to a folder of "
        "yours.",
    )
    return Path(tempfile.mkdtemp(prefix=place.name, suffix=".part"))


def _clear_abandoned(cache: Path) -> None:
    """Remove the sets of a cache that a killed process left unfinished, as large as they may be."""
    for folder in cache.glob("*.part"):
        with contextlib.suppress(OSError):
            written = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - written > ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True)


def _moved_into_place(unfinished: Path, folder: Path) -> Path:
    """Where the set lies in the end: in the cache, or beside it until this process ends."""
    os.chmod(unfinished, 0o755)  # whoever may see the cache may read it
    if unfinished.parent != folder.parent:
        kept = unfinished.with_suffix("")
        atexit.register(shutil.rmtree, kept, ignore_errors=True)
        unfinished.rename(kept)
        return kept
    if _opened(folder) is None:  # no other process was faster
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    return folder


def _opened(folder: Path) -> Arrays | None:
    """The arrays of a finished folder; None where it is not there, or not whole."""
    index = read_arrays(folder / _INDEX)
    if index is None:
        return None
    names = [name.removeprefix(_SHAPE) for name in index if name.startswith(_SHAPE)]
    arrays = {name: values for name, values in index.items() if not name.startswith((_SHAPE, _TYPE))}
    try:
        return arrays | {
            name: _mapped(folder / name, index[_SHAPE + name], index[_TYPE + name]) for name in names
        }
    except (OSError, ValueError) as problem:
        _log.warning("%s: unreadable (%s), made again", folder, problem)
        return None


def _mapped(path: Path, shape: NDArray[np.int64], kind: NDArray[np.uint8]) -> NDArray[Any]:
    dtype, sizes = np.dtype(kind.tobytes().decode()), tuple(int(n) for n in shape)
    n_bytes = dtype.itemsize * int(np.prod(sizes))
    if path.stat().st_size != n_bytes:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes instead of {n_bytes}")
    return np.memmap(path, dtype, "r", shape=sizes) if n_bytes else np.zeros(sizes, dtype)
