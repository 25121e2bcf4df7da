"""How a run begins and goes on: names, numbers, folders left half-made, a cell of a notebook that runs twice."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toys

import tsearch
from tsearch.cli import main
from tsearch.engine import beginning, lock
from tsearch.engine.events import Finished
from tsearch.engine.lock import locked
from tsearch.engine.run import resume, run
from tsearch.engine.run_file import read_run_file
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError


@pytest.fixture
def search(make_space, ideal, tmp_path):
    """Begins a run named toy in the folder `runs` of the current folder; `settings` go to `run`, a space among them."""

    def do(evaluator="toys:evaluate", name="toy", space=None, **settings):
        settings = {"executor": "inline", "ideal": ideal, "runs": tmp_path / "runs", "trials": 3} | settings
        return run(space or make_space(), evaluator, name=name, **settings)

    return do


def line(error) -> str:
    """The message, which is one line."""
    assert "\n" not in str(error.value)
    return str(error.value)


# ---------------------------------------------------------------------- names and numbers


@pytest.mark.parametrize(
    "name",
    ["a b;rm -rf", "a/b", "..", ".a", "-a", "a\nb", "a" * 300, "", "a\0b", "../../a", "a..b", "x" * 10_000],
)
def test_a_name_that_is_no_folder_of_plain_characters_is_refused_in_one_line(search, tmp_path, name) -> None:
    with pytest.raises(TsearchError, match="Use letters, digits") as error:
        search(name=name)
    assert len(line(error)) < 250
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["a", "Vgg_9-a", "rate-0.5", "größe", "7"])
def test_plain_names_are_folders(search, name) -> None:
    assert search(name=name, trials=1).folder.name == name


def test_a_run_of_an_earlier_version_keeps_its_name(search) -> None:
    old = search().folder.rename(search(name="other").folder.parent / "a b;rm -rf")
    assert len(resume(old, more_trials=1).results) == 4
    assert open_run(old).state.word == "done"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"trials": 10**30}, "trials: this number is too large"),
        ({"trials": 10**6000}, "trials: this number is too large"),
        ({"trials": 1e308}, "trials: 1e.308 is no whole number"),
        ({"trials": True}, "trials: True is no whole number"),
        ({"trials": 0}, "trials: 0 would search nothing"),
        ({"seed": 10**30}, "seed: this number is too large. Give at most 9223372036854775807"),
        ({"seed": 1e308}, "seed: 1e.308 is no whole number"),
        ({"seed": -1}, "seed: -1 is below 0"),
        *(
            ({"segment_timeout_s": given}, r"segment_timeout_s \(--segment-timeout\): .* is no time")
            for given in (0, -1.0, float("nan"), 1e308, "3", True)
        ),
        *(
            ({"timeout_s": given}, r"timeout_s \(--timeout\): .* is no time. Give seconds, from 0 on")
            for given in (-5.0, float("nan"), float("inf"), 1e308, 10**400, 10**6000, "3")
        ),
        ({"exist": "overwrite"}, "exist: 'overwrite' is unknown"),
    ],
)
def test_numbers_beyond_reason_are_one_line(search, tmp_path, settings, words) -> None:
    with pytest.raises(TsearchError, match=words) as error:
        search(**settings)
    assert line(error)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("more", [10**30, 1e308, 0.5, -1])
def test_more_trials_beyond_reason_are_one_line_and_change_nothing(search, more) -> None:
    found = search()
    with pytest.raises(TsearchError, match="trials") as error:
        resume(found.folder, more_trials=more)
    assert line(error)
    assert read_run_file(found.folder).trials == 3


# ---------------------------------------------------------------------- folders


BEGIN = """
import json, os, sys
from tsearch.engine import beginning
from tsearch.engine.run import run
from tsearch.space.space import SearchSpace
setattr(beginning, sys.argv[1], lambda *given: os._exit(9))
space = SearchSpace.from_dict(json.loads(sys.argv[3]), "name: toy")
run(space, "toys:evaluate", name="toy", runs=sys.argv[2], executor="inline", ideal=json.loads(sys.argv[4]))
"""


@pytest.mark.parametrize("step", ["write_whole", "begin_ledger", "write_run_file"])
def test_a_run_killed_while_it_was_created_is_begun_anew_under_its_name(
    search, tmp_path, step, make_space, ideal
) -> None:
    runs = tmp_path / "runs"
    path = f"{Path(__file__).parent}:{os.environ.get('PYTHONPATH', '')}"
    arguments = [
        sys.executable,
        "-c",
        BEGIN,
        step,
        str(runs),
        json.dumps(make_space().to_dict()),
        json.dumps(ideal),
    ]
    done = subprocess.run(arguments, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 9
    assert not (runs / "toy" / "run.json").exists()
    with pytest.raises(TsearchError, match=r"run.json is missing: .* stopped while it was created"):
        open_run(runs / "toy")
    assert len(search().results) == 3
    assert open_run(runs / "toy").state.word == "done"


def test_a_run_that_another_process_is_creating_is_not_taken_over(search, tmp_path) -> None:
    folder = tmp_path / "runs" / "toy"
    folder.mkdir(parents=True)
    with locked(folder):
        with pytest.raises(TsearchError, match=f"process {os.getpid()} is working on this run"):
            search()
        assert search(name=None).folder.name == "toy-2"  # the default name goes on to the next
    assert search().folder == folder


def test_a_folder_with_other_files_is_never_taken(search, tmp_path) -> None:
    folder = tmp_path / "runs" / "toy"
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("all of it")
    with pytest.raises(TsearchError, match=r"toy exists and holds other files. Choose another --name"):
        search()
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_a_folder_that_only_looks_half_made_is_left_as_it_is(search, tmp_path) -> None:
    """The user's own space file, or a folder that is called like one."""
    mine, other = tmp_path / "runs" / "mine" / "space.yaml", tmp_path / "runs" / "other" / "space.yaml"
    other.mkdir(parents=True)
    mine.parent.mkdir()
    (other / "notes").write_text("x")
    mine.write_text("mine")
    for path in (mine, other):
        for _ in range(2):
            with pytest.raises(TsearchError, match="exists and holds other files"):
                search(name=path.parent.name)
        assert list(path.parent.iterdir()) == [path]
        (path.parent / "lock").touch()
    assert (mine.read_text(), (other / "notes").read_text()) == ("mine", "x")
    with pytest.raises(TsearchError, match="exists and holds other files"):
        search(name="other")


