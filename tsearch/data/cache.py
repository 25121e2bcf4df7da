"""Arrays that take seconds to make, kept as .npz files between processes.

The folder is `TSEARCH_CACHE`, else ~/.cache/tsearch. A cache never gets in the way: a damaged file is made
again, and a folder that cannot be written is done without. Nothing in it is a pickle.
"""

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsearch.configuration import content_hash

Arrays = dict[str, NDArray[Any]]

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where cached files live; the folder need not exist."""
    return Path(os.environ.get("TSEARCH_CACHE") or "~/.cache/tsearch").expanduser()


def cached_arrays(name: str, content: Any, make: Callable[[], Arrays]) -> Arrays:
    """What `make` gives, from the cache where it was made before.

    Args:
        name: First part of the file's name, for the human reader of the folder.
        content: Everything that the arrays depend on, the version of their format included; JSON-able.
        make: Called when the cache does not have them.
    """
    path = cache_folder() / f"{name}-{content_hash(content)}.npz"
    arrays = _read(path)
    if arrays is None:
        arrays = make()
        _write(path, arrays)
    return arrays


def _read(path: Path) -> Arrays | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        return None
    except Exception as problem:  # whatever is wrong with it, it can be made again
        _log.warning("%s: unreadable (%s), made again", path, problem)
        return None


def _write(path: Path, arrays: Arrays) -> None:
    """Write beside the final place, then rename: other processes see the whole file or none."""
    unfinished = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(unfinished, path)
    except OSError as problem:
        _log.info("%s: not cached (%s)", path, problem)
        if unfinished is not None:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)
