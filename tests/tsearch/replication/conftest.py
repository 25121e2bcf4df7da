"""Runs whose confirmation takes milliseconds, see `confirmable`."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # workers import `confirmable` by name

import confirmable

from tsearch.engine.run_folder import Run, open_run
from tsearch.replication import testing


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The search of the toy networks."""
    return confirmable.search(tmp_path_factory.mktemp("searched"))


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Toys answer test samples, non-uniform ones above the curve; what they do is noted in the file `log`."""
    monkeypatch.setattr(testing, "EVALUATOR", "confirmable:answer")
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("TOY_GAIN", "0.15")


@pytest.fixture
def make_run(searched: Run, toys: None, tmp_path: Path) -> Callable[..., Run]:  # noqa: ARG001
    """Gives the searched run in a folder of its own."""

    def do(name: str = "toy") -> Run:
        return open_run(Path(shutil.copytree(searched.folder, tmp_path / name)))

    return do


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    """The searched run."""
    return make_run()
