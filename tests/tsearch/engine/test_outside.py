"""Baselines that lie outside the space: complete trials like all others, of which no proposer hears."""

import sqlite3

import optuna
import pytest
import toys

import tsearch.engine.run_folder
from tsearch.engine import events
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.space.domains import Choice


@pytest.fixture
def search(make_space, ideal, tmp_path):
    """Searches a toy space of T = 1, 2, 4 and 6, whose baselines are T = 1 to 6; `given` goes to `run`."""

    def do(given=None, **settings):
        space = make_space(**settings).model_copy(update={"has_one_total": True})
        return run(
            space,
            "toys:evaluate",
            **({"runs": tmp_path, "executor": "inline", "ideal": ideal} | (given or {})),
        )

    return do


def tried(found) -> list[tuple]:
    return [(trial.key, trial.state, trial.values, dict(trial.metrics)) for trial in found.trials]


def test_they_are_complete_and_may_be_on_the_front(search) -> None:
    found = search(trials=9)
    assert [trial.configuration.timesteps for trial in found.trials[:6]] == [(t,) for t in range(1, 7)]
    assert [trial.number for trial in found.trials if not trial.values] == [2, 4]
    assert all(trial.result.metrics == toys.metrics_of(trial.configuration) for trial in found.trials)
    assert open_run(found.folder).trials == found.trials
    assert {2, 4} <= {point.number for point in Front.of(found).complete}
    uniform = Front.of(search(trials=6))  # accuracy and energy both grow with T: none is dominated
    assert [point.number for point in uniform.points] == [0, 1, 2, 3, 4, 5]


def test_optuna_reads_their_ledger(search) -> None:
    found = search(trials=9)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{found.folder / 'ledger.sqlite'}")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 9
    assert [dict(trial.params) for trial in study.trials] == [dict(trial.values) for trial in found.trials]


@pytest.mark.parametrize("proposer", ["nsga2", "tpe"])
def test_a_search_cut_off_among_them_goes_on_as_if_it_had_not_been(search, proposer) -> None:
    settings = {"trials": 20, "proposer": proposer, "ordered": True}
    whole = search(**settings)
    for n_before in (3, 9):
        cut = search({"trials": n_before, "name": f"cut{n_before}"}, **settings)
        assert tried(resume(cut.folder, more_trials=20 - n_before)) == tried(whole)


def test_a_proposer_hears_of_those_in_the_space(search) -> None:
    heard = []

    def proposer(problem, told, under_way, rng):  # noqa: ARG001
        heard.append((problem.n_given, [trial.number for trial in told]))
        return {name: domain.encode(domain.random(rng)) for name, domain in problem.parameters.items()}

    search({"proposer": proposer}, trials=8)
    assert heard == [(4, [0, 1, 3, 5]), (4, [0, 1, 3, 5, 6])]


def test_a_space_is_exhausted_when_all_of_it_was_tried_and_not_before(search) -> None:
    found = search(trials=1000, timesteps=(2, 4), rates=Choice((0.01,)))
    inside = {c.key for c in found.space.enumerate()}
    keys = [trial.key for trial in found.trials]
    assert len(keys) == len(set(keys)) == len(inside) + 2
    assert inside < set(keys)
    assert found.ended == f"space exhausted after {len(keys)} trials"


def test_the_only_configuration_of_a_space_is_found_behind_them(make_space, ideal, tmp_path) -> None:
    space = make_space(timesteps=(4,), rates=Choice((0.01,)), baselines=(1, 3), trials=9)
    update = {
        "has_one_total": True,
        "divisions": ((3,),),
        "settings": space.settings | {"training.dropout": Choice((0.0,))},
    }
    space = space.model_copy(update=update)
    found = run(space, "toys:evaluate", runs=tmp_path, executor="inline", ideal=ideal)
    assert (space.parameters(), [trial.configuration.timesteps for trial in found.trials]) == (
        {},
        [(1,), (3,), (4,)],
    )
    assert [trial.origin for trial in found.trials] == ["baseline", "baseline", "proposed"]


def test_too_few_trials_are_told_with_all_of_them_counted(search) -> None:
    heard = []
    search({"listener": heard.append}, trials=6)
    [warned] = [event.text for event in heard if isinstance(event, events.Warned)]
    assert warned.startswith("6 trials and 6 baselines and enqueued ones to begin with: nothing is searched")


def test_one_that_failed_is_repeated(search) -> None:
    found = search({"trials": 6}, trials=9, options={"problem": "nan"}, max_failures=99)
    assert [trial.state for trial in found.trials] == ["failed"] * 6
    again = resume(found.folder, more_trials=1, retry_failed=True)
    assert [trial.number for trial in again.trials if not trial.values] == [2, 4]


def test_one_whose_configuration_cannot_be_read_is_not_taken_for_another(search) -> None:
    found = search(trials=9)
    with sqlite3.connect(found.folder / "ledger.sqlite") as ledger:
        ledger.execute("delete from trial_user_attributes where key = 'configuration' and trial_id = 3")
    with pytest.raises(
        TsearchError, match=r"ledger.sqlite is damaged \(trial 2: what it tries cannot be read\)"
    ):
        tsearch.engine.run_folder.open_run(found.folder)


def test_a_run_of_an_earlier_version_goes_on_by_its_own_rule(make_space, ideal, tmp_path) -> None:
    """Where the same search is asked for again, which reads the same file by the rule of today."""
    old = make_space(trials=6)
    given = {"runs": tmp_path, "executor": "inline", "ideal": ideal, "name": "old"}
    before = run(old, "toys:evaluate", **given)
    again = run(
        old.model_copy(update={"has_one_total": True}), "toys:evaluate", **given, trials=9, exist="resume"
    )
    assert again.trials[:6] == before.trials
    assert [trial.configuration.timesteps for trial in again.trials[:4]] == [(1,), (2,), (4,), (6,)]
    assert all(trial.values for trial in again.trials)
