"""Real trainings with shared phases give the bits of trainings without, and what lies between can be exported."""

import json
from typing import Any

import pytest

import tsearch
from tsearch.cli import main
from tsearch.engine.run_folder import Run
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.space.file import parse_space

SPACE = """
name: paths
data: {name: digits}
backbone: {widths: [4, 6], pool_after: [1, 2]}
stages: [[1, 1]]
timesteps: [1]
temporal_transformer: bucket
neuron: {learned: both}
schedule: {epochs: 1, leading: [[3], [3, 2]], leading_epochs: 1, ann_epochs: 1}
training: {batch_size: 256, dropout: 0.1}
objectives: [accuracy, energy_pj]
search: {trials: 2, baselines: none, proposer: random}
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same two trials, phase by phase and each in one piece."""
    folder = tmp_path_factory.mktemp("runs")
    space = parse_space(SPACE, "paths.yaml")
    given: dict[str, Any] = {"runs": folder, "executor": "inline", "listener": tsearch.quiet}
    return (
        tsearch.run(space, name="lineage", **given),
        tsearch.run(space, name="whole", scheduler="whole", **given),
    )


def test_weights_and_results_are_the_same_bits_with_and_without_lineage(both: tuple[Run, Run]) -> None:
    phased, whole = both
    assert phased.spared.text == "5 phases trained, 2 reused (2 of 8 epochs spared)"
    assert len(phased.trials) == 2
    for ours, theirs in zip(phased.trials, whole.trials, strict=True):
        assert ours.key == theirs.key
        assert phased.checkpoint(ours) == whole.checkpoint(theirs)
        timeless = {"seconds"}
        assert ours.result.model_dump(exclude=timeless) == theirs.result.model_dump(exclude=timeless)
        assert len(ours.result.curve) == 4
        assert ours.result.neurons


def test_a_stop_is_what_a_training_to_there_gives(both: tuple[Run, Run]) -> None:
    phased, _ = both
    stop = next(stop for stop in phased.stops if stop.phase == 3)
    alone = tsearch.train_and_price(stop.configuration, 3, None, phased.task)
    assert phased.checkpoint(stop.as_trial) == alone.checkpoint
    assert dict(stop.metrics) == alone.metrics
    assert stop.load().probe == alone.probe


def test_a_stop_is_listed_exported_and_evaluated(both: tuple[Run, Run], tmp_path, capsys) -> None:
    phased, _ = both
    where = ["--runs", str(phased.folder.parent)]
    trial = next(t.number for t in phased.trials if len(t.configuration.schedule) == 4)
    assert main(["show", "lineage", "--stops", *where]) == 0
    table = capsys.readouterr().out
    ann = table.splitlines()[2].split()
    assert (ann[:4], ann[5:7], ann[-1]) == (["0", "1", "-", "ANN"], ["2", "trials"], "-")
    assert "ANN > T=3 > T=2" in table
    assert table.endswith("lineage: 5 phases trained, 2 reused (2 of 8 epochs spared)\n")
    assert main(["show", "lineage", *where]) == 0
    assert (
        "lineage: 5 phases trained, 2 reused (2 of 8 epochs spared); --stops lists" in capsys.readouterr().out
    )
    assert main(["show", "lineage", "--json", *where]) == 0
    content = json.loads(capsys.readouterr().out)
    assert sorted(len(stop["schedule"]) for stop in content["stops"]) == [1, 2, 3]
    assert content["lineage"] == {"n_trained": 5, "n_reused": 2, "n_epochs": 6, "n_epochs_reused": 2}
    assert {point["trial"] for point in content["points"]} <= {0, 1}

    folder = tmp_path / "bundle"
    chosen = ["--trial", str(trial), "--phase", "3", "--output", str(folder)]
    assert main(["export", "lineage", *chosen, *where]) == 0
    assert main(["export", "lineage", *chosen, *where]) == 0  # the same bundle stays
    capsys.readouterr()
    assert main(["evaluate", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    bundle = tsearch.Bundle(folder)
    assert bundle.contents.configuration.timesteps == (2, 2)
    assert told["accuracy"] == bundle.contents.test["accuracy"]
    assert f"It is trial {trial} as it was after phase 3" in (folder / "card.md").read_text()
    measured = tsearch.evaluate_bundle(folder, "digits")
    assert measured["accuracy"] == told["accuracy"]


def test_a_phase_without_a_stop_is_told_in_one_line(both: tuple[Run, Run], capsys) -> None:
    phased, whole = both
    where = ["--runs", str(phased.folder.parent)]
    with pytest.raises(TsearchError, match=r"no stop after phase 9 of trial 1\. Phases that have one: "):
        tsearch.export_bundle(phased, 1, phase=9)
    with pytest.raises(TsearchError, match=r"phase 1 of trial 1 is that of an ANN, which no bundle holds"):
        tsearch.export_bundle(phased, 1, phase=1)
    with pytest.raises(TsearchError, match="Phases that have one: none"):
        tsearch.export_bundle(whole, 0, phase=1)
    assert main(["export", "lineage", "--phase", "1", *where]) == 2
    assert "of which trial? Add --trial N." in capsys.readouterr().err
    assert main(["show", "lineage", "--stops", "--all", *where]) == 2
    assert "--stops lists networks of fewer epochs" in capsys.readouterr().err
    assert main(["show", "whole", "--stops", *where]) == 0
    assert "has no stops" in capsys.readouterr().out


def test_stops_are_neither_on_the_front_nor_counted_nor_in_a_saving(both: tuple[Run, Run]) -> None:
    phased, whole = both
    ours, theirs = Front.of(phased), Front.of(whole)
    assert [p.number for p in ours.points] == [p.number for p in theirs.points]
    assert len(ours.complete) == phased.n_total == 2
    assert ours.hypervolume == theirs.hypervolume
