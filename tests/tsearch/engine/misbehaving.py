"""Evaluators that misbehave, and drivers that search with them in a process of their own. What an evaluator notes goes
to the file that `task.data.options["log"]` names.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import toys

from tsearch.configuration import Result

DRIVER = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from tsearch.engine.run import run
from tsearch.space.space import SearchSpace
space = SearchSpace.from_dict(json.loads(sys.argv[2]), "name: toy")
run(space, sys.argv[3], runs=sys.argv[4], ideal=json.loads(sys.argv[5]), **json.loads(sys.argv[6]))
"""


def driver(space: Any, evaluator: str, runs: Path, ideal: Any, **given: Any) -> subprocess.Popen:
    """A search in a process that leads a group of its own."""
    texts = [json.dumps([str(Path(__file__).parent)]), json.dumps(space.to_dict()), evaluator, str(runs)]
    given = {"executor": "process"} | given
    command = [sys.executable, "-c", DRIVER, *texts, json.dumps(ideal), json.dumps(given)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)


def end(process: subprocess.Popen) -> None:
    """Kill a process that leads a group, with its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def wait_for_results(runs: Path, n: int) -> None:
    """Wait until `n` results of the run `toy` are on disk."""
    until_s = time.monotonic() + 60
    while len(list(runs.glob("toy/results/*.json"))) < n:
        assert time.monotonic() < until_s, "the search does not go on"
        time.sleep(0.01)


def note(task: Any, word: Any) -> None:
    with open(task.data.options["log"], "a") as file:
        file.write(f"{word}\n")


def noted(log: Path, n: int) -> list[int]:
    """The first `n` numbers in a log, once they are there; the suite's timeout is the limit."""
    while not (log.is_file() and len(log.read_text().splitlines()) >= n):
        time.sleep(0.02)
    return [int(word) for word in log.read_text().split()]


def wait_until_gone(sessions: set[int]) -> None:
    """Return once no living process belongs to one of the sessions."""
    while any(_session(path) in sessions for path in Path("/proc").glob("[0-9]*/stat")):
        time.sleep(0.02)


def _session(stat: Path) -> int | None:
    """The session of a process; None for one that is dead."""
    with suppress(OSError):
        state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        return None if state == "Z" else int(session)
    return None


def starts_a_program(_configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Notes its session, and hangs in a program of its own that outlives it."""
    program = subprocess.Popen(["sleep", "1000"])
    note(task, os.getsid(0))
    program.wait()


def holds_the_gil(_configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Notes its session, and never comes back from C."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note(task, os.getsid(0))
    re.match(r"(a+)+$", "a" * 100 + "b")


def hangs_sometimes(configuration: Any, budget: int, resume_from: Any, task: Any) -> Any:
    """Holds the GIL for ever with configurations whose key is a multiple of 4."""
    if int(configuration.key, 16) % 4 == 0:
        holds_the_gil(configuration, budget, resume_from, task)
    return toys.metrics_of(configuration)


def smaller_budget(configuration: Any, budget: int, _resume_from: Any, _task: Any) -> Result:
    """Stops early."""
    return Result(configuration=configuration, budget=budget - 1, metrics=toys.metrics_of(configuration))


def other_configuration(configuration: Any, budget: int, _resume_from: Any, _task: Any) -> Result:
    """Gives the result of another configuration."""
    other = configuration.model_copy(update={"stages": (1, 2)})
    return Result(configuration=other, budget=budget, metrics=toys.metrics_of(configuration))


def unpicklable(configuration: Any, budget: int, _resume_from: Any, task: Any) -> Result:
    """Gives a result that holds a function."""
    note(task, 1)
    metrics = toys.metrics_of(configuration)
    return Result(configuration=configuration, budget=budget, metrics=metrics, costs={"f": lambda: 0})


def unpicklable_number(configuration: Any, _budget: int, _resume_from: Any, _task: Any) -> Any:
    """Gives numbers of a class that nobody else knows; they are numbers all the same."""

    class Number(float):
        pass

    return {name: Number(value) for name, value in toys.metrics_of(configuration).items()}


def checkpoint_of_words(configuration: Any, budget: int, _resume_from: Any, _task: Any) -> Result:
    """Gives a checkpoint that is no bytes, past all validation."""
    result = Result(configuration=configuration, budget=budget, metrics=toys.metrics_of(configuration))
    return result.model_copy(update={"checkpoint": "weights"})


def wrong_types(configuration: Any, budget: int, _resume_from: Any, _task: Any) -> Result:
    """Gives metrics that are no numbers, past all validation."""
    result = Result(configuration=configuration, budget=budget, metrics=toys.metrics_of(configuration))
    return result.model_copy(update={"metrics": {"accuracy": True}})


def hangs_once(configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Holds the GIL in the first evaluation, until somebody kills it."""
    with suppress(FileExistsError):
        Path(task.data.options["log"] + ".hung").touch(exist_ok=False)
        holds_the_gil(configuration, _budget, _resume_from, task)
    return toys.metrics_of(configuration)


def notes_its_node(configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Notes the Ray node that it is on, and takes two seconds."""
    import ray

    note(task, ray.get_runtime_context().get_node_id())
    time.sleep(2)
    return toys.metrics_of(configuration)


def fails_once(configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Fails in the first evaluation."""
    with suppress(FileExistsError):
        Path(task.data.options["log"] + ".failed").touch(exist_ok=False)
        raise RuntimeError("not yet")
    return toys.metrics_of(configuration)


def starts_a_program_on_ray(_configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Notes its process and that of the program that it starts, and waits for it."""
    program = subprocess.Popen(["sleep", "1000"])
    note(task, f"{os.getpid()}\n{program.pid}")
    program.wait()


def raises_odd_words(_configuration: Any, _budget: int, _resume_from: Any, _task: Any) -> Any:
    """Raises an error whose words cannot be encoded, and would ring and colour a terminal."""
    raise ValueError("\x1b[31mbad\x07 byte \udcff in file name")


def interrupts(_configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Ends as a program does that somebody stops."""
    note(task, 1)
    raise KeyboardInterrupt


def raises_without_words(_configuration: Any, _budget: int, _resume_from: Any, task: Any) -> Any:
    """Raises an error that cannot say what it is."""
    note(task, 1)
    raise SpeechlessError


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")
