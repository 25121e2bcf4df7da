"""Whoever listens may fail or leave: the search goes on to its end."""

import fcntl
import json
import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import toys
from misbehaving import end, wait_for_results

from tsearch.engine.run import run
from tsearch.engine.run_folder import open_run

SEARCH = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from tsearch.cli.progress import Progress
from tsearch.engine.run import run
from tsearch.space.space import SearchSpace
space = SearchSpace.from_dict(json.loads(sys.argv[2]), "name: toy")
listener = Progress(sys.stderr)
run(space, "toys:evaluate", runs=sys.argv[3], workers=2, ideal=json.loads(sys.argv[4]), listener=listener)
"""

COMMAND = f"""
from tsearch.cli import arguments, main
def search(_arguments):
    exec({SEARCH!r})
    return ""
arguments._COMMANDS["schema"] = (search, *arguments._COMMANDS["schema"][1:])
main(["schema"])
"""


class Failing:
    """Fails at its `n`th event, and would fail at every later one."""

    def __init__(self, n: int, error: BaseException) -> None:
        self.n, self.error, self.heard = n, error, 0

    def __call__(self, _event) -> None:
        self.heard += 1
        if self.heard >= self.n:
            raise self.error


@pytest.mark.parametrize(
    "error", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error"), ValueError("mine")]
)
@pytest.mark.parametrize("n", [1, 5])
def test_a_listener_that_fails_is_dropped_with_one_warning(
    make_space, ideal, tmp_path, caplog, error, n
) -> None:
    listener = Failing(n, error)
    found = run(
        make_space(trials=6), toys.evaluate, runs=tmp_path, executor="inline", ideal=ideal, listener=listener
    )
    assert len(found.results) == 6
    assert listener.heard == n
    (record,) = caplog.records
    assert record.getMessage() == (
        f"the listener failed ({type(error).__name__}: {error}) and hears nothing more; the search goes on"
    )


def test_a_listener_may_still_interrupt(make_space, ideal, tmp_path) -> None:
    listener = Failing(4, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(make_space(), toys.evaluate, runs=tmp_path, executor="inline", ideal=ideal, listener=listener)


@pytest.fixture
def search(make_space, ideal, tmp_path):
    """Starts a search with a progress line on stderr, in a process that leads a session of its own."""
    started = []

    def do(script: str = SEARCH, **options) -> subprocess.Popen:
        space = make_space(trials=12, options={"sleep_s": 0.1})
        texts = [json.dumps([str(Path(__file__).parent)]), json.dumps(space.to_dict()), str(tmp_path)]
        command = [sys.executable, "-c", script, *texts, json.dumps(ideal)]
        started.append(subprocess.Popen(command, start_new_session=True, **options))
        return started[-1]

    yield do
    for each in started:
        end(each)


def test_a_reader_of_stderr_that_goes_away_ends_no_run(search, tmp_path) -> None:
    driver = search(stderr=subprocess.PIPE)
    wait_for_results(tmp_path, 2)
    driver.stderr.close()
    driver.wait()
    assert len(open_run(tmp_path / "toy").results) == 12


def test_a_closed_terminal_ends_no_run(search, tmp_path) -> None:
    """The terminal controls the process: closing it sends SIGHUP, and all later output is an error."""
    ours, theirs = os.openpty()
    search(
        COMMAND,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    wait_for_results(tmp_path, 2)
    os.close(ours)
    wait_for_results(tmp_path, 12)
