"""One damaged file never hides a run: its trial is named, everything else is readable, and `resume` repeats it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
import toys

from tsearch.cli import main
from tsearch.engine.rows import read_rows
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.engine.state import state_of
from tsearch.errors import TsearchError
from tsearch.front import Front

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture
def found(make_space, ideal, tmp_path):
    """A run of five trials."""
    space = make_space(trials=5, proposer="tpe", options={"log": str(tmp_path / "log")})
    return run(space, "toys:evaluate", name="toy", runs=tmp_path, executor="inline", ideal=ideal)


def result_file(run, number: int) -> Path:
    return run.folder / "results" / f"{run.trials[number].key}.r0.e3.json"


def change_result(path: Path, **fields) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


DAMAGES = {
    "deleted": lambda path: path.unlink(),
    "cut short": lambda path: path.write_text(path.read_text()[:100]),
    "a flipped bit": lambda path: path.write_bytes(path.read_bytes().replace(b"0.", b"1.", 1)),
    "a smaller budget": lambda path: change_result(path, budget=2),
    "of other types": lambda path: change_result(path, metrics=[1, 2]),
    "no text": lambda path: path.write_bytes(b"\xff\x00"),
    "nested deep": lambda path: path.write_text("[" * 100_000),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_fails_its_trial_alone_and_resume_repeats_that_one(found, tmp_path, damage) -> None:
    path = result_file(found, 2)
    DAMAGES[damage](path)
    opened = open_run(found.folder)
    assert [trial.number for trial in opened.results] == [0, 1, 3, 4]
    assert [point.number for point in Front.of(opened).complete] == [0, 1, 3, 4]
    assert opened.trials[2].is_damaged
    assert str(path) in opened.trials[2].error
    assert "\n" not in opened.trials[2].error
    assert state_of(opened).text.startswith(
        "stopped at 4 of 5 trials, 1 damaged; go on with: tsearch resume toy"
    )
    log = tmp_path / "log"
    before = log.read_text().split()
    again = resume(found.folder)
    assert log.read_text().split() == [*before, found.trials[2].key]
    assert [(t.key, t.result) for t in again.trials] == [(t.key, t.result) for t in found.trials]
    assert state_of(again).word == "done"


def test_a_result_for_a_smaller_budget_that_an_earlier_version_took_is_repeated(found) -> None:
    """Such versions noted no hash of the result."""
    change_result(result_file(found, 1), budget=2)
    with sqlite3.connect(found.folder / "ledger.sqlite") as ledger:
        ledger.execute("delete from trial_user_attributes where key = 'summary'")
    ledger.close()
    opened = open_run(found.folder)
    assert "holds no result for a budget of 3" in opened.trials[1].error
    assert len(opened.results) == 4
    assert len(resume(found.folder).results) == 5


def test_a_damaged_result_is_shown_by_every_command(found, capsys) -> None:
    result_file(found, 0).write_text("{")
    runs = str(found.folder.parent)
    assert main(["show", "toy", "--runs", runs, "--all"]) == 0
    assert main(["report", "toy", "--runs", runs]) == 0
    assert "is damaged" in (found.folder / "report.html").read_text()
    assert "Traceback" not in capsys.readouterr().err


def test_a_damaged_note_is_as_if_it_were_not_there(found) -> None:
    """The configuration is found again from the parameters, the key from the configuration."""
    with sqlite3.connect(found.folder / "ledger.sqlite") as ledger:
        ledger.execute(
            "update trial_user_attributes set value_json = '{\"a\": 1}' where key = 'configuration'"
        )
        ledger.execute("update trial_user_attributes set value_json = '\"../../x\"' where key = 'key'")
        ledger.execute("update trial_user_attributes set value_json = '[[' where key = 'origin'")
        ledger.execute("update trial_user_attributes set value_json = '\"yesterday\"' where key = 'finished'")
        ledger.execute("update trial_user_attributes set value_json = '7' where key = 'summary'")
    ledger.close()
    opened = open_run(found.folder)
    assert [(t.key, t.configuration, t.result) for t in opened.results] == [
        (t.key, t.configuration, t.result) for t in found.results
    ]
    assert {trial.finished for trial in opened.trials} == {None}


@pytest.mark.parametrize(
    "statement",
    [
        "update trials set number = 7 where number = 2",
        "update trials set number = null where number = 2",
        "update trials set state = 'COMPLETED' where number = 2",
        "update trial_params set distribution_json = '[]'",
        "update trial_params set param_value = 1e300",
        "update trial_params set param_value = 'x'",
        "drop table trial_params",
    ],
)
def test_a_ledger_that_contradicts_itself_is_one_line(found, statement) -> None:
    with sqlite3.connect(found.folder / "ledger.sqlite") as ledger:
        ledger.execute(statement)
    ledger.close()
    with pytest.raises(TsearchError, match=r"ledger.sqlite is damaged \(.*Restore it from a copy") as caught:
        open_run(found.folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["results", "checkpoints", "errors", "ended.json"])
def test_what_stands_in_the_place_of_what_a_search_writes_is_one_line(found, name) -> None:
    path = found.folder / name
    if path.is_file():
        path.unlink()
        path.mkdir()
    else:
        shutil.rmtree(path, ignore_errors=True)
        path.write_text("mine")
    assert len(open_run(found.folder).trials) == 5
    with pytest.raises(TsearchError, match=f"{name}: this is no .*Move it away, then resume") as error:
        resume(found.folder, more_trials=1)
    assert "\n" not in str(error.value)
    assert open_run(found.folder).n_total == 5


def test_a_run_file_without_its_space_is_one_line_on_resume_too(found) -> None:
    path = found.folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"space": {}}))
    for way in (open_run, resume):
        with pytest.raises(TsearchError, match=r"run.json is damaged"):
            way(found.folder)


def test_a_trial_that_a_damaged_ledger_calls_running_is_ended_again(found) -> None:
    with sqlite3.connect(found.folder / "ledger.sqlite") as ledger:
        ledger.execute("update trials set state = 'RUNNING' where number = 1")
    ledger.close()
    again = resume(found.folder)
    assert [(t.key, t.result) for t in again.trials] == [(t.key, t.result) for t in found.trials]


def test_a_ledger_that_is_missing_is_one_line_and_none_is_begun(found) -> None:
    (found.folder / "ledger.sqlite").unlink()
    with pytest.raises(TsearchError, match=r"ledger.sqlite is missing"):
        open_run(found.folder)
    assert not (found.folder / "ledger.sqlite").exists()


def test_our_reading_of_the_ledger_is_optunas(found) -> None:
    """A second implementation: Optuna's own, of the same tables."""
    resume(found.folder, more_trials=1, timeout_s=0.0)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{found.folder}/ledger.sqlite")
    rows = read_rows(found.folder / "ledger.sqlite")
    assert [(row.number, row.id, row.state, row.values, row.notes) for row in rows.trials] == [
        (trial.number, trial._trial_id, trial.state.name, trial.params, trial.user_attrs)
        for trial in study.get_trials()
    ]


