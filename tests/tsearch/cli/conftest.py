"""Commands as a person calls them, and runs to call them on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tsearch import cli
from tsearch.engine.run_folder import Run, open_run

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_in(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command; gives back exit code, stdout and stderr."""

    def run_command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([*arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


@pytest.fixture
def constrained(small_run: Run, tmp_path: Path) -> Callable[[float], Run]:
    """The small run, as if it had been searched with energy at most so many pJ."""

    def of(most_pj: float) -> Run:
        folder = Path(shutil.copytree(small_run.folder, tmp_path / "runs" / "limited"))
        content = json.loads((folder / "run.json").read_text())
        content["name"] = "limited"
        content["space"]["constraints"] = {"energy_pj": {"min": None, "max": most_pj}}
        (folder / "run.json").write_text(json.dumps(content))
        return open_run(folder)

    return of
