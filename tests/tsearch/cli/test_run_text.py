"""What is said of a run beside its table: its state, failed trials, the next step as it is to be typed."""

import json
import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tsearch
from tsearch.configuration import Task
from tsearch.engine.lock import locked
from tsearch.engine.retrying import retry_command
from tsearch.engine.run_folder import Run, open_run
from tsearch.errors import TsearchError


def sometimes(configuration: Any, budget: int, resume_from: bytes | None, task: Task) -> dict[str, float]:
    """Fails for some widths, in two ways."""
    del budget, resume_from, task
    if configuration["width"] == 2:
        raise MemoryError("too wide")
    if configuration["width"] == 3:
        raise ValueError(f"{configuration['width']} is odd")
    return {"loss": 1 / configuration["width"]}


def with_its_file(configuration: Any, budget: int, resume_from: bytes | None, task: Task) -> dict[str, float]:
    """Fails until a file is there."""
    del budget, resume_from, task
    if not Path(os.environ["NEEDED"]).exists():
        raise FileNotFoundError("no data")
    return {"loss": 1 / configuration["width"]}


def never(configuration: Any, budget: int, resume_from: bytes | None, task: Task) -> dict[str, float]:
    del configuration, budget, resume_from, task
    raise ValueError("no data")


def search(folder: Path, evaluator: Any, widths: list[int], name: str = "plain", **options: Any) -> Run:
    return tsearch.run(
        {"width": widths, "x": [0, 1]},
        evaluator,
        objectives={"loss": "minimize"},
        trials=2 * len(widths),
        proposer="random",
        executor="inline",
        runs=folder,
        name=name,
        listener=lambda _: None,
        **options,
    )


def test_failed_trials_are_listed_by_error_with_the_next_step(type_in, tmp_path: Path) -> None:
    run = search(tmp_path, sometimes, [1, 2, 3])
    numbers = {
        width: [trial.number for trial in run.trials if trial.configuration["width"] == width]
        for width in (1, 2, 3)
    }
    code, out, _ = type_in("show", "plain", "--runs", str(tmp_path))
    assert code == 0
    assert f"failed: 4 of 6 trials; their tracebacks lie in {run.folder / 'errors'}/" in out
    assert f"  2 x MemoryError: too wide (trials {numbers[2][0]}, {numbers[2][1]})" in out
    assert f"  2 x ValueError: 3 is odd (trials {numbers[3][0]}, {numbers[3][1]})" in out
    assert f"tsearch resume plain --runs {tmp_path} --retry-failed" in out
    assert out.splitlines()[-1].startswith("done: 6 of 6 trials, 4 failed")
    content = json.loads(type_in("show", "plain", "--json", "--runs", str(tmp_path))[1])
    assert content["failed"] == [
        {"error": "MemoryError: too wide", "trials": numbers[2]},
        {"error": "ValueError: 3 is odd", "trials": numbers[3]},
    ] or content["failed"] == [
        {"error": "ValueError: 3 is odd", "trials": numbers[3]},
        {"error": "MemoryError: too wide", "trials": numbers[2]},
    ]
    assert (content["state"], content["n_complete"], content["n_failed"], content["n_total"]) == (
        "done",
        2,
        4,
        6,
    )


def test_a_run_of_which_every_trial_failed_does_not_end_quietly(type_in, tmp_path: Path) -> None:
    search(tmp_path, never, [1, 2])
    code, out, err = type_in("resume", "plain", "--runs", str(tmp_path))
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert "no trial is complete, 4 failed, 4 of them with 'ValueError: no data'" in last
    assert last.endswith(f"tsearch resume plain --runs {tmp_path} --retry-failed")


@pytest.mark.parametrize("evaluator", [never, sometimes])
def test_a_search_of_plain_parameters_never_speaks_of_timesteps(
    type_in, tmp_path: Path, evaluator: Any
) -> None:
    search(tmp_path, evaluator, [1, 4])
    for flags in ([], ["--all"], ["--json"], ["--max", "loss=0.5"]):
        _, out, err = type_in("show", "plain", *flags, "--runs", str(tmp_path))
        said = out.replace('"timesteps": []', "") + err
        assert "timesteps" not in said
        assert "uniform" not in said


