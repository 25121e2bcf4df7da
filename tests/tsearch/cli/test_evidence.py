"""What `show` and `export` say of fresh trainings, candidates and verdicts."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tsearch.cli.tables import front_content, front_text
from tsearch.engine.replicate import Wanted
from tsearch.engine.replicates import train_replicates
from tsearch.engine.run_folder import Run, open_run
from tsearch.export import export_bundle
from tsearch.export.bundle import Bundle
from tsearch.export.card import SPLITS, card, findings_of
from tsearch.front import Front, Point
from tsearch.replication.confirmation.sentences import verdict_sentence
from tsearch.replication.confirmation.verdict import Twin, Verdict, Word
from tsearch.replication.evidence import Evidence
from tsearch.replication.interval import Interval
from tsearch.space.goals import Objective

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
)
BOX = {"accuracy": 0.0, "energy_pj": 1e6}, {"accuracy": 1.0, "energy_pj": 1e3}
ROWS = (((1, 1), 0.60, 1e4), ((4, 4), 0.825, 4e4), ((4, 1), 0.82, 2e4))


def point(number: int, n_fresh: int) -> Point:
    timesteps, accuracy, energy = ROWS[number]
    fresh = [
        {"accuracy": accuracy - 0.03 + 0.01 * i, "energy_pj": energy * (1 + 0.01 * i)} for i in range(n_fresh)
    ]
    metrics = {"accuracy": accuracy, "energy_pj": energy}
    return Point(
        number, f"{number:016x}", metrics, timesteps, (1, 1), n_validation=300, replicates=tuple(fresh)
    )


def front(n_fresh: int = 0) -> Front:
    return Front(tuple(point(i, n_fresh) for i in range(3)), OBJECTIVES, *BOX, "made-up")


def confirmed_front(n_fresh: int = 5) -> Front:
    """As a confirmation alone leaves it: one member of three was trained again."""
    points = tuple(point(i, n_fresh if i == 2 else 0) for i in range(3))
    return Front(points, OBJECTIVES, *BOX, "made-up")


def verdict(word: Word) -> Verdict:
    return Verdict(
        number=2,
        key=f"{2:016x}",
        label="T=(4, 1)",
        cost="energy_pj",
        word=word,
        twins=(Twin(timesteps=1, key=f"{0:016x}"), Twin(timesteps=4, key=f"{1:016x}")),
        saving=Interval(value=0.5, low=0.45, high=0.55),
        gap=Interval(value=0.0, low=-0.005, high=0.005),
        above_curve=Interval(value=0.09, low=0.05, high=0.13),
        p=0.001,
        p_holm=0.001,
        resolvable=0.03,
        n_replicates=5,
        n_samples=300,
        n_groups=300,
    )


def test_a_table_without_fresh_trainings_has_candidates_and_no_intervals() -> None:
    shown = front()
    text = front_text(shown, shown.points)
    assert "\nT=(4, 1) (trial 2) is a candidate for a saving" in text
    assert text.count("candidate") == 1
    for absent in ("fresh", "stays on front", "Tuning noise", "save", "Saves"):
        assert absent not in text.replace("for a saving", "")


def test_a_table_of_a_front_that_was_trained_again_has_means_intervals_and_probabilities() -> None:
    shown = front(n_fresh=3)
    head, _, *rows = front_text(shown, shown.points).splitlines()
    assert head.endswith("energy   fresh  fresh accuracy       stays on front")
    assert "80.0 % [" in rows[1]
    assert rows[3].startswith("front: 3 of 3")
    assert rows[4].startswith("hypervolume of fresh trainings: 0.")
    assert any(row.startswith("Tuning noise:") and "2.0 points more accuracy" in row for row in rows)


def test_fault_after_a_confirmation_alone_single_trainings_had_probabilities_to_stay_on_the_front() -> None:
    shown = confirmed_front()
    evidence = Evidence(shown, (verdict("not shown"),))
    text = front_text(shown, shown.points, evidence)
    for absent in ("fresh accuracy", "stays on front", "hypervolume of fresh", "Tuning noise"):
        assert absent not in text
    content = front_content(shown, evidence=evidence)
    assert not {"hypervolume_fresh", "tuning_noise", "training_sd"} & content.keys()
    confirmed = next(one for one in content["points"] if one["trial"] == 2)
    assert (confirmed["n_fresh"], confirmed["fresh"]["accuracy"]["value"]) == (5, pytest.approx(0.81))
    assert not any("on_front_probability" in one for one in content["points"])
    trained, _ = findings_of(evidence, 2)
    assert trained.startswith("Trained again: 5 fresh trainings: accuracy 81.0 % [")
    assert "probability" not in trained


def test_fault_the_card_said_that_test_samples_were_looked_at_once_beside_a_confirmation(
    small_run: Run, tmp_path: Path
) -> None:
    run = open_run(Path(shutil.copytree(small_run.folder, tmp_path / "small")))
    contents = Bundle(export_bundle(run, Front.of(run).points[0].number, tmp_path / "bundle")).contents
    once, again = card(contents, {}), card(contents, {}, n_tested_again=15)
    start = "the weights of this bundle met the test samples once, for its first report or card"
    assert f"{start}. Test splits" in once
    assert f"{start}; a confirmation tested 15 further trainings of the run on them. Test splits" in again


def test_the_card_tells_the_trainings_of_a_verdict_from_all_fresh_ones() -> None:
    more = Evidence(confirmed_front(n_fresh=11), (verdict("not shown"),))
    trained, said = findings_of(more, 2)
    assert trained.startswith("Trained again: 11 fresh trainings")
    assert said.endswith(
        "These 5 are those that its confirmation planned; the 11 above are all fresh trainings of the run."
    )
    assert "planned" not in findings_of(Evidence(confirmed_front(), (verdict("not shown"),)), 2)[-1]


@pytest.mark.parametrize("word", ["saves", "not shown", "costs more"])
def test_after_a_confirmation_the_verdict_stands_in_place_of_the_candidate(word: Word) -> None:
    shown, told = front(), verdict(word)
    text = front_text(shown, shown.points, Evidence(shown, (told,)))
    assert verdict_sentence(told) in text
    assert "candidate" not in text


def test_json_has_means_intervals_probabilities_noise_gap_and_verdicts() -> None:
    shown = front(n_fresh=3)
    on_test = {2: {"accuracy": 0.70, "n_samples": 300.0}}
    content = json.loads(
        json.dumps(front_content(shown, evidence=Evidence(shown, (verdict("not shown"),), on_test)))
    )
    second = content["points"][1]
    assert (second["trial"], second["n_fresh"]) == (2, 3)
    assert second["fresh"]["accuracy"]["low"] < second["fresh"]["accuracy"]["value"] == pytest.approx(0.80)
    assert 0.9 < second["on_front_probability"] <= 1
    assert content["hypervolume_fresh"]["low"] < content["hypervolume_fresh"]["high"]
    assert content["tuning_noise"]["measured"] == pytest.approx(0.02)
    assert content["training_sd"] == pytest.approx(0.01)
    assert content["gap_to_test"]["mean"] == pytest.approx(0.12)
    assert content["verdicts"][0]["word"] == "not shown"
    assert content["candidates"] == []
    assert "saving" not in content


def test_json_without_fresh_trainings_pretends_nothing() -> None:
    content = front_content(front())
    assert content["candidates"] == [2]
    assert not {"hypervolume_fresh", "tuning_noise", "training_sd", "gap_to_test"} & content.keys()
    assert not {"n_fresh", "fresh", "on_front_probability"} & content["points"][0].keys()


@pytest.mark.parametrize("word", ["saves", "not shown", "costs more"])
def test_the_card_of_a_confirmed_trial_has_its_verdict_and_what_fresh_trainings_gave(word: Word) -> None:
    again, told = Evidence(front(n_fresh=3), (verdict(word),)), verdict(word)
    trained, noise, said = findings_of(again, 2)
    assert trained.startswith("Trained again: 3 fresh trainings: accuracy 80.0 % [")
    assert noise.startswith("Tuning noise")
    assert said == f"**Verdict.** {verdict_sentence(told)}"
    assert findings_of(Evidence(front()), 2) == ["A candidate for a saving, not confirmed."]
    assert findings_of(Evidence(front()), 0) == []


def test_show_and_card_of_a_real_run_whose_front_was_trained_again(
    small_run: Run, type_in: Callable[..., tuple[int, str, str]], tmp_path
) -> None:
    folder = tmp_path / "again"
    shutil.copytree(small_run.folder, folder)
    member = Front.of(small_run).points[-1]
    trial = next(trial for trial in small_run.trials if trial.number == member.number)
    run = train_replicates(folder, [Wanted(trial.configuration, i) for i in (1, 2)], executor="inline")
    code, out, _ = type_in("show", "again", "--runs", str(tmp_path))
    assert code == 0
    assert "fresh accuracy" in out
    card = (export_bundle(run, member.number) / "card.md").read_text()
    assert "met the test samples once, for its first report or card. Test splits" in card
    assert "Trained again: 2 fresh trainings: accuracy" in card
    assert SPLITS in card
    assert "| validation minus test | " in card
    again = Front.of(run)
    assert replace(again, complete=again.complete).points == Front.of(small_run).points
