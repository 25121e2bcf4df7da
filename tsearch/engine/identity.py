"""What a run's results depend on besides the search space: prepared by its evaluator, unchanged when it goes on.

An evaluator may have an attribute `prepare`, a function from a task to a task: it checks that the data and the device
can be used, and fills in `task.identity` and `task.compute`. A run of one that has none always goes on.
"""

from collections.abc import Callable
from pathlib import Path

from tsearch.configuration import Compute, Task
from tsearch.engine.executors import Evaluator
from tsearch.errors import TsearchError
from tsearch.machine import machine
from tsearch.references import resolve

_WORDS = {
    "data": "the content of the data",
    "profile": "the hardware profile",
    "recipe": "the recipe of the training",
    "counting": "the counting of the cost model",
}


def prepared(evaluator: Evaluator | str, task: Task) -> Task:
    """The task of a run that begins, on the device that this machine is set to. Raises: TsearchError."""
    device = machine().device or "cpu"
    task = task.model_copy(update={"compute": Compute(device=device)})
    prepare = _prepare(evaluator)
    return task if prepare is None else prepare(task)


def refuse_other_identity(folder: Path, evaluator: Evaluator | str, task: Task) -> None:
    """Raise TsearchError if a run with `task` would not go on as it began: other data, profile, recipe, counting or
    device."""
    prepare = _prepare(evaluator)
    if prepare is None:
        return
    asked = machine().device
    if asked is not None and asked != task.compute.device:
        raise TsearchError(
            f"{folder}: the device changed since this run started ({task.compute.device} -> {asked}). "
            f"Set TSEARCH_DEVICE={task.compute.device}, or start a new run."
        )
    now = prepare(task)
    for name, words in _WORDS.items():
        before, after = getattr(task.identity, name), getattr(now.identity, name)
        if before not in ("", after):  # "": nothing was recorded
            raise TsearchError(
                f"{folder}: {words} changed since this run started (identity.{name} {before} -> {after}). "
                "Start a new run."
            )
    if now.compute.device != task.compute.device:
        raise TsearchError(
            f"{folder}: this run is for the device {task.compute.device}, but {now.compute.device} would train. "
            f"Set TSEARCH_DEVICE={task.compute.device}, or start a new run."
        )


def _prepare(evaluator: Evaluator | str) -> Callable[[Task], Task] | None:
    """The function that prepares a task. An evaluator that cannot be imported here may still be found by workers."""
    if isinstance(evaluator, str):
        try:
            evaluator = resolve(evaluator)
        except TsearchError:
            return None
    return getattr(evaluator, "prepare", None)