def test_show_says_that_a_run_is_running_or_stopped(type_in, small_run: Run, constrained) -> None:
    run = constrained(1e12)
    content = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps(content | {"trials": 17}))
    flags = ["--runs", str(run.folder.parent)]
    n = len(small_run.results)
    with locked(run.folder):
        shown = json.loads(type_in("show", "limited", "--json", *flags)[1])
        assert (shown["state"], shown["n_complete"], shown["n_total"]) == ("running", n, 17)
        assert f": {n} of 17 trials" in type_in("show", "limited", *flags)[1].splitlines()[-1]
    (run.folder / "ended.json").unlink()
    last = type_in("show", "limited", *flags)[1].splitlines()[-1]
    assert last == f"stopped at {n} of 17 trials; go on with: tsearch resume limited {shlex.join(flags)}"


def test_the_next_step_works_as_typed_where_runs_lie_elsewhere(
    type_in, tmp_path: Path, small_run: Run
) -> None:
    runs = tmp_path / "my runs"
    text = (small_run.folder / "space.yaml").read_text().split("enqueue")[0]
    (tmp_path / "tiny.yaml").write_text(text.replace("[1, 2, 3]", "[1]").replace("[[], [3]]", "[[]]"))
    space, flags = str(tmp_path / "tiny.yaml"), ["--runs", str(runs), "--executor", "inline"]
    code, _, err = type_in("run", space, "--name", "tiny", "--trials", "1", *flags)
    assert code == 0
    commands = [
        shlex.split(part) for part in err.split("next, ")[1].split("`") if part.startswith("tsearch ")
    ]
    assert [command[:5] for command in commands] == [
        ["tsearch", verb, "tiny", "--runs", str(runs)] for verb in ("report", "export")
    ]
    for command in commands:
        assert type_in(*command[1:])[0] == 0


def test_the_advice_after_failures_works_as_typed(
    type_in, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEEDED", str(tmp_path / "data"))
    runs = tmp_path / "my runs"
    search(runs, with_its_file, [1, 2])
    _, _, err = type_in("resume", "plain", "--runs", str(runs))
    command = shlex.split(err.splitlines()[-1].partition("then: ")[2])
    assert command[0] == "tsearch"
    (tmp_path / "data").touch()
    code, out, _ = type_in(*command[1:])
    assert code == 0
    assert out.splitlines()[-1] == "done: 4 of 4 trials"
    assert "failed" not in out


def always_at_length(
    configuration: Any, budget: int, resume_from: bytes | None, task: Task
) -> dict[str, float]:
    del configuration, budget, resume_from, task
    raise ValueError("long " * 100)


def test_a_run_stopped_by_failures_in_a_row_gives_one_advice_in_a_short_line(type_in, tmp_path: Path) -> None:
    with pytest.raises(TsearchError, match="in a row"):
        search(tmp_path, always_at_length, [*range(10)])
    flags = ["--runs", str(tmp_path)]
    out = type_in("show", "plain", *flags)[1]
    command = f"tsearch resume plain {shlex.join(flags)}"
    last = out.splitlines()[-1]
    n = len(open_run(tmp_path / "plain").trials)
    said = f"{n} trials failed in a row, the last one with: ValueError: long "
    assert last.startswith(f"stopped at {n} of 20 trials, {n} failed, {said}")
    assert last.endswith(f" ...; go on with: {command}")
    assert len(last) < 240 + len(command)
    assert f"once the cause is mended, this tries them again: {command}\n" in out
    assert "--retry-failed" not in out
    assert "Mend the cause, then resume" not in out
    page = Path(type_in("report", "plain", *flags)[1].strip()).read_text()
    assert f"<code>{command}</code>" in page
    assert "--retry-failed" not in page


def test_failed_trials_that_a_plain_resume_leaves_are_tried_again_by_a_flag(tmp_path: Path) -> None:
    with pytest.raises(TsearchError, match="in a row"):
        search(tmp_path, always_at_length, [*range(10)])
    run = open_run(tmp_path / "plain")
    assert retry_command(run) == f"tsearch resume plain --runs {tmp_path}"
    first, second, *others = sorted(run.trials, key=lambda trial: trial.finished or "")
    between = replace(run, trials=(first, replace(second, state="complete"), *others))
    n_most = run.space.search.max_failures
    in_a_row = tuple(replace(others[-1], number=100 + i, finished="9999") for i in range(n_most))
    between = replace(between, trials=(*between.trials, *in_a_row))
    assert retry_command(between) == f"tsearch resume plain --runs {tmp_path} --retry-failed"
