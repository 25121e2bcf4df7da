"""A confirmation that was cut off goes on as planned: nothing is trained twice, and the verdicts are the same."""

import errno
import json
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import confirmable
import pytest

from tsearch.engine.run import resume
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.files.whole import full_disk_is_an_error
from tsearch.front import Front
from tsearch.replication.confirmation.confirm import confirm
from tsearch.replication.confirmation.progress import confirmation_text
from tsearch.replication.confirmation.stored import verdicts_of
from tsearch.space.goals import ConfirmSettings


class Killed(BaseException):
    pass


def _stops_at(target: str, call: int, *, is_after: bool):
    original, calls = pkgutil.resolve_name(target), []

    def do(*arguments, **named):
        calls.append(1)
        if len(calls) != call:
            return original(*arguments, **named)
        if is_after:
            original(*arguments, **named)
        raise Killed

    return do


def _cut_off(monkeypatch, target: str, call: int, do, *, is_after: bool = True) -> None:
    """Do something that is killed at a call of `target`, before or after it."""
    with monkeypatch.context() as patch:
        patch.setattr(target, _stops_at(target, call, is_after=is_after))
        with pytest.raises(Killed):
            do()


@pytest.fixture
def whole(make_run):
    """The verdicts of a confirmation that nothing disturbs."""
    return confirm(make_run("whole"), candidates=1)


SLOW = pytest.mark.slow


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("tsearch.replication.confirmation.confirm.write", 1),  # the plan
        pytest.param("tsearch.engine.ledger.Ledger.note_of_run", 1, marks=SLOW),
        pytest.param("tsearch.engine.ledger.Ledger.note_of_run", 4, marks=SLOW),
        ("tsearch.engine.replicates.keep_result", 7),
        pytest.param("tsearch.replication.confirmation.confirm.write", 2, marks=SLOW),  # the twins
        ("tsearch.replication.testing.keep", 6),
        pytest.param("tsearch.replication.confirmation.confirm.write", 3, marks=SLOW),  # the verdicts
    ],
)
def test_wherever_it_is_cut_off_it_ends_as_it_would_have(
    run, whole, monkeypatch, target, call, is_after
) -> None:
    _cut_off(monkeypatch, target, call, lambda: confirm(run, candidates=1), is_after=is_after)
    plan = run.folder / "confirmations/1.plan.json"
    before = plan.read_bytes() if plan.is_file() else None
    verdicts = verdicts_of(run) or confirm(run, candidates=2 if before else 1)
    assert verdicts == whole
    assert before in (None, plan.read_bytes())
    assert len(open_run(run.folder).replicates) == 15
    assert len(list(run.folder.glob("tests/*.json"))) == 15


