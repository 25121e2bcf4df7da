"""Absolute numbers beside verdicts, against the files they come from."""

import json
from statistics import fmean, geometric_mean

import pytest

from tsearch.cli.run_text import run_content
from tsearch.engine.run_folder import open_run
from tsearch.front import Front
from tsearch.replication.confirmation.confirm import confirm
from tsearch.replication.reached import n_tested_again


def test_every_verdict_has_what_its_trainings_reached_and_they_agree_with_its_differences(run) -> None:
    (verdict,) = confirm(run.folder, candidates=1, executor="inline")
    run = open_run(run.folder)
    assert n_tested_again(run) == 15, "five of candidate and twins each"
    content = json.loads(json.dumps(run_content(run, Front.of(run))))
    (told,) = content["verdicts"]
    assert (told["number"], told["word"]) == (verdict.number, verdict.word)
    candidate, below, above = (told["reached"][who] for who in ("candidate", "below", "above"))
    assert [one["key"] for one in (candidate, below, above)] == [verdict.key, *(t.key for t in verdict.twins)]
    assert candidate["accuracy"] - above["accuracy"] == pytest.approx(verdict.gap.value)
    assert 1 - candidate["energy_pj"] / above["energy_pj"] == pytest.approx(verdict.saving.value)
    assert below["energy_pj"] < candidate["energy_pj"]
    for one in (candidate, below, above):
        files = [
            json.loads(file.read_text()) for file in (run.folder / "tests").glob(f"{one['key']}.r*.json")
        ]
        assert (one["n_trainings"], one["n_tested"], len(files)) == (5, 5, 5)
        assert one["accuracy"] == pytest.approx(fmean(file["accuracy"] for file in files))
        costs = [r.metrics["energy_pj"] for r in run.replicates if r.key == one["key"]]
        assert one["energy_pj"] == pytest.approx(geometric_mean(costs))


def test_what_is_missing_on_disk_is_left_out(run) -> None:
    (verdict,) = confirm(run.folder, candidates=1, executor="inline")
    for file in (run.folder / "tests").glob(f"{verdict.key}.r*.json"):
        file.unlink()
    run = open_run(run.folder)
    reached = run_content(run, Front.of(run))["verdicts"][0]["reached"]
    assert reached["candidate"].keys() == {"key", "n_trainings", "energy_pj"}
    assert "accuracy" in reached["above"]
