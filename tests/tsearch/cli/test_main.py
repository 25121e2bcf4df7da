"""The command as a process: interrupts, streams that close, and help."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tsearch
from tsearch.cli.arguments import _COMMANDS, make_parser
from tsearch.cli.interrupts import calm_interrupts

EVALUATOR = """
import os, time

def wait(configuration, budget, resume_from, task):
    time.sleep(float(os.environ.get("PAUSE_S", 0)))
    return {"loss": configuration["x"]}
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the run `plain` of one trial, which is searched on with `resume`."""
    (tmp_path / "hands.py").write_text(EVALUATOR)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    tsearch.run(
        {"x": (0.0, 1.0)},
        "hands:wait",
        objectives={"loss": "minimize"},
        trials=1,
        executor="inline",
        runs=tmp_path / "runs",
        name="plain",
        listener=lambda _: None,
    )
    return tmp_path / "runs"


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tsearch", *arguments]
    return subprocess.Popen(command, text=True, stderr=subprocess.PIPE, **options)


def test_five_interrupts_print_no_traceback(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAUSE_S", "1000")
    flags = ["--trials", "+5", "--runs", str(runs), "--executor", "process", "--workers", "2"]
    with start("resume", "plain", *flags, stdout=subprocess.PIPE) as search:
        assert search.stderr is not None
        first = search.stderr.readline()  # the search has begun
        for _ in range(5):
            search.send_signal(signal.SIGINT)
            time.sleep(0.02)
        out, err = search.communicate(timeout=60)
    assert search.returncode == 130, err
    assert "Traceback" not in first + err
    assert err.splitlines()[-1] == "tsearch: interrupted."
    assert out == ""


def test_an_interrupt_during_the_shutdown_does_not_stop_it() -> None:
    steps = []

    @calm_interrupts()
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
                os.kill(os.getpid(), number)
                steps.append("shut down")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # until Python has ended
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert steps == ["shut down"] * 3


def test_handlers_are_as_before_where_nothing_was_interrupted() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with calm_interrupts():
        assert signal.getsignal(signal.SIGINT) not in before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize("arguments", ["schema", "--help", "list spaces"])
def test_a_reader_that_goes_away_ends_a_command_silently(arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        command = start(*arguments.split(), stdout=closed)
        _, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (0, "")


def test_a_reader_of_stderr_that_goes_away_does_not_end_a_search(runs: Path) -> None:
    with start(
        "resume", "plain", "--trials", "+11", "--json", "--runs", str(runs), stdout=subprocess.PIPE
    ) as search:
        assert search.stderr is not None
        assert search.stdout is not None
        search.stderr.readline()
        search.stderr.close()
        content = json.loads(search.stdout.read())
    assert search.returncode == 0
    assert (content["state"], content["n_complete"]) == ("done", 12)


@pytest.mark.parametrize(
    ("redirections", "code"), [("2>&-", 2), (">&-", 2), ("2>/dev/full", 2), (">/dev/full 2>/dev/full", 2)]
)
def test_closed_and_full_streams_do_not_change_the_exit_code(redirections: str, code: int) -> None:
    command = f"{shlex.quote(sys.executable)} -m tsearch show no_such_run {redirections}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_result_that_does_not_fit_on_the_disk_is_no_success() -> None:
    command = f"{shlex.quote(sys.executable)} -m tsearch schema > /dev/full"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "tsearch: the output could not be written: the disk is full.\n"


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_help_of_every_command_has_an_example_that_parses(name: str, capsys) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args([name, "--help"])
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("example: ")]
    program, *arguments = shlex.split(line.removeprefix("example: ").partition(" > ")[0])
    assert program == "tsearch"
    assert arguments[0] == name
    assert make_parser().parse_args(arguments).call is _COMMANDS[name].function
