"""Files of weights from which trainings start: found, and known by their content. Needs no torch."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsearch.configuration import Init
from tsearch.errors import TsearchError


def find_init(given: str | Mapping[str, Any], folder: Path | None = None) -> Init:
    """The weights that a user names as FILE, or as {file: FILE, network: ann}, with the hash of what is in the file.
    It is looked for in `folder` first, then from the working directory.

    Raises: TsearchError where it cannot be read, or another key is given."""
    entries: Mapping[str, Any] = {"file": given} if isinstance(given, str) else given
    if not {"file"} <= set(entries) <= {"file", "network"} or entries.get("network", "snn") not in (
        "snn",
        "ann",
    ):
        raise TsearchError(
            f"init: {dict(entries)}: FILE, or {{file: FILE, network: snn or ann}}, is expected."
        )
    name = os.path.expanduser(str(entries["file"]))
    beside = os.path.join(folder or "", name)
    path = os.path.abspath(beside if os.path.isfile(beside) else name)
    return Init(file=path, content=_hash(_bytes(path)), network=entries.get("network", "snn"))


def read_init(init: Init) -> bytes:
    """The bytes of the file. Raises: TsearchError where it is missing, or another than when the run began."""
    found = _bytes(init.file)
    if _hash(found) != init.content:
        raise TsearchError(
            f"init: {init.file}: its content changed since this run started ({init.content} -> {_hash(found)}). "
            "Start a new run, or put the file back."
        )
    return found


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TsearchError(
            f"init: {path}: {error.strerror or error}. "
            "Give a safetensors file: a checkpoint, weights.safetensors of a bundle, or a state dict."
        ) from None


def _hash(content: bytes) -> str:
    """16 hexadecimal digits of SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]