DRIVER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from tsearch.replication import testing
from tsearch.replication.confirmation.confirm import confirm
testing.EVALUATOR = "confirmable:answer"
confirm(sys.argv[2], candidates=1, executor="process", workers=2)
"""


@pytest.mark.parametrize(
    "where", ["results/[!.]*.r[12].*.json", pytest.param("tests/[!.]*.json", marks=SLOW)]
)
def test_a_driver_that_is_killed_trains_and_tests_nothing_twice(
    run, whole, tmp_path, monkeypatch, where
) -> None:
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "killed"))
    monkeypatch.setenv("TOY_SLEEP", "0.03")
    command = [sys.executable, "-c", DRIVER, str(Path(confirmable.__file__).parent), str(run.folder)]
    driver = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while not list(run.folder.glob(where)):
        assert driver.poll() is None
        time.sleep(0.005)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    plan = (run.folder / "confirmations/1.plan.json").read_bytes()
    left = open_run(run.folder)
    assert confirmation_text(left, Front.of(left)).startswith("confirmation 1: stopped at ")
    on_disk = {path.name.partition(".e")[0] for path in run.folder.glob("results/[!.]*.r[1-5].*.json")}
    tested = {path.name.removesuffix(".json") for path in run.folder.glob("tests/[!.]*.json")}
    assert confirm(run) == whole
    assert (run.folder / "confirmations/1.plan.json").read_bytes() == plan
    lines = [line.split() for line in (tmp_path / "killed").read_text().splitlines()]
    for what, kept in (("train", on_disk), ("test", tested)):
        done = Counter(f"{key}.{r}" for kind, key, r in lines if kind == what)
        assert len(done) == 15
        assert all(done[name] == 1 for name in kept)
        assert sum(done.values()) <= 15 + 2  # at most what two workers were doing


@pytest.mark.usefixtures("toys")
def test_resume_finishes_what_the_space_asks_for(tmp_path, monkeypatch) -> None:
    space = confirmable.make_space(ConfirmSettings(candidates=1))
    kept = "tsearch.engine.replicates.keep_result"
    _cut_off(monkeypatch, kept, 4, lambda: confirmable.search(tmp_path, space=space))
    left = open_run(tmp_path / "toy")
    assert confirmation_text(left, Front.of(left)).startswith(
        "confirmation 1: stopped at 3 of 15 trainings; go on"
    )
    assert left.state.word == "done"
    done = resume(left.folder)
    assert [verdict.word for verdict in verdicts_of(done)] == ["saves"]
    assert confirmation_text(done, Front.of(done)) == ""


@pytest.mark.usefixtures("toys")
def test_what_is_asked_for_and_not_begun_is_to_do(tmp_path, monkeypatch) -> None:
    space = confirmable.make_space(ConfirmSettings(candidates=1))
    plan = "tsearch.replication.confirmation.confirm.plan_of"
    _cut_off(monkeypatch, plan, 1, lambda: confirmable.search(tmp_path, space=space))
    left = open_run(tmp_path / "toy")
    assert confirmation_text(left, Front.of(left)).startswith(
        "confirmation: to do; begin with: tsearch confirm toy"
    )


AFTER_TWINS = "tsearch.replication.confirmation.confirm.write", 2
BEFORE_VERDICTS = "tsearch.replication.confirmation.confirm.write", 3


@pytest.mark.parametrize("call", [AFTER_TWINS, BEFORE_VERDICTS])
@pytest.mark.parametrize("failing", ["2,1", "2,2"])
def test_a_damaged_replicate_whose_retraining_fails_after_the_twins_are_known_shows_nothing(
    run, monkeypatch, call, failing
) -> None:
    is_after = call is AFTER_TWINS
    _cut_off(monkeypatch, *call, lambda: confirm(run, candidates=1), is_after=is_after)
    for path in run.folder.glob("results/*.r3.*"):
        path.write_text("{}")
    monkeypatch.setenv("TOY_FAIL", failing)
    (verdict,) = confirm(run)
    assert (verdict.word, verdict.p) == ("not shown", None)
    assert verdict.reason.startswith("replicate 3 of ")
    assert verdict.reason.endswith("it diverged.")
    assert verdicts_of(run) == (verdict,)


@pytest.mark.parametrize(
    "call",
    [pytest.param(("tsearch.replication.confirmation.confirm.write", 2), id="before twins"), AFTER_TWINS],
)
def test_a_replicate_that_lost_its_weights_is_trained_again(run, whole, tmp_path, monkeypatch, call) -> None:
    is_after = call is AFTER_TWINS
    _cut_off(monkeypatch, *call, lambda: confirm(run, candidates=1), is_after=is_after)
    lost = list(run.folder.glob("checkpoints/*.r3.*"))
    for path in lost:
        path.unlink()
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "again"))
    assert confirm(run) == whole
    lines = [line.split() for line in (tmp_path / "again").read_text().splitlines()]
    assert [r for kind, _, r in lines if kind == "train"] == ["r3"] * len(lost) == ["r3"] * 3


def test_weights_that_nobody_needs_any_more_are_not_trained_again(run, whole, tmp_path, monkeypatch) -> None:
    _cut_off(monkeypatch, *BEFORE_VERDICTS, lambda: confirm(run, candidates=1), is_after=False)
    shutil.rmtree(run.folder / "checkpoints")
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "again"))
    assert confirm(run) == whole
    assert not (tmp_path / "again").exists()


DAMAGED = (
    {"n_samples": 499},
    {"right": None},
    {"n_samples": 8, "right": "AA=="},
    {"n_samples": 0, "right": ""},
)


@pytest.mark.parametrize("change", DAMAGED)
def test_a_damaged_test_result_is_measured_again(run, whole, monkeypatch, change) -> None:
    _cut_off(monkeypatch, *BEFORE_VERDICTS, lambda: confirm(run, candidates=1), is_after=False)
    path = sorted(run.folder.glob("tests/[!.]*"))[3]
    content = path.read_text()
    path.write_text(json.dumps(json.loads(content) | change))
    assert confirm(run) == whole
    assert path.read_text() == content


@pytest.mark.parametrize("pairs", [[], None])
def test_twins_that_are_not_those_of_the_candidates_are_refused_in_one_line(run, monkeypatch, pairs) -> None:
    _cut_off(monkeypatch, *AFTER_TWINS, lambda: confirm(run))
    path = run.folder / "confirmations/1.twins.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"pairs": content["pairs"][:1] if pairs is None else pairs}))
    with pytest.raises(
        TsearchError, match=r"1.twins.json does not hold the twins of every candidate. Restore"
    ):
        confirm(run)


def test_a_folder_in_a_test_results_place_is_one_line(run, monkeypatch) -> None:
    _cut_off(monkeypatch, *BEFORE_VERDICTS, lambda: confirm(run, candidates=1), is_after=False)
    path = sorted(run.folder.glob("tests/[!.]*"))[3]
    path.unlink()
    path.mkdir()
    with pytest.raises(TsearchError, match=rf"{path.name}: a folder is in its place. Move it away"):
        confirm(run)


def test_a_full_disk_while_it_is_confirmed_names_the_command_that_goes_on(run, whole, monkeypatch) -> None:
    def write_whole(path, _):
        with full_disk_is_an_error(path):
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tsearch.replication.testing.write_whole", write_whole)
        with pytest.raises(TsearchError, match=r"the disk is full. .* then `tsearch confirm"):
            confirm(run, candidates=1)
    assert confirm(run, candidates=1) == whole


def test_an_error_of_the_judge_itself_is_no_verdict(run, monkeypatch) -> None:
    def judge(*_):
        raise ValueError("operands could not be broadcast together")

    monkeypatch.setattr("tsearch.replication.confirmation.judging.judge", judge)
    with pytest.raises(ValueError, match="operands"):
        confirm(run, candidates=1)
    assert verdicts_of(run) == ()


def test_a_replicate_that_became_damaged_is_trained_again(run, whole, monkeypatch) -> None:
    _cut_off(monkeypatch, "tsearch.replication.testing.keep", 2, lambda: confirm(run, candidates=1))
    next(run.folder.glob("results/*.r3.*")).write_text("{}")
    assert confirm(run) == whole
