"""Arrays that take seconds to make, kept as files that all processes of a machine map into their memory.

The folder is `TSEARCH_CACHE`, else ~/.cache/tsearch. A cache never gets in the way: a damaged file is made
again, and a folder that cannot be written is done without. Nothing in it is a pickle.
"""

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from tsearch.files.notices import warn_once
from tsearch.frozen import content_hash
from tsearch.machine import machine

Arrays = dict[str, NDArray[Any]]

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where cached files live; the folder need not exist."""
    return machine().cache


def cached_arrays(name: str, content: Any, make: Callable[[], Arrays]) -> Arrays:
    """What `make` gives, mapped from the cache: processes share its memory, and a write stays private.

    Args:
        name: First part of the file's name, for the human reader of the folder.
        content: Everything that the arrays depend on, the version of their format included; JSON-able.
        make: Called when the cache does not have them.
    """
    path = cache_folder() / f"{name}-{content_hash(content)}.safetensors"
    stored = read_arrays(path)
    if stored is not None:
        return stored
    made = make()
    stored = read_arrays(path) if write_arrays(path, made) else None
    return made if stored is None else stored


def arrays_hash(arrays: Arrays) -> str:
    """SHA-256 over names, types, shapes and bytes, hexadecimal."""
    digest = hashlib.sha256()
    for name, values in sorted(arrays.items()):
        digest.update(repr((name, values.dtype.str, values.shape)).encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def read_arrays(path: Path) -> Arrays | None:
    """The arrays of a cached file, mapped; None where it is not there or not what was written."""
    try:
        with safe_open(path, framework="pt") as file:  # "pt" maps the file, "np" would copy it
            arrays: Arrays = {name: file.get_tensor(name).numpy() for name in file.keys()}  # noqa: SIM118
            written = (file.metadata() or {}).get("sha256")
        if written != arrays_hash(arrays):
            raise ValueError("its content is not what was written")
        return arrays
    except FileNotFoundError:
        return None
    except Exception as problem:  # whatever is wrong with it, it can be made again
        _log.warning("%s: unreadable (%s), made again", path, problem)
        return None


def write_arrays(path: Path, arrays: Arrays) -> bool:
    """Write beside the final place, then rename: other processes see the whole file or none. False, after a warning,
    where that is not possible."""
    unfinished = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(save(arrays, metadata={"sha256": arrays_hash(arrays)}))
        os.chmod(unfinished, 0o644)  # whoever may see the folder may read it
        os.replace(unfinished, path)
        return True
    except OSError as problem:
        warn_once(
            _log,
            f"TSEARCH_CACHE: {path.parent} cannot be written ({problem.strerror}), every process prepares data anew. "
            "Set it to a folder of yours.",
        )
        if unfinished is not None:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)
        return False
