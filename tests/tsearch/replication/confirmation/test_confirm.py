"""What a confirmation plans, trains, tests and says; networks are toys, see `confirmable`."""

import json
import os
from collections import Counter
from pathlib import Path

import confirmable
import pytest

import tsearch
from tsearch.engine.events import Advanced, Noted
from tsearch.engine.lock import locked
from tsearch.engine.run import resume
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.flags import unpack
from tsearch.replication.confirmation.candidates import candidates_of
from tsearch.replication.confirmation.confirm import confirm
from tsearch.replication.confirmation.sentences import verdict_sentence
from tsearch.replication.confirmation.stored import Plan, Twins, require, verdicts_of
from tsearch.replication.statistics import holm
from tsearch.space.goals import ConfirmSettings, Constraint


def done(tmp_path: Path, what: str) -> Counter[str]:
    """How often each replicate was trained ("train"), or met the test samples ("test")."""
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    return Counter(f"{key}.{r}" for kind, key, r in lines if kind == what and r != "r0")


# ---------------------------------------------------------------------- the way to a verdict


def test_a_candidate_above_the_curve_saves_and_one_is_told_per_candidate(run) -> None:
    heard = []
    verdicts = tsearch.confirm(run, listener=heard.append)
    assert [(v.label, v.word) for v in verdicts] == [("T=(2, 1)", "saves"), ("T=(3, 1)", "saves")]
    first, second = verdicts
    assert [twin.timesteps for twin in first.twins] == [1, 2]
    assert [twin.timesteps for twin in second.twins] == [2, 3]
    assert (first.n_replicates, first.n_samples, first.n_groups, first.margin) == (5, 500, 500, 0.01)
    assert first.saving.value == pytest.approx(1 - 3.3 / 4, abs=0.01)
    assert verdicts_of(run.folder) == verdicts
    assert [event.text for event in heard if isinstance(event, Noted)] == [
        "confirmation 1: trial 5 (T=(2, 1)), trial 4 (T=(3, 1)), 5 fresh replicates of each and of its uniform twins, "
        f"margin 1 point; written to {run.folder}/confirmations/1.plan.json"
    ]
    assert heard[-1] == Advanced("confirming", "test", 25, 25)


@pytest.mark.usefixtures("toys")
def test_a_saving_has_to_hold_against_plain_twins_too(tmp_path, monkeypatch) -> None:
    """Uniform networks that mix timesteps into as many pay for what they do not need."""
    monkeypatch.setenv("TOY_MIX", "1.5")
    monkeypatch.setenv("TOY_GAIN", "0.01")
    found = confirmable.search(tmp_path, space=confirmable.make_space(mode="score_mix"))
    [verdict] = confirm(found, candidates=1, replicates=30)
    pairs = require(found.folder, 1, Twins).pairs
    assert [(pair.is_plain, len(pair.twins)) for pair in pairs] == [(False, 2), (True, 2)]
    assert verdict.twins == pairs[1].twins
    assert verdict.word == "not shown"
    assert " than uniform T=" in verdict_sentence(verdict)
    assert "without temporal transformers" in verdict_sentence(verdict)


@pytest.mark.parametrize(("gain", "word"), [("0", "not shown"), ("-0.2", "costs more")])
def test_one_on_the_uniform_curve_is_not_shown_and_one_below_it_costs_more(
    run, monkeypatch, gain, word
) -> None:
    monkeypatch.setenv("TOY_GAIN", gain)
    assert {verdict.word for verdict in confirm(run)} == {word}


def test_twins_are_trained_once_for_all_candidates_and_tested_once(run, tmp_path) -> None:
    confirm(run)
    assert len(done(tmp_path, "train")) == len(done(tmp_path, "test")) == 5 * 5
    assert set(done(tmp_path, "train").values()) == set(done(tmp_path, "test").values()) == {1}
    confirmed = open_run(run.folder)
    for each in confirmed.replicates:
        stored = json.loads((run.folder / "tests" / f"{each.key}.r{each.replicate}.json").read_text())
        assert unpack(stored["right"], 500).mean() == stored["accuracy"]


def test_the_plan_is_written_before_any_test_sample_is_read(run) -> None:
    confirm(run)
    folder = run.folder / "confirmations"
    plan, twins, verdicts = ((folder / f"1.{name}.json").stat() for name in ("plan", "twins", "verdicts"))
    results = [path.stat().st_mtime_ns for path in run.folder.glob("results/*.r[1-5].*")]
    tests = [path.stat().st_mtime_ns for path in run.folder.glob("tests/*.json")]
    assert plan.st_mtime_ns < min(results) < max(results) < twins.st_mtime_ns < min(tests)
    assert max(tests) < verdicts.st_mtime_ns
    content = require(run.folder, 1, Plan)
    assert [one.number for one in content.candidates] == [
        c.number for c in candidates_of(tsearch.Front.of(run))
    ]
    assert (content.replicates, content.margin, content.level) == ((1, 2, 3, 4, 5), 0.01, 0.05)
    assert content.data == run.task.identity.data


