"""No process stays behind: neither what an evaluator started, nor one that does not listen."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from misbehaving import driver, end, noted, wait_until_gone
from test_executors import collect, segment

from tsearch.engine.executors import make_executor
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run


@pytest.fixture
def start(tmp_path, ideal, make_space):
    """Starts a driver whose evaluator notes its session in `tmp_path / "log"`."""
    drivers = []

    def do(evaluator: str) -> subprocess.Popen:
        space = make_space(options={"log": str(tmp_path / "log")})
        drivers.append(driver(space, f"misbehaving:{evaluator}", tmp_path, ideal, workers=2))
        return drivers[-1]

    yield do
    for each in drivers:
        end(each)


HANGING = ["starts_a_program", "holds_the_gil"]


@pytest.mark.parametrize("evaluator", HANGING)
def test_kill_9_of_the_driver_leaves_no_process(start, tmp_path, evaluator) -> None:
    search = start(evaluator)
    sessions = set(noted(tmp_path / "log", 2))
    assert len(sessions) == 2
    search.kill()
    wait_until_gone(sessions)


@pytest.mark.parametrize("evaluator", HANGING)
def test_closing_an_executor_leaves_no_process(tmp_path, evaluator) -> None:
    executor = make_executor("process", f"misbehaving:{evaluator}", 1)
    executor.submit("a", segment(log=str(tmp_path / "log")))
    assert executor.wait(0.1) == []
    sessions = set(noted(tmp_path / "log", 1))
    nursery = executor._fork_server.pid
    executor.close()
    wait_until_gone(sessions | {nursery})


def test_what_a_dead_worker_started_dies_with_it(tmp_path) -> None:
    executor = make_executor("process", "misbehaving:starts_a_program", 1)
    executor.submit("a", segment(log=str(tmp_path / "log")))
    (session,) = noted(tmp_path / "log", 1)
    worker = int(Path(f"/proc/{session}/task/{session}/children").read_text())
    os.kill(worker, signal.SIGKILL)
    assert collect(executor, 1)["a"].is_lost
    wait_until_gone({session})
    executor.close()


@pytest.mark.parametrize("evaluator", HANGING)
def test_a_segment_that_takes_too_long_is_killed_with_all_it_started(tmp_path, evaluator) -> None:
    executor = make_executor("process", f"misbehaving:{evaluator}", 1)
    late = segment(log=str(tmp_path / "log"), timeout_s=0.5)
    executor.submit("a", late)
    outcome = collect(executor, 1)["a"]
    assert outcome.error == "took longer than 0.5 s (the segment timeout)"
    assert not outcome.is_lost
    assert executor.free() == 1
    wait_until_gone(set(noted(tmp_path / "log", 1)))
    executor.close()


def test_hung_evaluators_are_recorded_as_failed_and_the_run_goes_on(make_space, ideal, tmp_path) -> None:
    space = make_space(
        trials=12, max_failures=12, options={"log": str(tmp_path / "log")}, segment_timeout=0.5
    )
    found = run(space, "misbehaving:hangs_sometimes", runs=tmp_path, workers=2, ideal=ideal)
    for trial in found.trials:
        hangs = int(trial.key, 16) % 4 == 0
        assert (trial.state, trial.error) == (
            ("failed", "took longer than 0.5 s (the segment timeout)") if hangs else ("complete", None)
        )
    assert 0 < len(found.results) < 12


def test_interrupted_five_times_a_driver_prints_one_traceback_and_leaves_nothing(start, tmp_path) -> None:
    search = start("starts_a_program")
    sessions = set(noted(tmp_path / "log", 2))
    for _ in range(5):
        os.killpg(search.pid, signal.SIGINT)
        time.sleep(0.002)
    try:
        _, errors = search.communicate(timeout=20)
    except (
        subprocess.TimeoutExpired
    ):  # a single signal was left of the five, and hit a destructor of Python's
        os.killpg(search.pid, signal.SIGINT)
        _, errors = search.communicate(timeout=20)
    wait_until_gone(sessions)
    told = errors.decode()
    while_ending = told.count("Exception ignored") + told.count(
        "Error in atexit"
    )  # late signals hit Python's own end
    assert told.count("Traceback") - while_ending <= 1
    assert "KeyboardInterrupt" in told
    assert {trial.state for trial in open_run(tmp_path / "toy").trials} == {"running"}
    assert len(resume(tmp_path / "toy", "toys:evaluate", executor="inline").results) == 12
