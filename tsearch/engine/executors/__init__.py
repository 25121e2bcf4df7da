"""Executors take segments and give back outcomes, on this machine or on many.

Every executor keeps the same four promises, and one set of tests checks them all:

    free()             how many more segments it can take right now
    submit(key, seg)   take a segment; does not wait for it
    wait(timeout_s)    outcomes that have come in, at least one unless the time runs out or nothing is under
    way
    close()            stop everything, what is under way included; leave no process behind

A segment is stateless and can be repeated, so a dead worker is no error here: its outcome says `is_lost`, and
the search decides. A new executor is a file here and a line in `EXECUTORS`.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from tsearch.configuration import Result, Task
from tsearch.errors import TsearchError, did_you_mean
from tsearch.files.whole import is_full_disk
from tsearch.references import resolve
from tsearch.space.protocol import Configuration

# (configuration, budget in epochs, checkpoint to go on from, task) -> a result, or its metrics alone
Evaluator = Callable[[Configuration, int, bytes | None, Task], Result | Mapping[str, float]]

EXECUTORS = {
    "inline": "tsearch.engine.executors.inline:InlineExecutor",
    "process": "tsearch.engine.executors.process:ProcessExecutor",
    "ray": "tsearch.engine.executors.ray:RayExecutor",
}


@dataclass(frozen=True)
class Segment:
    """A piece of training: bring `configuration` from epoch `start` to epoch `stop`.

    `checkpoint` (safetensors) is that of `start`; None where the training begins.
    """

    configuration: Configuration
    start: int
    stop: int
    checkpoint: bytes | None
    task: Task


@dataclass(frozen=True)
class Outcome:
    """What became of a segment: a result, or an error in one line with its traceback.

    `is_lost`: the worker died, nothing is known about the configuration. `is_refused`: something that would
    meet every trial, such as missing data; the search has to end.
    """

    result: Result | None = None
    error: str = ""
    traceback: str = ""
    is_lost: bool = False
    is_refused: bool = False


class Executor(Protocol):
    """See the promises above."""

    def free(self) -> int: ...
    def submit(self, key: str, segment: Segment) -> None: ...
    def wait(self, timeout_s: float | None = None) -> list[tuple[str, Outcome]]: ...
    def close(self) -> None: ...


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


def attempt(evaluator: Evaluator | str, segment: Segment) -> Outcome:
    """Run a segment where we are, and turn whatever it raises into an outcome."""
    try:
        evaluate = resolve(evaluator) if isinstance(evaluator, str) else evaluator
    except TsearchError as error:
        return Outcome(error=f"evaluator {error}", is_refused=True)
    try:
        given = evaluate(segment.configuration, segment.stop, segment.checkpoint, segment.task)
    except KeyboardInterrupt:
        raise
    except TsearchError as error:
        return Outcome(error=str(error), is_refused=True)
    except BaseException as error:
        if is_full_disk(error):
            return Outcome(error=f"{_one_line(error)}. Free some space, then resume.", is_refused=True)
        return Outcome(error=_one_line(error), traceback=traceback.format_exc())
    return _outcome(given, segment)


def _outcome(given: Any, segment: Segment) -> Outcome:
    """The result that an evaluator gave, or that its metrics stand for."""
    if isinstance(given, Result):
        return Outcome(given)
    if not isinstance(given, Mapping):
        return Outcome(
            error=f"the evaluator returned {type(given).__name__}, not a Result or metrics by name"
        )
    try:
        return Outcome(Result(configuration=segment.configuration, budget=segment.stop, metrics=dict(given)))
    except ValidationError as error:
        name = ".".join(str(part) for part in error.errors()[0]["loc"][1:])
        return Outcome(error=f"the evaluator returned no number for the metric '{name}'")


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
