"""What the README shows, done: every command and the Python of it, in an empty folder, with fewer trials."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tsearch.space.file import parse_space

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text()


def shell_commands() -> list[list[str]]:
    section = README.split("## A search, from the shell")[1].split("## ")[0]
    lines = [line.strip() for line in section.splitlines() if line.startswith("    tsearch ")]
    return [shlex.split(line, comments=True) for line in lines]


def code_block(language: str, section: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README.split(section)[1], re.DOTALL)
    assert found
    return found[1]


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_first_lines_are_the_two_commands() -> None:
    lines = [line.split("#")[0].strip() for line in README.splitlines()[1:6] if line.strip()]
    assert lines[:2] == ["make demo", "make test"]


def test_the_search_space_shown_is_valid() -> None:
    space = parse_space(code_block("yaml", "## What is searched"))
    assert space.enqueued[0].timesteps == (8, 2)


@pytest.mark.slow
def test_the_commands_shown_work(tmp_path: Path) -> None:
    for command in shell_commands():
        fewer = {"run": ["--trials", "8"], "resume": []}.get(command[1], [])
        if "+20" in command:
            command[command.index("+20")] = "+2"
        if ">" in command:
            command = command[: command.index(">")]
        program = [sys.executable, "-m", "tsearch.cli", *command[1:], *fewer]
        done = subprocess.run(program, cwd=tmp_path, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr)
    assert (tmp_path / "runs" / "first" / "report.html").is_file()
    assert (tmp_path / "mine" / "card.md").is_file()


@pytest.mark.slow
def test_the_python_shown_works(tmp_path: Path) -> None:
    code = code_block("python", "## A search, from Python").replace("trials=12", "trials=8")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "energy_pj" in done.stdout


def test_what_is_no_network_is_searched_as_shown(tmp_path: Path) -> None:
    code = code_block("python", "What is searched need not be a network")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert eval(done.stdout)["n"] == 1


def test_the_example_of_a_network_of_ones_own_is_there() -> None:
    assert (REPOSITORY / "examples" / "own.yaml").is_file()
    assert "tsearch run examples/own.yaml" in README
