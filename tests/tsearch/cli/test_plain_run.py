"""A search of plain parameters, read with the commands that read any run."""

import json
from pathlib import Path
from typing import Any

import pytest

import tsearch
from tsearch.cli import main
from tsearch.configuration import Result, Task


def parabola(configuration: Any, budget: int, resume_from: bytes | None, task: Task) -> Result:
    del resume_from, task
    loss = (configuration["x"] - 1.0) ** 2 + 1 / configuration["width"]
    metrics = {"loss": loss, "size": float(configuration["width"])}
    return Result(configuration=configuration, budget=budget, metrics=metrics)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    tsearch.run(
        {"x": (0.0, 2.0), "width": [1, 2, 4]},
        parabola,
        objectives={"loss": "minimize", "size": "minimize"},
        trials=6,
        executor="inline",
        runs=folder,
        name="plain",
    )
    return folder


def test_show_and_report_read_it_and_export_says_why_not(runs: Path, capsys) -> None:
    assert main(["show", "plain", "--all", "--runs", str(runs)]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["trial", "x", "width", "origin", "loss", "size"]
    assert len(rows) == 6 + 2
    assert rows[-1] == "done: 6 of 6 trials"
    assert main(["show", "plain", "--best", "loss", "--max", "size=2", "--json", "--runs", str(runs)]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"]["width"] in (1, 2)
    assert main(["report", "plain", "--runs", str(runs)]) == 0
    assert (
        "timesteps"
        not in Path(capsys.readouterr().out.strip()).read_text().split("<main>")[1].split("</main>")[0]
    )
    assert main(["export", "plain", "--trial", "0", "--runs", str(runs)]) == 2
    assert "is no network" in capsys.readouterr().err
