"""Trainings in pieces: results and checkpoints at every piece, pauses, and no epoch trained twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.engine.scheduling import Piece, Standing, find_scheduler, whole_training
from tsearch.errors import TsearchError
from tsearch.space.entries import parameter_space

PARAMETERS = {"x": (-50, 50)}
OBJECTIVES = {"loss": "minimize"}

DRIVER = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from tsearch.engine.run import run
from tsearch.space.entries import parameter_space
space = parameter_space({"x": (-50, 50)}, {"loss": "minimize"}, name="toy", epochs=6)
run(space, "toys:epoch_by_epoch", runs=sys.argv[2], trials=8, workers=2, scheduler="schedulers:halves")
"""


@pytest.fixture
def log(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TOYS_LOG", str(tmp_path / "log"))
    (tmp_path / "log").touch()
    return tmp_path / "log"


def search(tmp_path, scheduler: str, **more):
    space = parameter_space(PARAMETERS, OBJECTIVES, name="toy", epochs=6)
    given = {"runs": tmp_path, "executor": "inline", "trials": 6, "seed": 2} | more
    return run(space, "toys:epoch_by_epoch", scheduler=scheduler, **given)


def test_a_whole_training_is_one_piece() -> None:
    assert whole_training(Standing(0, 7), {}) == Piece(7, None)
    assert find_scheduler("whole") is whole_training
    with pytest.raises(TsearchError, match=r"scheduler 'hole' not found. Did you mean 'whole'"):
        find_scheduler("hole")


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_two_halves_make_a_whole_and_nothing_is_trained_twice(tmp_path, log, executor) -> None:
    found = search(tmp_path, "schedulers:halves", executor=executor)
    assert found.ended == "all trials done"
    assert set(Counter(log.read_text().split()).values()) == {1}
    for trial in found.trials:
        x, key = trial.configuration["x"], trial.key
        assert trial.measured[3].metrics == {"loss": x**2 + 1 / 3}
        assert trial.result.metrics == {"loss": x**2 + 1 / 6}
        assert json.loads(found.checkpoint(trial)) == [f"{x}:2:{epoch}" for epoch in range(1, 7)]
        for folder, end in (("results", "json"), ("checkpoints", "safetensors")):
            names = {path.name for path in (found.folder / folder).glob(f"{key}*")}
            assert names == {f"{key}.r0.e{epoch}.{end}" for epoch in (3, 6)}
    whole = search(tmp_path, "whole", name="whole")
    assert [t.result for t in whole.trials] == [t.result for t in found.trials]


def test_a_paused_trial_is_kept_and_asked_for_again(tmp_path, log) -> None:
    found = search(tmp_path, "schedulers:halves", trials=5)
    assert [trial.state for trial in found.trials] == ["complete"] * 4 + ["paused"]
    assert found.ended == "all trials done"
    assert found.trials[4].result is None
    assert found.trials[4].measured.keys() == {3}
    longer = resume(found.folder, more_trials=1)
    assert [trial.state for trial in longer.trials] == ["complete"] * 6
    assert longer.trials[:4] == found.trials[:4]
    assert set(Counter(log.read_text().split()).values()) == {1}


@pytest.mark.parametrize("ordered", [False, True])
def test_a_rung_lets_the_better_half_go_on(tmp_path, log, ordered) -> None:  # noqa: ARG001
    space = parameter_space(PARAMETERS, OBJECTIVES, name="toy", epochs=6)
    settings = space.search.model_copy(update={"ordered": ordered})
    space = space.model_copy(update={"search": settings})
    found = run(
        space,
        "toys:epoch_by_epoch",
        scheduler="schedulers:best_half",
        runs=tmp_path,
        executor="inline",
        trials=8,
    )
    halfway = sorted((trial.measured[3].metrics["loss"], trial.number) for trial in found.trials)
    states = {trial.number: trial.state for trial in found.trials}
    assert len(halfway) == 8
    assert all(states[number] == "complete" for _, number in halfway[:4])
    assert "paused" in states.values()
    assert len(found.results) + list(states.values()).count("paused") == 8


def test_a_driver_killed_between_pieces_is_resumed(tmp_path, log, monkeypatch) -> None:
    monkeypatch.setenv("TOYS_SLEEP_S", "0.02")
    path = [str(Path(__file__).parent)]
    command = [sys.executable, "-c", DRIVER, json.dumps(path), str(tmp_path)]
    driver = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while len(list(tmp_path.glob("toy/results/*.e3.json"))) < 3:
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    time.sleep(0.2)
    left = open_run(tmp_path / "toy")
    halfway = {t.number for t in left.trials if list(left.folder.glob(f"results/{t.key}.r0.e3.json"))}
    found = resume(tmp_path / "toy", executor="inline")
    assert [trial.state for trial in found.trials] == ["complete"] * 8
    trained = Counter(log.read_text().split())
    for trial in found.trials:
        x = trial.configuration["x"]
        assert json.loads(found.checkpoint(trial)) == [f"{x}:0:{epoch}" for epoch in range(1, 7)]
        if trial.number in halfway:
            assert {trained[f"{x}:{epoch}"] for epoch in (1, 2, 3)} == {1}
    assert trained.total() <= 8 * 6 + 2 * 3  # at most what two workers were doing