def test_a_run_that_cannot_be_created_takes_away_its_own_files_alone(search, tmp_path, monkeypatch) -> None:
    def full(folder, _file) -> None:
        (folder / "notes").write_text("x")  # by somebody else, meanwhile
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(beginning, "write_run_file", full)
    with pytest.raises(TsearchError, match=r"toy: the disk is full. Free some space, then start again.$"):
        search()
    assert [path.name for path in (tmp_path / "runs" / "toy").iterdir()] == ["notes"]


def test_runs_in_a_folder_that_cannot_be_written_are_told_to_name_another(
    search, tmp_path, monkeypatch
) -> None:
    def closed(*_given, **_more) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", closed)
    with pytest.raises(TsearchError, match=r"Permission denied.*or name another: --runs\."):
        search()
    assert not (tmp_path / "runs").exists()


def test_a_lock_that_was_removed_while_a_driver_took_it_is_taken_anew(tmp_path, monkeypatch) -> None:
    take, taken = lock._take, []

    def late(file, folder) -> None:
        if not taken:
            (folder / "lock").unlink()
        taken.append(file)
        take(file, folder)

    monkeypatch.setattr(lock, "_take", late)
    with locked(tmp_path):
        assert len(taken) == 2
        assert lock.is_held(tmp_path)


def test_a_run_folder_that_is_removed_while_the_run_works_is_one_line(search, tmp_path) -> None:
    def remove(event) -> None:
        if isinstance(event, Finished):
            shutil.rmtree(tmp_path / "runs" / "toy", ignore_errors=True)

    with pytest.raises(TsearchError, match="toy: this folder was removed while the run worked") as error:
        search(listener=remove)
    assert line(error)


def test_an_executor_that_does_not_answer_leaves_the_total_alone(search, monkeypatch) -> None:
    found = search()
    before = (found.folder / "run.json").read_bytes()

    class Away:
        def free(self):
            raise TsearchError("no Ray cluster answers at 10.0.0.1")

        def close(self):
            pass

    monkeypatch.setattr("tsearch.engine.reopening.make_executor", lambda *_given: Away())
    for _ in range(2):
        with pytest.raises(TsearchError, match="no Ray cluster answers"):
            resume(found.folder, more_trials=10)
    assert (found.folder / "run.json").read_bytes() == before
    assert open_run(found.folder).state.text == "done: 3 of 3 trials"


