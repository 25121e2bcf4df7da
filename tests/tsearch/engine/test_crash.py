"""Nothing finished is lost, whatever is killed and whenever; two drivers never work on one run."""

import os
import pkgutil
import random
import signal
import subprocess
import time
from collections import Counter

import pytest
from misbehaving import driver, end, wait_for_results

from tsearch.engine.lock import locked
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError


@pytest.fixture
def start(tmp_path, ideal):
    """Starts a driver in a process of its own."""
    drivers = []

    def do(space) -> subprocess.Popen:
        drivers.append(driver(space, "toys:evaluate", tmp_path, ideal, workers=2))
        return drivers[-1]

    yield do
    for each in drivers:
        end(each)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("moment", [0, *(pytest.param(m, marks=pytest.mark.slow) for m in range(1, 6))])
def test_a_driver_killed_at_any_moment_is_resumed(
    make_space, ideal, tmp_path, start, ordered, moment
) -> None:
    rng = random.Random(f"{ordered}{moment}")
    log = tmp_path / "log"
    options = {"log": str(log), "sleep_s": 0.03}
    space = make_space(trials=14, proposer="tpe", ordered=ordered, seed=moment, options=options)
    driver = start(space)
    wait_for_results(tmp_path, rng.randint(1, 9))
    time.sleep(rng.uniform(0, 0.1))
    driver.kill()
    driver.wait()
    time.sleep(0.2)  # what outlives its driver would still finish, and show in the log
    n_begun = len(log.read_text().split())
    left = open_run(tmp_path / "toy")
    time.sleep(0.2)
    assert len(log.read_text().split()) == n_begun

    found = resume(tmp_path / "toy", executor="inline")
    assert len(found.results) == 14
    begun = Counter(log.read_text().split())
    for trial in left.results:
        assert begun[trial.key] == 1
        assert trial in found.results
    assert sum(begun.values()) <= 14 + 2  # at most what two workers were doing
    if ordered:
        whole = run(space, "toys:evaluate", name="whole", runs=tmp_path, executor="inline", ideal=ideal)
        assert [(t.key, t.result.metrics) for t in found.trials] == [
            (t.key, t.result.metrics) for t in whole.trials
        ]


def test_a_driver_killed_while_it_writes_is_resumed(make_space, ideal, tmp_path, monkeypatch) -> None:
    """Stop at each step of the way from a result to its place, and go on from there."""

    class Killed(BaseException):
        pass

    space = make_space(trials=6, proposer="tpe", ordered=True, batch=3)
    whole = run(space, "toys:evaluate", name="whole", runs=tmp_path, executor="inline", ideal=ideal)
    for target in (
        "tsearch.engine.journal.Journal.keep",
        "tsearch.engine.ledger.Ledger.note",
        "tsearch.engine.ledger.Ledger.end",
        "tsearch.engine.ledger.Ledger.add",
        "tsearch.engine.pump.Pump._learn",
    ):
        for call in (1, 4):
            name = f"{target.rpartition('.')[2]}-{call}"
            with monkeypatch.context() as patch:
                patch.setattr(target, _stops_at(target, call, Killed))
                with pytest.raises(Killed):
                    run(space, "toys:evaluate", name=name, runs=tmp_path, executor="inline", ideal=ideal)
            found = resume(tmp_path / name)
            assert [(t.key, t.state, t.result) for t in found.trials] == [
                (t.key, t.state, t.result) for t in whole.trials
            ]


def _stops_at(target: str, call: int, error: type[BaseException]):
    original, calls = pkgutil.resolve_name(target), []

    def do(*arguments):
        calls.append(1)
        if len(calls) == call:
            raise error
        return original(*arguments)

    return do


def test_interrupting_leaves_a_run_to_resume_and_workers_say_nothing(make_space, tmp_path, start) -> None:
    driver = start(make_space(trials=20, options={"sleep_s": 0.05}))
    wait_for_results(tmp_path, 3)
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does it: to the whole group
    _, errors = driver.communicate()
    assert errors.decode().count("Traceback") == 1  # the driver's own
    assert errors.decode().rstrip().endswith("KeyboardInterrupt")
    found = open_run(tmp_path / "toy")
    assert len(found.results) >= 2  # the third lies on disk, and may not have reached the ledger
    assert len(resume(tmp_path / "toy", executor="inline").results) == 20


def test_two_drivers_never_work_on_one_run(make_space, tmp_path, start) -> None:
    driver = start(make_space(trials=40, options={"sleep_s": 0.2}))
    wait_for_results(tmp_path, 1)
    with pytest.raises(TsearchError, match=f"toy: process {driver.pid} is working on this run"):
        resume(tmp_path / "toy")
    assert open_run(tmp_path / "toy").n_total == 40  # looking is free
    driver.kill()
    driver.wait()
    with locked(tmp_path / "toy"):
        pass
