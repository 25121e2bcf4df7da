"""What the README shows, done: its commands and the Python of it, in an empty folder, with fewer trials."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tsearch
from tsearch.space.file import parse_space

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text()
PAGES = sorted(
    [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]
)


def shell_commands(text: str = README) -> list[list[str]]:
    lines = [line.strip() for line in text.splitlines() if line.startswith("    tsearch ")]
    return [shlex.split(line, comments=True) for line in lines]


def code_block(language: str, section: str, text: str = README) -> str:
    found = re.search(rf"```{language}\n(.*?)```", text.split(section)[1], re.DOTALL)
    assert found
    return found[1]


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def python(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_first_screen_is_the_question_a_picture_two_commands_and_five_more() -> None:
    screen = "\n".join(README.splitlines()[:25])
    places = [
        screen.index(words)
        for words in (
            "How many timesteps does each part",
            "](docs/front.svg)",
            "    make demo ",
            "    make test ",
            "    tsearch check digits_dvs ",
        )
    ]
    assert places == sorted(places)
    assert [command[1] for command in shell_commands(screen)] == [
        "check",
        "run",
        "resume",
        "report",
        "export",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_search_space_shown_is_valid() -> None:
    space = parse_space(code_block("yaml", "## What is searched"))
    assert space.enqueued[0].timesteps == (8, 2)


def test_the_python_shown_has_more_trials_than_are_given_beforehand() -> None:
    code = code_block("python", "## From Python")
    space = tsearch.load_space("digits_dvs")
    given = len(space.baselines()) + len(space.enqueued)
    assert int(re.search(r"trials=(\d+)", code)[1]) >= given + 10
    told = "The first 18 trials are the uniform networks and three that the space names; the other ten are searched."
    assert told in " ".join(README.split())
    assert (given, len(space.enqueued)) == (18, 3)


def test_fault_the_phase_exported_was_the_last_one_of_its_trial() -> None:
    """With eight trials too, as the slow test has them."""
    (command,) = [command for command in shell_commands() if "--phase" in command]
    trial, phase = (int(command[command.index(name) + 1]) for name in ("--trial", "--phase"))
    space = tsearch.load_space("iir_digits")
    assert ["tsearch", "run", "iir_digits", "--name", command[2]] in shell_commands()
    assert trial < 8 <= len(space.baselines())
    schedule = space.baselines()[trial].schedule
    assert phase < len(schedule)
    assert schedule[phase - 1].network == "snn"


@pytest.mark.slow
def test_the_commands_shown_work(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    for command in shell_commands():
        fewer = ["--trials", "8"] if command[1] == "run" and "--trials" not in command else []
        if "+20" in command:
            command[command.index("+20")] = "+2"
        if ">" in command:
            command = command[: command.index(">")]
        program = [sys.executable, "-m", "tsearch.cli", *command[1:], *fewer]
        done = subprocess.run(program, cwd=tmp_path, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr)
    assert (tmp_path / "runs" / "first" / "report.html").is_file()
    assert (tmp_path / "runs" / "first" / "exports" / "trial0" / "card.md").is_file()
    assert (tmp_path / "runs" / "best" / "card.md").is_file()
    assert len(tsearch.open_run(tmp_path / "runs" / "first").results) == 10


@pytest.mark.slow
def test_the_python_shown_works_twice_and_shows_its_progress(tmp_path: Path) -> None:
    code = code_block("python", "## From Python").replace("trials=28", "trials=19")
    first, second = (python(code, tmp_path) for _ in range(2))
    for done in (first, second):
        assert done.returncode == 0, done.stderr
        assert "energy_pj" in done.stdout
    assert "19/19 trials" in first.stderr
    assert first.stdout == second.stdout
    run = tsearch.open_run(tmp_path / "runs" / "from_python")
    assert [trial.origin for trial in run.trials].count("proposed") == 1
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["from_python"]


def test_any_function_is_searched_as_shown(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "any_function.md").read_text()
    done = python(code_block("python", "What is searched need not be a network", text), tmp_path)
    assert done.returncode == 0, done.stderr
    assert eval(done.stdout)["n"] == 1


def test_the_example_of_a_network_of_ones_own_is_there() -> None:
    assert (REPOSITORY / "examples" / "own.yaml").is_file()
    assert "tsearch run examples/own.yaml" in README