# A file system of its own that is then mounted read-only, as in test_disk.py.
READ_ONLY = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
SCRIPT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "$@"'


def read_only(folder: Path, *command: str) -> subprocess.CompletedProcess:
    """Run a command for which `folder` cannot be written."""
    return subprocess.run(
        [*READ_ONLY, SCRIPT, str(folder), *command], capture_output=True, text=True, env=dict(os.environ)
    )


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_run_in_a_folder_that_cannot_be_written_is_shown_and_reported_elsewhere(
    make_space, ideal, tmp_path, is_killed
) -> None:
    """Also one whose last rows lie in SQLite's log, because its driver was killed."""
    runs = tmp_path / "runs"
    if read_only(tmp_path, "true").returncode != 0:
        pytest.skip("this machine does not let a test mount a folder read-only")
    made = run(make_space(trials=4), "toys:evaluate", name="toy", runs=runs, executor="inline", ideal=ideal)
    if is_killed:
        code = (
            "import os, sqlite3, sys\n"
            "ledger = sqlite3.connect(sys.argv[1])\n"
            "ledger.execute('pragma journal_mode=WAL')\n"
            "ledger.execute(\"update trials set state = 'FAIL' where number = 3\")\n"
            "ledger.commit()\n"
            "os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", code, str(made.folder / "ledger.sqlite")], check=True)
        (made.folder / "ledger.sqlite-shm").unlink()
    tsearch = [sys.executable, "-m", "tsearch"]
    shown = read_only(runs, *tsearch, "show", "toy", "--runs", str(runs), "--json", "--all")
    assert shown.returncode == 0, shown.stderr
    assert len(json.loads(shown.stdout)["points"]) == (3 if is_killed else 4)
    done = read_only(
        runs, *tsearch, "report", "toy", "--runs", str(runs), "--output", str(tmp_path / "page.html")
    )
    assert done.returncode == 0, done.stderr
    for command in ("report", "resume"):
        done = read_only(runs, *tsearch, command, "toy", "--runs", str(runs))
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
    assert toys  # the evaluator is found by name
