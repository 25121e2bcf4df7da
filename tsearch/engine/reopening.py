"""What goes on with a run that exists: its evaluator, its executor, and who hears of it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tsearch.engine.events import Listener
from tsearch.engine.executors import Evaluator, Executor, make_executor
from tsearch.engine.run_file import RunFile
from tsearch.errors import TsearchError
from tsearch.references import resolve

Hands = Callable[[Evaluator | str], Executor]


def given_or_stored(folder: Path, what: str, given: Any, stored: str | None) -> Any:
    """The evaluator or proposer given, or that of the run. Raises: TsearchError where that cannot be imported."""
    if given is None and stored is None:
        how = "evaluator" if what == "evaluator" else f"{what}={what}"
        raise TsearchError(
            f"{folder}: its {what} cannot be imported. Resume from Python: resume(folder, {how}). One that stands in "
            "a module, a file of its own, is found by itself."
        )
    return stored if given is None else given


def hands_of(file: RunFile, executor: str | None, workers: int | None, address: str | None) -> Hands:
    """What makes an executor for an evaluator: as given, and as the run had it where nothing is."""
    if executor is None or executor == file.executor.name:
        executor = file.executor.name
        workers = file.executor.workers if workers is None else workers
        address = file.executor.address if address is None else address
    name, device = executor, file.task.compute.device
    return lambda evaluator: make_executor(name, evaluator, workers, address, device)


def progress() -> Listener:
    """Lines on stderr: by its reference, because the room that prints stands above this one."""
    listener: Listener = resolve("tsearch.cli.progress:Progress")(sys.stderr)
    return listener