def test_a_confirmation_is_no_part_of_the_search(make_run) -> None:
    run = make_run()
    confirm(run)
    after = open_run(run.folder)
    assert (after.trials, after.n_total, after.state) == (run.trials, run.n_total, run.state)
    undisturbed = resume(make_run("other").folder, more_trials=6)
    longer = resume(run.folder, more_trials=6)
    assert [trial.key for trial in longer.trials] == [trial.key for trial in undisturbed.trials]
    assert len(longer.trials) == 14


# ---------------------------------------------------------------------- the family


def test_a_later_confirmation_spends_less_of_the_level_and_earlier_verdicts_stay(run) -> None:
    (first,) = confirm(run, candidates=1)
    before = (run.folder / "confirmations/1.verdicts.json").read_bytes()
    second = confirm(run, replicates=6, trials=[first.number, 4])
    assert (run.folder / "confirmations/1.verdicts.json").read_bytes() == before
    plan = require(run.folder, 2, Plan)
    assert plan.replicates == (6, 7, 8, 9, 10, 11)  # fresh ones
    assert [v.p_holm for v in second] == [6 * p for p in holm([v.p for v in second])]
    assert verdicts_of(run) == (first, *second)


def test_candidates_with_a_verdict_are_not_picked_again(run, tmp_path) -> None:
    confirm(run, candidates=1)
    assert confirm(run, candidates=1) == ()
    assert [verdict.number for verdict in confirm(run)] == [4]  # the other one
    n_trained = len(done(tmp_path, "train"))
    assert confirm(run) == ()
    assert len(done(tmp_path, "train")) == n_trained
    assert len(confirm(run, trials=[5])) == 1


# ---------------------------------------------------------------------- brackets


def test_twins_come_closer_until_they_bracket_the_fresh_replicates(run, tmp_path, monkeypatch) -> None:
    """Where (3, 1) takes 6.5 nJ in fresh replicates, T=2 and T=3 with 4 and 6 nJ do not bracket it."""
    monkeypatch.setenv("TOY_COST", "1.5")
    (verdict,) = confirm(run, trials=[4])
    assert require(run.folder, 1, Plan).candidates[0].below == 2
    assert [twin.timesteps for twin in verdict.twins] == [3, 4]
    (pair,) = require(run.folder, 1, Twins).pairs
    assert pair.costs[1] < pair.costs[0] < pair.costs[2]
    assert {key.split(".")[0] for key in done(tmp_path, "test")} == {
        verdict.key,
        *(t.key for t in verdict.twins),
    }
    assert len(done(tmp_path, "train")) == 20  # also those of T=2


@pytest.mark.parametrize("factor", ["3", "0.2"])
def test_what_its_twins_do_not_bracket_is_not_shown_and_not_tested(run, monkeypatch, factor) -> None:
    monkeypatch.setenv("TOY_COST", factor)
    (verdict,) = confirm(run, trials=[4])
    assert (verdict.word, verdict.p) == ("not shown", None)
    assert "enclose its cost" in verdict.reason
    assert not (run.folder / "tests").exists()


def test_a_training_that_fails_shows_nothing_and_the_others_go_on(run, monkeypatch) -> None:
    monkeypatch.setenv("TOY_FAIL", "3,3")
    first, second = confirm(run)
    assert first.word == "saves"
    assert second.word == "not shown"
    assert second.reason.endswith("RuntimeError: it diverged.")


# ---------------------------------------------------------------------- at the end of a search


@pytest.mark.usefixtures("toys")
def test_a_space_with_the_section_is_confirmed_when_its_search_ends_and_once(tmp_path) -> None:
    space = confirmable.make_space(ConfirmSettings(candidates=1, margin=0.02))
    run = confirmable.search(tmp_path, space=space)
    (verdict,) = verdicts_of(run)
    assert (verdict.word, verdict.margin) == ("saves", 0.02)
    assert len(run.replicates) == 15
    resume(run.folder)
    assert len(verdicts_of(run)) == 1
    longer = resume(run.folder, more_trials=2)
    assert len(longer.replicates) == 15 * len(verdicts_of(run))


