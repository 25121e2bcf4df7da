"""What a run is doing: running, stopped or done, told by its lock, its trials and why its last search ended."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tsearch.engine.events import Finished
from tsearch.engine.lock import is_held, locked
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.engine.state import RunState, resume_hint, state_of
from tsearch.errors import TsearchError
from tsearch.space.domains import Choice

HOLD = """
import sys, time
from pathlib import Path
from tsearch.engine.lock import locked
with locked(Path(sys.argv[1])):
    print(flush=True)
    time.sleep(60)
"""
LOOK = """
import sys
from pathlib import Path
from tsearch.engine.lock import is_held
while True:
    is_held(Path(sys.argv[1]))
"""


@pytest.fixture
def stopped(make_space, ideal, tmp_path):
    """A run of six trials whose search was interrupted after two."""
    n = []

    def interrupt(event) -> None:
        n.append(1) if isinstance(event, Finished) else None
        if len(n) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(make_space(trials=6), "toys:evaluate", name="toy", runs=tmp_path, executor="inline", ideal=ideal,
            listener=interrupt)  # fmt: skip
    return open_run(tmp_path / "toy")


def test_a_run_with_all_its_trials_is_done(stopped) -> None:
    state = state_of(resume(stopped.folder))
    assert state == RunState("done", None, 6, 0, 6)
    assert state.text == "done: 6 of 6 trials"
    assert state.content == {
        "state": "done", "pid": None, "n_complete": 6, "n_failed": 0, "n_total": 6, "left_s": None, "why": None,
        "hint": None,
    }  # fmt: skip
    assert json.loads(json.dumps(state.content)) == state.content


def test_an_interrupted_run_is_stopped_and_says_how_to_go_on(stopped) -> None:
    state = state_of(stopped)
    assert (state.word, state.n_complete, state.n_total, state.why) == ("stopped", 2, 6, None)
    place = stopped.folder.parent
    assert state.text == f"stopped at 2 of 6 trials; go on with: tsearch resume toy --runs {place}"


def test_the_command_to_go_on_names_the_folder_of_the_runs_unless_it_is_the_usual_one(
    stopped, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert resume_hint(stopped) == f"tsearch resume toy --runs {tmp_path}"
    (tmp_path / "runs").mkdir()
    (tmp_path / "toy").rename(tmp_path / "runs" / "toy")
    assert resume_hint(open_run("runs/toy")) == "tsearch resume toy"
    assert resume_hint(open_run(tmp_path / "runs" / "toy")) == "tsearch resume toy"
    (tmp_path / "runs").rename(tmp_path / "my runs")
    assert resume_hint(open_run("my runs/toy")) == "tsearch resume toy --runs 'my runs'"


def test_a_run_that_found_nothing_left_to_try_is_done_and_says_why(make_space, ideal, tmp_path) -> None:
    space = make_space(trials=500, rates=Choice((0.01,)), timesteps=(1, 2))
    found = run(space, "toys:evaluate", runs=tmp_path, executor="inline", ideal=ideal)
    state = state_of(open_run(found.folder))
    n = len(found.results)
    assert (state.word, state.why) == ("done", f"space exhausted after {n} trials")
    assert state.text == f"done: {n} of 500 trials, space exhausted after {n} trials"


def test_a_run_whose_time_is_up_is_stopped(make_space, ideal, tmp_path) -> None:
    space = make_space(trials=6)
    found = run(space, "toys:evaluate", runs=tmp_path, executor="inline", ideal=ideal, timeout_s=0.0)
    assert state_of(found).text.startswith("stopped at 0 of 6 trials, time is up; go on with:")


def test_a_run_that_stopped_by_itself_says_why(make_space, ideal, tmp_path) -> None:
    space = make_space(trials=6, max_failures=2, options={"problem": "raise"})
    with pytest.raises(TsearchError):
        run(space, "toys:evaluate", runs=tmp_path, executor="inline", ideal=ideal)
    state = state_of(open_run(tmp_path / "toy"))
    assert (state.word, state.n_failed) == ("stopped", 2)
    assert "2 trials failed in a row" in state.why


def test_a_run_whose_total_was_raised_is_not_done(stopped) -> None:
    assert state_of(resume(stopped.folder)).word == "done"
    longer = resume(stopped.folder, more_trials=4, timeout_s=0.0)
    assert state_of(longer).text.startswith("stopped at 6 of 10 trials, time is up")


def test_while_a_process_holds_the_lock_a_run_is_running_and_says_how_long_it_takes(stopped) -> None:
    arguments = [sys.executable, "-c", HOLD, str(stopped.folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as driver:
        driver.stdout.readline()
        state = state_of(stopped)
        assert (state.word, state.pid, state.left_s, state.hint) == ("running", driver.pid, None, None)
        assert state.text == f"running (pid {driver.pid}): 2 of 6 trials"
        os.utime(stopped.folder / "lock", (1e9, 1e9))  # it began then, and ended two trials 40 s later
        trials = [
            replace(trial, finished=_moment(1e9 + 20 * n)) for n, trial in enumerate(stopped.results, 1)
        ]
        state = state_of(replace(stopped, trials=tuple(trials)))
        assert state.left_s == pytest.approx(80)
        assert state.text == f"running (pid {driver.pid}): 2 of 6 trials, about 1 min left"
        driver.kill()
    assert state_of(stopped).word == "stopped"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def test_looking_at_a_run_never_turns_a_driver_away(tmp_path) -> None:
    """Many look while drivers take the lock: every one of these gets it."""
    with locked(tmp_path):
        assert is_held(tmp_path)
    watchers = [subprocess.Popen([sys.executable, "-c", LOOK, str(tmp_path)]) for _ in range(2)]
    try:
        for _ in range(200):
            with locked(tmp_path):
                pass
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.wait()
    assert not is_held(tmp_path)


def test_a_damaged_note_of_the_end_does_not_matter(stopped) -> None:
    done = resume(stopped.folder)
    for content in (b"", b"[]", b'{"reason": 3}', b"\xff", b"[" * 100_000):
        Path(done.folder / "ended.json").write_bytes(content)
        assert state_of(open_run(done.folder)).word == "done"
