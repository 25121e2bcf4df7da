"""What the environment says, read in one place: the device asked for, folders, and the number of this worker.

TSEARCH_DEVICE names the device when a run begins; from then on it belongs to the run's task. TSEARCH_CACHE and
TSEARCH_DATA are folders. TSEARCH_RESIDENT_MIB bounds what data take of an accelerator's memory. Workers are numbered by
the executor that starts them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from tsearch.errors import TsearchError

_worker = 0


@dataclass(frozen=True)
class Machine:
    """Settings of this machine and process.

    Args:
        device: Device that a new run trains on, None where nothing is asked for.
        cache: Folder of prepared data and compiled code; it need not exist.
        data: Folder of recordings and images, None where none is named.
        resident_bytes: Images of a data set up to this size are copied to an accelerator.
        worker: Number of this worker process, from 0; 0 in the driver.
    """

    device: str | None
    cache: Path
    data: str | None
    resident_bytes: int
    worker: int


def machine() -> Machine:
    """The settings as they are now."""
    return Machine(
        device=os.environ.get("TSEARCH_DEVICE") or None,
        cache=Path(os.environ.get("TSEARCH_CACHE") or "~/.cache/tsearch").expanduser(),
        data=os.environ.get("TSEARCH_DATA") or None,
        resident_bytes=_mebibytes("TSEARCH_RESIDENT_MIB", 2048),
        worker=_worker,
    )


def become_worker(number: int) -> None:
    """Take the number of a worker: for executors, at the start of a worker process."""
    global _worker
    _worker = number


def _mebibytes(variable: str, absent: int) -> int:
    """Bytes; the variable counts MiB."""
    text = os.environ.get(variable) or str(absent)
    if not text.isdecimal():
        raise TsearchError(f"{variable}: '{text}' is no whole number of MiB, such as {absent}.")
    return int(text) * 2**20
