"""What the environment says, read in one place: the device asked for, folders, and the number of this worker.

TSEARCH_DEVICE names the device when a run begins; from then on it belongs to the run's task. TSEARCH_CACHE and
TSEARCH_DATA are folders. Workers are numbered by the executor that starts them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

_worker = 0


@dataclass(frozen=True)
class Machine:
    """Settings of this machine and process.

    Args:
        device: Device that a new run trains on, None where nothing is asked for.
        cache: Folder of prepared data and compiled code; it need not exist.
        data: Folder of recordings, None where none is named.
        worker: Number of this worker process, from 0; 0 in the driver.
    """

    device: str | None
    cache: Path
    data: str | None
    worker: int


def machine() -> Machine:
    """The settings as they are now."""
    return Machine(
        device=os.environ.get("TSEARCH_DEVICE") or None,
        cache=Path(os.environ.get("TSEARCH_CACHE") or "~/.cache/tsearch").expanduser(),
        data=os.environ.get("TSEARCH_DATA") or None,
        worker=_worker,
    )


def become_worker(number: int) -> None:
    """Take the number of a worker: for executors, at the start of a worker process."""
    global _worker
    _worker = number
