"""Two runs or two bundles whose numbers mean different things are not compared."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tsearch
from tsearch.engine.run_folder import Run, open_run

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def altered(small_run: Run, tmp_path: Path) -> Callable[[Change], Run]:
    """The small run, as if its task had been another."""

    def of(change: Change) -> Run:
        folder = Path(shutil.copytree(small_run.folder, tmp_path / "runs" / "other"))
        content = json.loads((folder / "run.json").read_text()) | {"name": "other"}
        change(content["task"])
        (folder / "run.json").write_text(json.dumps(content))
        return open_run(folder)

    return of


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda task: task.update(data={"name": "digits"}), "recordings=1) against digits. "),
        (lambda task: task["identity"].update(data="0"), "validation_recordings=1) of another content"),
        (lambda task: task["hardware"].update(profile="loihi"), "profile 45nm_memory, layer_serial against "),
        (lambda task: task["hardware"].update(assume={"weight_bits": 8}), "assuming weight_bits=8, layer_serial."),
        (lambda task: task["hardware"].update(execution="pipelined"), "against profile 45nm_memory, pipelined."),
        (lambda task: task["identity"].update(profile="0"), "priced differently: profile 45nm_memory"),
    ],
)  # fmt: skip
def test_runs_on_other_data_or_under_other_prices_are_not_compared(
    type_in, small_run: Run, altered, change: Change, message: str
) -> None:
    code, out, err = type_in("show", str(small_run.folder), str(altered(change).folder))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("tsearch: run small and run other were ")
    assert message in err
    assert err.endswith("Compare runs that agree.\n")


def test_the_same_data_in_another_folder_is_compared(type_in, small_run: Run, altered) -> None:
    run = altered(lambda task: task["data"].update(root="/elsewhere"))
    assert type_in("show", str(small_run.folder), str(run.folder))[0] == 0


def test_a_run_without_a_complete_trial_is_named_where_two_are_compared(
    type_in, small_run: Run, tmp_path: Path
) -> None:
    space = small_run.folder / "space.yaml"
    tsearch.run(space, name="empty", runs=tmp_path, executor="inline", timeout_s=0.0, listener=lambda _: None)
    code, out, err = type_in("show", str(small_run.folder), str(tmp_path / "empty"))
    assert (code, out) == (2, "")
    assert err == "tsearch: run empty: no trial is complete yet, so there is nothing to compare.\n"


def test_bundles_of_different_word_widths_are_refused(type_in, bundle: Path, altered, tmp_path: Path) -> None:
    run = altered(lambda task: task["hardware"].update(assume={"weight_bits": 8}))
    other = tsearch.export_bundle(run, 0, tmp_path / "other")
    code, out, err = type_in("cost", str(bundle), str(other))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{bundle} and {other}: costs under different word widths" in err
    assert type_in("cost", str(bundle), str(other), "--assume", "weight_bits=8")[0] == 0


def test_bundles_of_different_executions_are_compared_with_a_note(
    type_in, bundle: Path, altered, tmp_path: Path
) -> None:
    run = altered(lambda task: task["hardware"].update(execution="lock_step"))
    other = tsearch.export_bundle(run, 0, tmp_path / "other")
    code, out, _ = type_in("cost", str(bundle), str(other))
    assert code == 0
    assert "an order of machines, not of networks alone" in out


def test_bundles_of_different_profiles_are_refused_with_what_to_type(
    type_in, bundle: Path, altered, tmp_path: Path
) -> None:
    run = altered(lambda task: task["hardware"].update(profile="7nm_memory"))
    other = tsearch.export_bundle(run, 0, tmp_path / "other")
    code, out, err = type_in("cost", str(bundle), str(other))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{bundle} is priced under profile 45nm_memory, {other} under profile 7nm_memory" in err
    advice = err.partition("under one: ")[2].split()
    assert advice == ["--profile", "45nm_memory"]
    code, out, _ = type_in("cost", str(bundle), str(other), *advice)
    assert code == 0
    assert "the order of the two" in out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--profile", "lohi"], "Did you mean 'loihi'?"),
        (["--execution", "pipe"], "Did you mean 'pipelined'?"),
        (["--assume", "weight_bit=8"], "Did you mean 'weight_bits'?"),
    ],
)
def test_a_typo_does_not_advise_another_backbone(
    type_in, bundle: Path, flags: list[str], message: str
) -> None:
    code, out, err = type_in("cost", str(bundle), *flags)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert "backbone" not in err
