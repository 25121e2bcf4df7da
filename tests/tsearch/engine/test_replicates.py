"""Replicates: trained once each, in the ledger, and without any part in the search."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
import toys
from misbehaving import end

from tsearch.engine.events import Advanced, Warned
from tsearch.engine.lock import locked
from tsearch.engine.replicates import Wanted, train_replicates
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError


@pytest.fixture
def search(make_space, ideal, tmp_path):
    """Searches a toy space in this process, logging what is evaluated; `options` go to the toy evaluator."""

    def do(options=(), name="toy", **settings):
        space = make_space(options={"log": str(tmp_path / "log")} | dict(options), **settings)
        return run(space, "toys:evaluate", name=name, runs=tmp_path, executor="inline", ideal=ideal)

    return do


def wanted_of(found, *replicates, n=2) -> list[Wanted]:
    return [Wanted(trial.configuration, r) for trial in found.results[:n] for r in replicates]


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_they_are_trained_with_their_numbers_and_open_again(search, executor) -> None:
    found = search(trials=5)
    heard = []
    wanted = wanted_of(found, 1, 2)
    after = train_replicates(
        found, [*wanted, wanted[0]], executor=executor, workers=1, listener=heard.append, purpose="bars"
    )
    assert [(each.configuration, each.replicate) for each in after.replicates] == wanted
    assert open_run(found.folder).replicates == after.replicates
    for each in after.replicates:
        assert (each.state, each.key) == ("complete", each.configuration.key)
        expected = toys.metrics_of(each.configuration)
        assert each.metrics == expected | {"accuracy": expected["accuracy"] - 1e-3 * each.replicate}
        assert each.result.metrics == each.metrics
        assert (found.folder / f"results/{each.key}.r{each.replicate}.e3.json").is_file()
        assert after.replicate_checkpoint(each) == each.key.encode()
    assert heard == [Advanced("bars", "training", n, 4) for n in range(5)]


def test_they_are_no_trials_and_change_no_proposal(search) -> None:
    """Also for Optuna's own reading of the ledger."""
    found = search(trials=6, proposer="tpe", ordered=True, batch=3, seed=4)
    after = train_replicates(found, wanted_of(found, 1, 2, 3), executor="inline")
    assert (after.trials, after.n_total, after.ended) == (found.trials, found.n_total, found.ended)
    assert after.state == found.state
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{found.folder}/ledger.sqlite")
    assert len(study.trials) == 6
    assert len(study.user_attrs) == 6
    whole = search(trials=12, proposer="tpe", ordered=True, batch=3, seed=4, name="whole")
    longer = resume(found.folder, more_trials=6)
    assert [trial.key for trial in longer.trials] == [trial.key for trial in whole.trials]
    assert longer.replicates == after.replicates


def test_none_is_trained_twice(search, tmp_path) -> None:
    found = search(trials=4)
    wanted = wanted_of(found, 1, 2)
    train_replicates(found, wanted[:3], executor="inline")
    after = train_replicates(found.folder, wanted, executor="inline")
    begun = Counter(word for word in (tmp_path / "log").read_text().split() if ".r" in word)
    assert set(begun.values()) == {1}
    assert len(after.replicates) == len(begun) == 4


def test_a_result_that_was_changed_is_noticed_and_trained_again(search) -> None:
    found = search(trials=4)
    wanted = wanted_of(found, 1)
    before = train_replicates(found, wanted, executor="inline").replicates
    path = found.folder / "results" / f"{before[0].key}.r1.e3.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"seconds": 7.0}))
    damaged = open_run(found.folder).replicates[0]
    assert (damaged.state, damaged.is_damaged) == ("failed", True)
    assert "its content is not what was written" in damaged.error
    again = train_replicates(found, wanted, executor="inline").replicates
    assert [(each.state, each.metrics) for each in again] == [(each.state, each.metrics) for each in before]


