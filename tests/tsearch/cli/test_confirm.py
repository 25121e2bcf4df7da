"""`tsearch confirm` as a person types it, on toys and on real networks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "replication"))

import confirmable

from tsearch.cli import main
from tsearch.replication import testing


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A run of toys in runs/toy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(testing, "EVALUATOR", "confirmable:answer")
    monkeypatch.setenv("TOY_GAIN", "0.15")
    return confirmable.search(tmp_path / "runs")


@pytest.mark.usefixtures("toy")
def test_it_prints_the_plan_progress_and_the_verdict(type_in) -> None:
    code, out, err = type_in("confirm", "toy", "--candidates", "1", "--margin", "2%")
    assert code == 0
    assert out.startswith("Saves 18 % energy [")
    assert out.count("\n") == 1
    assert err.startswith(
        "confirmation 1: trial 5 (T=(2, 1)), 5 fresh replicates of each and of its uniform twins, margin"
    )
    assert "\nconfirming: 15 of 15 trainings\n" in err
    assert err.endswith("\nconfirming: 15 of 15 tests\n")
    code, shown, _ = type_in("show", "toy")
    assert out in shown


@pytest.mark.usefixtures("toy")
def test_scripts_get_json(type_in) -> None:
    _, out, _ = type_in("confirm", "toy", "--trial", "4", "--replicates", "6", "--json")
    content = json.loads(out)
    (verdict,) = content["verdicts"]
    assert (verdict["number"], verdict["n_replicates"], content["run"]) == (4, 6, "runs/toy")
    assert content["answer"].startswith(verdict["word"].capitalize())


def test_without_a_candidate_the_reason_is_the_answer(tmp_path, monkeypatch, type_in) -> None:
    monkeypatch.chdir(tmp_path)
    confirmable.search(tmp_path / "runs", space=confirmable.make_space(trials=4))
    code, out, _ = type_in("confirm", "toy")
    assert (code, out.startswith("No non-uniform configuration is complete")) == (0, True)


@pytest.mark.usefixtures("toy")
def test_where_every_candidate_has_a_verdict_it_says_how_to_ask_again(type_in) -> None:
    type_in("confirm", "toy")
    _, again, _ = type_in("confirm", "toy")
    assert again == (
        "The most promising candidates have their verdicts. Ask again about one, with fresh trainings: "
        "tsearch confirm toy --trial 5\n"
    )
    _, out, _ = type_in("confirm", "toy", "--trial", "5")
    assert "T=(2, 1) (trial 5, named by hand)" in out


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--margin", "much"], "confirm: margin 'much': a difference of accuracies is written 1% or 0.01"),
        (["--margin", "-1%"], "confirm: margin '-1%': a difference of accuracies is written 1% or 0.01"),
        (["--margin", "2"], "confirm: margin '2': a difference of accuracies is written 1% or 0.01"),
        (["--replicates", "2"], "confirm: replicates 2: give a number greater than or equal to 5."),
        (["--trial", "0"], "runs/toy: trial 0 has the same timesteps in every stage. Choose another one."),
        (["--trial", "70"], "runs/toy: trial 70 is not complete, or there is none."),
    ],
)
def test_what_cannot_be_asked_is_one_line(type_in, arguments, message) -> None:
    code, out, err = type_in("confirm", "toy", *arguments)
    assert (code, out, err.startswith(f"tsearch: {message}")) == (2, "", True)
    assert err.count("\n") == 1


def test_help_says_what_may_be_saved(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["confirm", "--help"])
    assert "the first objective that is an energy, else the first cost" in capsys.readouterr().out


REAL = """\
name: real
data: {name: digits}
backbone: {widths: [4, 6], pool_after: [1]}
timesteps: [1, 2, 3]
schedule: {epochs: 2, leading: [[]]}
training: {batch_size: 128}
search: {trials: 4, proposer: random}
enqueue: [{stages: [1, 1], timesteps: [2, 1]}]
"""


@pytest.mark.slow
def test_real_networks_are_confirmed_by_processes_also_after_a_kill(tmp_path) -> None:
    (tmp_path / "real.yaml").write_text(REAL)
    _type(tmp_path, "run", "real.yaml", "--name", "whole")
    shutil.copytree(tmp_path / "runs/whole", tmp_path / "runs/killed")
    whole = _type(tmp_path, "confirm", "whole", "--trial", "3")
    command = [sys.executable, "-m", "tsearch", "confirm", "killed", "--trial", "3"]
    driver = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    results = tmp_path / "runs/killed/results"
    while len(list(results.glob("[!.]*.r[1-5].*.json"))) < 4:
        assert driver.poll() is None
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    before = {path: path.stat().st_mtime_ns for path in results.glob("[!.]*.r[1-5].*.json")}
    assert _type(tmp_path, "confirm", "killed") == whole
    assert {path: path.stat().st_mtime_ns for path in before} == before  # trained once


def _type(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "tsearch", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
