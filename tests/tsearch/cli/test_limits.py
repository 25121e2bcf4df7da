"""Limits of --min and --max, and constraints of a run: what is shown, what is exported, and what is refused."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import tsearch
from tsearch.engine.ending import write_ended
from tsearch.engine.run_folder import Run
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.front.broken import broken_text, missed_text


def energies(run: Run) -> list[float]:
    return sorted(trial.result.metrics["energy_pj"] for trial in run.results)


def where(run: Run) -> list[str]:
    return ["--runs", str(run.folder.parent)]


def test_show_with_a_limit_alone_filters_the_table_and_says_how_many_are_left_out(type_in, small_run) -> None:
    most = energies(small_run)[2] * 1.0001
    n_kept = sum(energy <= most for energy in energies(small_run))
    code, out, _ = type_in("show", "small", "--all", "--max", f"energy={most}pJ", *where(small_run))
    assert code == 0
    rows = [line for line in out.splitlines() if line.endswith("s") and ("nJ" in line or "µJ" in line)]
    assert len([row for row in rows if "enqueued" in row or "baseline" in row or "proposed" in row]) == n_kept
    n_left_out = len(small_run.results) - n_kept
    assert f"left out: {n_left_out} of {len(small_run.results)} without energy at most" in out
    _, out, _ = type_in("show", "small", "--all", "--max", f"energy={most}pJ", "--json", *where(small_run))
    content = json.loads(out)
    assert (len(content["points"]), content["left_out"]) == (n_kept, n_left_out)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--max", "energy"], "--max energy: a constraint is METRIC=VALUE"),
        (["--max", "=3"], "a constraint is METRIC=VALUE"),
        (["--min", "accuracy=80"], "a fraction in [0, 1]"),
        (["--max", "area=3"], "unknown metric 'area'"),
        (["small", "--max", "energy=3uJ"], "choose from one run"),
    ],
)
def test_a_limit_that_is_none_is_refused_without_best_too(type_in, small_run, flags, message) -> None:
    code, out, err = type_in("show", "small", *flags, *where(small_run))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_where_every_trial_breaks_a_limit_the_nearest_misses_are_listed(
    type_in, small_run, constrained
) -> None:
    cheapest, *_ = energies(small_run)
    code, out, _ = type_in("show", "small", "--max", f"energy={cheapest / 2}pJ", *where(small_run))
    assert code == 0
    assert "No complete trial has energy at most" in out
    assert out.splitlines()[4].startswith("misses by a factor of 2  ")
    run = constrained(cheapest / 1.25)
    code, out, _ = type_in("show", "limited", *where(run))
    assert code == 0
    assert "The nearest misses:" in out
    assert out.splitlines()[4].startswith("misses by 25 %  ")
    assert f"front: 0 of {len(run.results)} complete trials" in out
    nearest, *_ = json.loads(type_in("show", "limited", "--json", *where(run))[1])["nearest_misses"]
    assert nearest["metrics"]["energy_pj"] == cheapest
    assert nearest["violation"] == pytest.approx(0.25)
    assert not nearest["feasible"]


def test_show_best_keeps_the_constraints_of_the_run(type_in, small_run, constrained) -> None:
    run = constrained(energies(small_run)[0] * 1.0001)
    best = json.loads(type_in("show", "limited", "--best", "acc", "--json", *where(run))[1])
    assert best["feasible"]
    assert best["metrics"]["energy_pj"] == energies(small_run)[0]


def test_an_explicit_trial_that_breaks_a_limit_is_not_exported(type_in, small_run, tmp_path: Path) -> None:
    code, out, err = type_in(
        "export",
        "small",
        "--trial",
        "0",
        "--max",
        "energy=1pJ",
        "--output",
        str(tmp_path / "b"),
        *where(small_run),
    )
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "trial 0 has energy" in err
    assert "(at most 1.00 pJ)" in err
    assert not (tmp_path / "b").exists()


def test_an_explicit_trial_that_breaks_a_constraint_of_the_run_is_exported_with_a_warning(
    type_in, small_run, constrained
) -> None:
    run = constrained(energies(small_run)[0] * 0.9)
    code, out, err = type_in("export", "limited", "--trial", "0", *where(run))
    assert code == 0
    assert "warning: trial 0 breaks the run's constraints: energy" in err
    assert "It breaks the constraints of its run: energy" in (Path(out.strip()) / "card.md").read_text()
    assert "breaks" not in (Path(tsearch.export_bundle(replace_constraints(run), 1)) / "card.md").read_text()


def replace_constraints(run: Run) -> Run:
    space = run.file.space | {"constraints": {}}
    return replace(run, file=run.file.model_copy(update={"space": space}))


@pytest.mark.parametrize("choice", [[], ["--best", "accuracy"], ["--best", "energy", "--max", "latency=1s"]])
def test_nothing_is_exported_by_itself_where_every_trial_breaks_a_constraint(
    type_in, small_run, constrained, choice: list[str]
) -> None:
    run = constrained(energies(small_run)[0] * 0.9)
    code, out, err = type_in("export", "limited", *choice, *where(run))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no complete trial has" in err
    assert "The nearest is trial" in err


def test_a_front_without_a_knee_says_so_and_what_to_type(type_in, small_run, constrained) -> None:
    run = constrained(energies(small_run)[0] * 1.0001)
    assert Front.of(run).knee is None
    code, _, err = type_in("export", "limited", "--knee", *where(run))
    assert code == 2
    assert "has no knee. Export the best in a metric instead" in err
    command = err.strip().partition("instead: ")[2].split()
    assert command[0] == "tsearch"
    assert type_in(*command[1:])[0] == 0


def test_without_a_choice_the_knee_else_the_best_and_it_is_told_which(
    type_in, small_run, constrained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = constrained(energies(small_run)[0] * 1.0001)
    code, out, err = type_in("export", "limited", "--json", *where(run))
    assert code == 0
    number = json.loads(out)["trial"]
    assert f"trial {number}: the best in accuracy, since the front has no knee" in err
    knee = Front.of(small_run).points[0]
    monkeypatch.setattr(Front, "knee", knee)
    code, out, err = type_in("export", "small", "--json", "--output", str(tmp_path / "k"), *where(small_run))
    assert json.loads(out)["trial"] == knee.number
    assert f"trial {knee.number}: the knee of the front" in err


def test_a_run_that_kept_no_weights_says_so(type_in, constrained: Callable[[float], Run]) -> None:
    run = constrained(1e12)
    for path in (run.folder / "checkpoints").rglob("*"):
        if path.is_file():
            path.unlink()
    code, _, err = type_in("export", "limited", "--trial", "0", *where(run))
    assert (code, err.count("\n")) == (2, 1)
    assert "this run kept no weights of trial 0" in err
    assert "Did you mean" not in err
    with pytest.raises(TsearchError, match="kept no weights"):
        tsearch.export_bundle(run, 0)


def test_what_a_point_breaks_in_words() -> None:
    metrics = {"energy_pj": 3.2e6, "accuracy": 0.7}
    limits = {"energy_pj": (None, 1.0), "accuracy": (0.6, None)}
    assert broken_text(metrics, limits) == "energy 3.20 µJ (at most 1.00 pJ)"
    assert broken_text(metrics, {}) == ""
    assert broken_text({}, limits) == "energy none (at most 1.00 pJ) and accuracy none (at least 60.0 %)"
    found = [1.25, 2.0, 3.2e6 + 1, float("nan")]
    assert [missed_text({"energy_pj": energy}, {"energy_pj": (None, 1.0)}) for energy in found] == [
        "misses by 25 %",
        "misses by a factor of 2",
        "misses by a factor of 3.2e+06",
        "misses: unknown",
    ]


@pytest.mark.parametrize("choice", [["--knee"], ["--best", "accuracy"], []])
def test_where_nothing_is_feasible_the_advice_of_an_export_works_as_typed(
    type_in, small_run, constrained, choice: list[str]
) -> None:
    run = constrained(energies(small_run)[0] * 0.9)
    code, _, err = type_in("export", "limited", *choice, *where(run))
    assert code == 2
    assert ", or search on, or start a run" in err
    assert "--best" not in err
    command = shlex.split(err.partition("take it with ")[2].partition(", or")[0])
    assert command[-2] == "--trial"
    assert type_in(*command[1:])[0] == 0


def test_an_exhausted_run_does_not_advise_to_search_on(type_in, small_run, constrained) -> None:
    run = constrained(energies(small_run)[0] * 0.9)
    content = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps(content | {"trials": 500}))
    write_ended(run.folder, "space exhausted after 8 trials")
    for command in ("export", "show"):
        code, _, err = type_in(command, "limited", "--best", "accuracy", *where(run))
        assert (code, err.count("\n")) == (2, 1)
        assert "search on" not in err
        assert "start a run with looser constraints" in err


def test_a_run_without_a_feasible_trial_does_not_end_with_an_export(type_in, small_run, constrained) -> None:
    run = constrained(energies(small_run)[0] * 0.9)
    code, _, err = type_in("resume", "limited", "--executor", "inline", *where(run))
    assert code == 0
    assert "draws the page" in err
    assert "tsearch export" not in err


def test_show_best_has_the_state_and_no_sentence_about_something_else(type_in, small_run) -> None:
    for flags in (["--best", "accuracy"], ["--best", "energy", "--max", "energy=1J"]):
        code, out, _ = type_in("show", "small", *flags, *where(small_run))
        n = len(small_run.results)
        assert code == 0
        assert out.splitlines()[-1] == f"done: {n} of {n} trials"
        assert "imesteps save" not in out


def test_the_given_limit_is_among_the_nearest_misses_where_nothing_is_feasible(
    type_in, small_run, constrained
) -> None:
    run = constrained(energies(small_run)[0] * 0.9)
    out = type_in("show", "limited", "--max", "energy=1pJ", "--max", "latency=1ns", *where(run))[1]
    assert "No complete trial has energy at most 1.00 pJ and latency at most 1.00 ns." in out


def test_a_miss_is_told_in_points_for_a_percentage_and_as_the_value_for_a_bound_of_zero() -> None:
    metrics = {"energy_pj": 993e3, "accuracy": 0.84}
    assert missed_text(metrics, {"accuracy": (0.85, None)}) == "1.0 points below"
    assert missed_text(metrics, {"accuracy": (None, 0.8)}) == "4.0 points above"
    assert missed_text(metrics, {"accuracy": (0.8402, None)}) == "0.02 points below"
    assert missed_text(metrics, {"energy_pj": (None, 0.0)}) == "energy 993 nJ"
    assert missed_text(metrics, {"accuracy": (0.85, None), "energy_pj": (None, 662e3)}) == "misses by 50 %"
    assert missed_text({}, {"accuracy": (0.85, None)}) == "misses: unknown"