# ---------------------------------------------------------------------- from Python


def test_a_cell_that_runs_twice_goes_on_with_its_run(search) -> None:
    first = search(exist="resume")
    again = search(exist="resume")
    assert again.trials == first.trials
    assert [trial.key for trial in search(exist="resume", trials=5).trials][:3] == [
        t.key for t in first.trials
    ]
    assert len(search(exist="resume", trials=2).results) == 5  # a run never loses trials
    with pytest.raises(
        TsearchError, match=r"toy holds a run. Choose another --name, or `tsearch resume toy --runs .*runs`"
    ):
        search()


def test_a_cell_that_runs_twice_with_a_function_of_its_own_goes_on(search) -> None:
    first = search(lambda *given: toys.evaluate(*given), exist="resume")
    assert len(search(lambda *given: toys.evaluate(*given), exist="resume", trials=4).results) == 4
    assert first.n_total == 3


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (
            {"timesteps": (1, 2)},
            {},
            r"'timesteps' changed since this run started \(\[1, 2, 4, 6\] -> \[1, 2\]\)",
        ),
        ({}, {"seed": 4}, r"'run.seed' changed since this run started \(0 -> 4\)"),
        ({}, {"proposer": "nsga2"}, r"'run.proposer' changed .* \(\"random\" -> \"nsga2\"\)"),
        (
            {},
            {"evaluator": "toys:bowl"},
            r"'run.evaluator' changed .* \(\"toys:evaluate\" -> \"toys:bowl\"\)",
        ),
        ({}, {"profile": "45nm_int8_memory"}, r"'hardware.profile' changed"),
    ],
)
def test_a_cell_that_was_edited_is_refused(search, make_space, space, settings, words) -> None:
    search(exist="resume")
    with pytest.raises(TsearchError, match=words) as error:
        search(exist="resume", space=make_space(**space), **settings)
    assert line(error)


def test_progress_is_written_to_stderr_unless_asked_otherwise(search, capsys) -> None:
    found = search(listener=tsearch.quiet)
    resume(found.folder, more_trials=1, listener=tsearch.quiet)
    assert capsys.readouterr().err == ""
    resume(found.folder, more_trials=1)
    assert "5/5 trials" in capsys.readouterr().err
    search(name="other")
    told = capsys.readouterr()
    assert "all trials done: 3/3 trials" in told.err
    assert told.out == ""


def test_a_run_is_resumed_and_opened_by_its_name(search, tmp_path, monkeypatch) -> None:
    search()
    monkeypatch.chdir(tmp_path)
    assert len(tsearch.resume("toy", more_trials=1).results) == 4
    assert tsearch.open_run("toy").n_total == tsearch.open_run("runs/toy").n_total == 4
    with pytest.raises(TsearchError, match=r"runs/toi: no such run. Did you mean 'toy'"):
        tsearch.resume("toi")


def test_a_run_shows_itself_in_one_short_line(search) -> None:
    found = search()
    assert repr(found) == f"Run('{found.folder}', done: 3 of 3 trials)"
    assert len(repr(found.trials[0])) < 100


# ---------------------------------------------------------------------- profiles


PROFILE = "extends: 45nm_memory\nname: mine\nabout: mine\n"


def test_a_profile_given_relative_to_a_folder_is_found_from_every_other(
    search, make_space, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(PROFILE)
    space = make_space()
    space = space.model_copy(update={"hardware": space.hardware.model_copy(update={"profile": "mine.yaml"})})
    found = search(space=space)
    assert found.task.hardware.profile == found.space.hardware.profile == str(tmp_path / "mine.yaml")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(resume(found.folder, more_trials=1).results) == 4
    (tmp_path / "mine.yaml").unlink()
    with pytest.raises(TsearchError, match=r"profile '.*mine.yaml' not found") as error:
        resume(found.folder, more_trials=1)
    assert line(error)
    assert len(open_run(found.folder).results) == 4
    assert main(["resume", str(found.folder)]) == 2