def test_a_run_without_candidates_says_so_and_plans_nothing(tmp_path) -> None:
    run = confirmable.search(tmp_path, space=confirmable.make_space(trials=4))
    assert confirm(run) == ()
    assert not (run.folder / "confirmations").exists()


# ---------------------------------------------------------------------- what cannot be asked


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trials": [0]}, "toy: trial 0 has the same timesteps in every stage"),
        ({"trials": [99]}, "toy: trial 99 is not complete"),
        ({"trials": [1, 2, 3, 4]}, "at most 3 candidates share a confirmation"),
        ({"replicates": 4}, "confirm: replicates 4: give a number greater than or equal to 5"),
        ({"candidates": 0}, "confirm: candidates 0: give a number greater"),
        (
            {"margin": 2},
            "confirm: margin 2: a difference of accuracies is written 1% or 0.01, from 0 to 50%",
        ),
        ({"margin": "abc"}, "^confirm: margin 'abc': a difference of accuracies is written 1% or 0.01"),
        ({"trials": 3}, r"confirm: trials 3: give a list of their numbers, such as \[12\]"),
        ({"executor": "cloud"}, "executor 'cloud' not found"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_writes_nothing(run, given, message) -> None:
    with pytest.raises(TsearchError, match=message):
        confirm(run, **given)
    assert not (run.folder / "confirmations").exists()
    assert open_run(run.folder).replicates == ()


@pytest.mark.usefixtures("toys")
def test_a_trial_that_breaks_a_limit_of_the_run_is_not_confirmed_by_its_number(tmp_path) -> None:
    limits = {"energy_pj": Constraint(max=1e9), "accuracy": Constraint(min=0.82)}
    space = confirmable.make_space().model_copy(update={"constraints": limits})
    run = confirmable.search(tmp_path, space=space)
    message = "toy: trial 5 does not keep accuracy at least 82.0 %, set by the run. Choose one that does: 4"
    with pytest.raises(TsearchError, match=message):
        confirm(run, trials=[5])
    assert not (run.folder / "confirmations").exists()
    assert len(confirm(run, trials=[4])) == 1


def test_runs_of_something_else_cannot_be_confirmed(tmp_path) -> None:
    def search(name, evaluator, **given):
        return tsearch.run({"x": (0.0, 1.0)}, evaluator, name=name, runs=tmp_path, executor="inline", **given)

    plain = search("plain", lambda c, *_: {"loss": c["x"]}, objectives={"loss": "minimize"}, trials=3)
    for given in ({}, {"evaluator": lambda *_: {}}):
        with pytest.raises(TsearchError, match="plain: only networks can be confirmed, and this run"):
            confirm(plain, **given)


def test_a_run_that_another_process_works_on_is_left_alone(run) -> None:
    with (
        locked(run.folder),
        pytest.raises(TsearchError, match=f"process {os.getpid()} is working on this run"),
    ):
        confirm(run)


def test_a_plan_tells_whether_trials_were_named_and_how_much_was_tested_before(run) -> None:
    (picked,) = confirm(run, candidates=1)
    (named,) = confirm(run, trials=[4])
    told = [(p.named, p.n_tested) for p in (require(run.folder, n, Plan) for n in (1, 2))]
    assert told == [(False, 0), (True, 15)]
    assert (picked.named, named.named) == (False, True)
    assert "(trial 4, named by hand)" in verdict_sentence(named)
    assert "by hand" not in verdict_sentence(picked)


@pytest.mark.parametrize("is_after_verdicts", [True, False])
def test_a_plan_that_was_changed_afterwards_is_refused_in_one_line(run, is_after_verdicts) -> None:
    confirm(run, candidates=1)
    folder = run.folder / "confirmations"
    plan, verdicts = folder / "1.plan.json", folder / "1.verdicts.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"margin": 0.5}))
    if not is_after_verdicts:
        verdicts.unlink()
    written = "verdicts" if is_after_verdicts else "twins"
    with pytest.raises(
        TsearchError, match=rf"1.plan.json has changed since 1.{written}.json was written. Restore"
    ):
        confirm(run)
    plan.unlink()
    with pytest.raises(TsearchError, match=r"1.plan.json is missing. Restore it"):
        confirm(run, replicates=6)


def test_a_plan_that_is_damaged_is_one_line(run) -> None:
    confirm(run, candidates=1)
    (run.folder / "confirmations/1.plan.json").write_text('{"format": 7}')
    with pytest.raises(TsearchError, match=r"1.plan.json is damaged .* Restore it from a copy"):
        verdicts_of(run)
