"""The promises that every executor keeps; `test_ray.py` runs them for Ray, too."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import toys

from tsearch.configuration import Compute, Configuration, DataSpec, Phase, Result, Task, Training
from tsearch.engine.executors import EXECUTORS, Executor, Segment, make_executor
from tsearch.engine.executors.inline import InlineExecutor
from tsearch.errors import TsearchError
from tsearch.machine import machine


def segment(rate: float = 0.01, **options: object) -> Segment:
    configuration = Configuration(
        stages=(3,),
        schedule=(Phase(timesteps=(2,), epochs=3),),
        training=Training(learning_rate=rate),
    )
    compute = Compute(device=str(options.pop("device", "cpu")))
    timeout_s = options.pop("timeout_s", None)
    task = Task(data=DataSpec(name="toy", options=options), compute=compute)
    return Segment(configuration, 0, 3, None, task, timeout_s)


def collect(executor: Executor, n: int) -> dict:
    outcomes: dict = {}
    while len(outcomes) < n:
        outcomes |= dict(executor.wait(60))
    return outcomes


def look_around(configuration: Configuration, budget: int, _resume_from: bytes | None, task: Task) -> Result:
    """An evaluator that tells where it runs."""
    found = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "GLIBC_TUNABLES")}
    found |= {"worker": machine().worker, "device": task.compute.device, "process": os.getpid()}
    time.sleep(0.3)  # so that no worker can do two segments before the next one has begun
    return Result(
        configuration=configuration, budget=budget, metrics={}, checkpoint=json.dumps(found).encode()
    )


def places(executor: Executor, n: int, **options: object) -> list[dict]:
    """Where `n` segments ran that were submitted at once; those that were lost left out."""
    for i in range(n):
        executor.submit(str(i), segment(**options))
    return [json.loads(o.result.checkpoint) for o in collect(executor, n).values() if not o.is_lost]


@pytest.fixture(params=["inline", "process"])
def executor(request):
    made = make_executor(request.param, toys.evaluate, 2 if request.param != "inline" else 1, None)
    yield made
    made.close()


def test_gives_back_what_the_evaluator_returns_to_the_bit(executor) -> None:
    executor.submit("a", segment(0.003, repeat=100_000))
    outcome = collect(executor, 1)["a"]
    assert outcome.result.metrics == toys.metrics_of(segment(0.003).configuration)
    assert outcome.result.checkpoint == segment(0.003).configuration.key.encode() * 100_000


def test_takes_as_many_as_are_free_and_gives_all_back(executor) -> None:
    n = executor.free()
    for i in range(n):
        executor.submit(str(i), segment(0.01 * (i + 1)))
    assert executor.free() == 0
    assert collect(executor, n).keys() == {str(i) for i in range(n)}
    assert executor.free() == n
    assert executor.wait(0) == []


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        ("memory", "MemoryError"),
        ("raise", "RuntimeError: mat1 and mat2 cannot be multiplied"),
        ("leave", "SystemExit: 3"),
    ],
)
def test_turns_an_exception_into_an_error_in_one_line(executor, problem, error) -> None:
    executor.submit("a", segment(problem=problem))
    executor_outcome = collect(executor, 1)["a"]
    assert executor_outcome.error == error
    assert "toys.py" in executor_outcome.traceback
    assert not executor_outcome.is_lost
    assert not executor_outcome.is_refused


@pytest.mark.parametrize(("problem", "words"), [("data", "folder is missing"), ("full", "No space left")])
def test_says_when_a_problem_would_meet_every_trial(executor, problem, words) -> None:
    executor.submit("a", segment(problem=problem))
    outcome = collect(executor, 1)["a"]
    assert outcome.is_refused
    assert words in outcome.error


def test_close_leaves_no_process_and_may_be_repeated(executor) -> None:
    before = _descendants(os.getpid())
    executor.submit("a", segment())
    collect(executor, 1)
    begun = [process for process in _descendants(os.getpid()) if process not in before]
    if not isinstance(executor, InlineExecutor):
        assert len(begun) >= 2  # the fork server and a worker
    executor.close()
    while _living(begun):  # the suite's timeout is the limit
        time.sleep(0.02)
    executor.close()


def test_a_killed_worker_is_lost_and_the_next_segment_finds_another(tmp_path: Path) -> None:
    executor = make_executor("process", toys.evaluate, 2, None)
    try:
        executor.submit("a", segment(problem="die once", log=str(tmp_path / "log")))
        executor.submit("b", segment(0.1))
        outcomes = collect(executor, 2)
        assert outcomes["a"].is_lost
        assert outcomes["b"].result is not None
        executor.submit("a", segment(problem="die once", log=str(tmp_path / "log")))
        assert collect(executor, 1)["a"].result is not None
    finally:
        executor.close()


def test_a_killed_fork_server_is_replaced_and_a_killed_workers_number_is_given_again() -> None:
    executor = make_executor("process", "test_executors:look_around", 3, None)
    try:
        before = {place["worker"]: place["process"] for place in places(executor, 3)}
        assert before.keys() == {0, 1, 2}
        executor._fork_server.kill()
        executor._fork_server.wait()
        os.kill(before[1], signal.SIGKILL)
        assert {place["worker"] for place in places(executor, 3)} == {0, 2}
        after = {place["worker"]: place["process"] for place in places(executor, 3)}
        assert after == before | {1: after[1]} != before
    finally:
        executor.close()


def test_what_the_user_tells_glibc_reaches_workers_and_has_the_last_word(monkeypatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    executor = make_executor("process", "test_executors:look_around", 1, None)
    (place,) = places(executor, 1)
    executor.close()
    assert place["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1:glibc.malloc.hugetlb=0"


def test_closing_stops_what_is_under_way() -> None:
    executor = make_executor("process", toys.evaluate, 2, None)
    executor.submit("a", segment(sleep_s=600))
    assert executor.wait(0.3) == []
    group = executor._fork_server.pid
    executor.close()
    wait_until_gone(group)


def test_what_a_training_prints_stays_off_stdout(capfd) -> None:
    executor = make_executor("process", toys.evaluate, 1, None)
    executor.submit("a", segment(problem="print"))
    collect(executor, 1)
    executor.close()
    assert "chatter" not in capfd.readouterr().out


def test_bad_input_is_one_line() -> None:
    for name, workers, address, words in [
        ("proces", None, None, "Did you mean 'process'"),
        ("process", 0, None, "at least 1"),
        ("process", -3, None, "at least 1"),
        ("inline", 4, None, "--executor process"),
        ("process", None, "10.0.0.1:6379", "--executor ray"),
    ]:
        with pytest.raises(TsearchError, match=words):
            make_executor(name, toys.evaluate, workers, address)
    with pytest.raises(TsearchError, match=r"cannot import it .* a file such as evaluators.py"):
        make_executor("process", lambda *_: None, None, None)


def test_an_evaluator_that_workers_cannot_import_ends_the_search() -> None:
    executor = make_executor("process", "toys:evaluat", 1, None)
    executor.submit("a", segment())
    outcome = collect(executor, 1)["a"]
    executor.close()
    assert outcome.is_refused
    assert "evaluat" in outcome.error


def test_ray_that_is_not_installed_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(TsearchError, match=r"pip install 'tsearch-snn\[ray\]'"):
        make_executor("ray", toys.evaluate, None, None)


def test_the_engine_imports_neither_torch_nor_ray() -> None:
    check = "import sys, tsearch.engine.run as s; sys.exit(bool({'torch', 'ray'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_every_executor_can_be_named() -> None:
    assert set(EXECUTORS) == {"inline", "process", "ray"}


def wait_until_gone(group: int) -> None:
    """Return once no process of a process group is left; the suite's timeout is the limit."""
    while _members(group):
        time.sleep(0.02)


def _descendants(process: int) -> list[int]:
    """Living processes that `process` began, and those that they began."""
    children = [pid for pid, (state, parent) in _processes().items() if parent == process and state != "Z"]
    return [*children, *(pid for child in children for pid in _descendants(child))]


def _living(processes: list[int]) -> list[int]:
    """Those that still run; one that is dead and waits for its parent does not."""
    states = _processes()
    return [pid for pid in processes if states.get(pid, ("Z", 0))[0] != "Z"]


def _processes() -> dict[int, tuple[str, int]]:
    """State and parent of every process of this machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            found[int(path.parent.name)] = (state, int(parent))
    return found


def _members(group: int) -> list[str]:
    """Living processes of a group; the dead ones that nobody has buried yet do not count."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(path.parent.name)
    return found