def test_one_that_fails_says_why_and_stays_failed(search) -> None:
    found = search(trials=4, options={"problem": "raise", "replicates": True})
    heard = []
    for _ in range(2):
        after = train_replicates(found, wanted_of(found, 1), executor="inline", listener=heard.append)
    assert [each.state for each in after.replicates] == ["failed", "failed"]
    assert after.replicates[0].error == "RuntimeError: mat1 and mat2 cannot be multiplied"
    assert "Traceback" in (found.folder / f"errors/{after.replicates[0].key}.r1.txt").read_text()
    assert sum(isinstance(event, Warned) for event in heard) == 2
    assert after.results == found.results


def test_metrics_that_are_no_numbers_fail(search) -> None:
    found = search(trials=3, options={"problem": "nan", "replicates": True})
    after = train_replicates(found, wanted_of(found, 1, n=1), executor="inline")
    assert after.replicates[0].error == "objective 'accuracy' is nan: the training diverged"


@pytest.mark.parametrize(("problem", "state", "n_begun"), [("die", "failed", 3), ("die once", "complete", 2)])
def test_a_worker_that_dies_is_replaced_three_times(search, tmp_path, problem, state, n_begun) -> None:
    found = search(trials=2, options={"problem": problem, "replicates": True})
    after = train_replicates(found, wanted_of(found, 1, n=1), executor="process", workers=1)
    assert [each.state for each in after.replicates] == [state]
    assert sum(".r1" in word for word in (tmp_path / "log").read_text().split()) == n_begun


def test_what_the_evaluator_refuses_ends_it(search) -> None:
    found = search(trials=2, options={"problem": "data", "replicates": True})
    with pytest.raises(TsearchError, match="folder is missing"):
        train_replicates(found, wanted_of(found, 1), executor="inline")
    assert [each.state for each in open_run(found.folder).replicates] == ["running", "running"]


def test_the_searchs_own_number_is_refused(search) -> None:
    found = search(trials=2)
    with pytest.raises(ValueError, match="replicate 0 is that of the search"):
        train_replicates(found, wanted_of(found, 0), executor="inline")


def test_another_process_keeps_them_away(search) -> None:
    found = search(trials=2)
    with locked(found.folder), pytest.raises(TsearchError, match=f"process {os.getpid()} is working"):
        train_replicates(found, wanted_of(found, 1), executor="inline")


DRIVER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tsearch.engine.replicates import Wanted, train_replicates
from tsearch.engine.run_folder import open_run
run = open_run(sys.argv[2])
train_replicates(run, [Wanted(t.configuration, r) for t in run.results[:3] for r in (1, 2, 3)],
                 executor="process", workers=2)
"""


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_a_driver_that_is_killed_or_interrupted_goes_on(search, tmp_path, signal_number) -> None:
    found = search(trials=4, options={"sleep_s": 0.05})
    command = [sys.executable, "-c", DRIVER, str(Path(__file__).parent), str(found.folder)]
    driver = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    try:
        while not list(found.folder.glob("results/[!.]*.r[12].*.json")):
            assert driver.poll() is None
            time.sleep(0.01)
        os.kill(driver.pid, signal_number)
        driver.wait()
    finally:
        end(driver)
    left = open_run(found.folder)
    assert len(left.replicates) == 9
    assert sum(each.state == "running" for each in left.replicates) > 0
    on_disk = {path.name.rpartition(".e")[0] for path in found.folder.glob("results/[!.]*.r[123].*.json")}
    after = train_replicates(found, wanted_of(found, 1, 2, 3, n=3), executor="inline")
    assert [each.state for each in after.replicates] == ["complete"] * 9
    begun = Counter(word for word in (tmp_path / "log").read_text().split() if ".r" in word)
    assert len(begun) == 9
    assert all(begun[name] == 1 for name in on_disk)
    assert sum(begun.values()) <= 9 + 2  # at most what two workers were doing
