"""Executors take segments and give back outcomes, on this machine or on many.

Every executor keeps the same four promises, and one set of tests checks them all:

    free()             how many more segments it can take right now
    submit(key, seg)   take a segment; does not wait for it
    wait(timeout_s)    outcomes that have come in, at least one unless the time runs out or nothing is under
    way
    close()            stop everything, what is under way included; leave no process behind

A segment is stateless and can be repeated, so a dead worker is no error here: its outcome says `is_lost`, and
`is_away` where the configuration is not to blame; the search decides. A new executor is a file here and a line in
`EXECUTORS`.
"""

import traceback
from collections.abc import Callable
from typing import Protocol

from tsearch.engine.executors.receipt import receive
from tsearch.engine.executors.segments import Evaluator, Outcome, Segment
from tsearch.errors import TsearchError, did_you_mean, shown
from tsearch.files.whole import is_full_disk
from tsearch.references import resolve

__all__ = [
    "EXECUTORS",
    "AwayError",
    "Evaluator",
    "Executor",
    "Outcome",
    "Segment",
    "attempt",
    "make_executor",
    "silence",
]

EXECUTORS = {
    "inline": "tsearch.engine.executors.inline:InlineExecutor",
    "process": "tsearch.engine.executors.process:ProcessExecutor",
    "ray": "tsearch.engine.executors.ray:RayExecutor",
}


class AwayError(TsearchError):
    """What workers run on went away, and is not back."""


class Executor(Protocol):
    """See the promises above. `can_stop`: whether it ends a segment that takes longer than its timeout. `warn` takes
    what people should know; the search sets it. `free` raises AwayError while what it was connected to is away.
    """

    can_stop: bool
    warn: Callable[[str], None]

    def free(self) -> int: ...
    def submit(self, key: str, segment: Segment) -> None: ...
    def wait(self, timeout_s: float | None = None) -> list[tuple[str, Outcome]]: ...
    def close(self) -> None: ...


def silence(_warning: str) -> None:
    """Where an executor's warnings go until a search listens."""


def make_executor(
    name: str,
    evaluator: Evaluator | str,
    workers: int | None = None,
    address: str | None = None,
    device: str = "cpu",
) -> Executor:
    """The executor called `name`; nothing is started before its first segment.

    Args:
        evaluator: The function that trains, or where it is, 'module:function'; workers import it from there.
        workers: How many segments at a time; None takes what the machine or cluster has.
        address: An existing Ray cluster.
        device: What segments train on, `task.compute.device`.

    Raises: TsearchError for an unknown name, no workers, an address without Ray, or a missing library.
    """
    if name not in EXECUTORS:
        hint = did_you_mean(name, EXECUTORS)
        raise TsearchError(f"executor '{name}' not found.{hint} Known executors: {', '.join(EXECUTORS)}.")
    if workers is not None and workers < 1:
        raise TsearchError(
            f"workers: {workers} would train nothing. Give at least 1, or leave it out to use every core."
        )
    if address is not None and name != "ray":
        raise TsearchError(
            f"address '{address}' is for a Ray cluster, but the executor is '{name}'. Add --executor ray."
        )
    made: Executor = resolve(EXECUTORS[name])(evaluator, workers, address, device)
    return made


def attempt(
    evaluator: Evaluator | str, segment: Segment, passes: tuple[type[BaseException], ...] = ()
) -> Outcome:
    """Run a segment where we are, and turn whatever it raises into an outcome, but for what `passes`."""
    try:
        evaluate = resolve(evaluator) if isinstance(evaluator, str) else evaluator
    except TsearchError as error:
        return Outcome(error=f"evaluator {error}", is_refused=True)
    try:
        given = evaluate(segment.configuration, segment.stop, segment.checkpoint, segment.task)
        return receive(given, segment)
    except passes:
        raise
    except TsearchError as error:
        return Outcome(error=str(error), is_refused=True)
    except BaseException as error:
        if is_full_disk(error):
            return Outcome(error=f"{_one_line(error)}. Free some space, then resume.", is_refused=True)
        return Outcome(error=_one_line(error), traceback=traceback.format_exc())


def _one_line(error: BaseException) -> str:
    name = type(error).__name__
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # it cannot even say what it is
        lines = []
    return shown(f"{name}: {lines[0][:300]}" if lines else name)
