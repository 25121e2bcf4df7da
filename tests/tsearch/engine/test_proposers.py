"""The promises that every proposer keeps, whether Optuna's or a user's."""

import json

import numpy as np
import pytest
from my_proposers import Halton, near_the_best

from tsearch.engine.changes import refuse_changes
from tsearch.engine.events import Warned
from tsearch.engine.proposers import PROPOSERS, find_proposer
from tsearch.engine.proposers.nsga2 import Nsga2Proposer
from tsearch.engine.proposing import History, Problem, Told, UnderWay
from tsearch.engine.run import resume, run
from tsearch.engine.run_file import read_run_file
from tsearch.engine.run_folder import Run
from tsearch.errors import TsearchError
from tsearch.space.domains import Choice
from tsearch.space.file import spaces_folder
from tsearch.space.goals import SearchSettings

USERS = {"my_proposers:Halton": Halton(), "my_proposers:near_the_best": near_the_best}
EVERY = [*PROPOSERS, *USERS]
TRIALS = dict.fromkeys(EVERY, 14) | {"gp": 12, "nsga2": 24}  # beyond the random start of each


def search(make_space, ideal, tmp_path, proposer, n_objectives=3, **settings) -> Run:
    settings = {"trials": TRIALS[proposer], "baselines": "none"} | settings
    space = make_space(n_objectives, **settings)
    return run(space, "toys:evaluate", proposer=proposer, runs=tmp_path, executor="inline", ideal=ideal)


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("proposer", EVERY)
def test_stays_inside_the_space_whatever_the_objectives(
    make_space, ideal, tmp_path, proposer, n_objectives
) -> None:
    found = search(make_space, ideal, tmp_path, proposer, n_objectives)
    assert len(found.results) == TRIALS[proposer]
    for trial in found.trials:
        values = found.space.encode(trial.configuration)
        assert found.space.decode(values) == trial.configuration


@pytest.mark.parametrize("proposer", EVERY)
def test_repeats_itself_for_one_seed_only(make_space, ideal, tmp_path, proposer) -> None:
    keys = {
        name: [t.key for t in search(make_space, ideal, tmp_path / name, proposer, 2, seed=seed).trials]
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    }
    assert keys["first"] == keys["again"]
    assert keys["first"] != keys["other"]


@pytest.mark.parametrize("proposer", EVERY)
def test_never_proposes_a_configuration_again(make_space, ideal, tmp_path, proposer) -> None:
    small = {"timesteps": (1, 2), "rates": Choice((0.01,)), "trials": 8}
    found = resume(search(make_space, ideal, tmp_path, proposer, 2, **small).folder, more_trials=4)
    keys = [trial.key for trial in found.trials]
    assert len(keys) == len(set(keys)) == 12 < found.space.size


@pytest.mark.parametrize("proposer", [name for name in EVERY if name != "gp"])
def test_goes_on_after_a_restart_as_if_nothing_had_happened(make_space, ideal, tmp_path, proposer) -> None:
    n_trials = 26 if proposer == "nsga2" else 19
    whole = search(make_space, ideal, tmp_path / "whole", proposer, trials=n_trials)
    part = search(make_space, ideal, tmp_path / "part", proposer, trials=11)
    found = resume(resume(part.folder, more_trials=6).folder, more_trials=n_trials - 17)
    assert [t.key for t in found.trials] == [t.key for t in whole.trials]


@pytest.mark.parametrize("proposer", EVERY)
def test_depends_on_its_arguments_alone(make_space, proposer) -> None:
    """One that was fed bit by bit, and one that is asked for the first time, give the same."""
    space = make_space(2)
    problem = Problem(space.parameters(), space.objectives)
    values = [space.encode(space.random(np.random.default_rng(n))) for n in range(25)]
    told = [Told(n, v, None if n == 3 else (n * 0.01, 25.0 - n), float(n % 2)) for n, v in enumerate(values)]
    fed = find_proposer(proposer)
    for n in range(0, 20, 5):
        fed(
            problem,
            told[:n],
            [UnderWay(t.number, t.values) for t in told[n : n + 2]],
            np.random.default_rng(n),
        )
    under_way = [UnderWay(t.number, t.values) for t in told[22:]]
    answers = [
        p(problem, told[:22], under_way, np.random.default_rng(7)) for p in (fed, find_proposer(proposer))
    ]
    assert answers[0] == answers[1]
    other = [Told(t.number, t.values, t.objectives, 0.0) for t in told[:22]]  # nothing of what it was fed
    answers = [p(problem, other, [], np.random.default_rng(7)) for p in (fed, find_proposer(proposer))]
    assert answers[0] == answers[1]


class Counted(list):
    """A list that counts what is read of it."""

    n_read = 0

    def __getitem__(self, place):
        found = super().__getitem__(place)
        self.n_read += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self):
        self.n_read += len(self)
        return super().__iter__()


@pytest.mark.parametrize("proposer", PROPOSERS)
def test_what_was_told_is_read_once(make_space, proposer) -> None:
    """A proposal after many trials costs no more for having been told them."""
    space = make_space(2)
    problem = Problem(space.parameters(), space.objectives)
    values = space.encode(space.random(np.random.default_rng(0)))
    told, asked = Counted(), find_proposer(proposer)
    for n in range(9):
        asked(problem, told, [], np.random.default_rng(n))
        told.extend(Told(2 * n + i, values, (0.5, 1.0 + n)) for i in (0, 1))
    assert told.n_read <= len(told) + 9


def test_the_first_generation_is_no_offspring_of_the_baselines(make_space) -> None:
    """All of them have one stage: their children would have one, too, but for a mutation."""
    space = make_space(2, trials=12)
    given = [space.encode(configuration) for configuration in space.baselines()] * 5
    told = [Told(n, values, (0.1 * (n % 4), 1.0 + n % 4)) for n, values in enumerate(given)]
    n_cut = {}
    for n_given in (0, len(told)):
        problem = Problem(space.parameters(), space.objectives, n_given)
        drawn = [find_proposer("nsga2")(problem, told, [], np.random.default_rng(n)) for n in range(60)]
        n_cut[n_given] = sum(len(space.decode(values).stages) > 1 for values in drawn)
    assert n_cut[len(told)] > 35 > n_cut[0]  # three of four ways to cut three blocks have more than one stage


def test_a_long_search_is_gone_on_with_by_generations(make_space, monkeypatch) -> None:
    """Optuna finds parents by recursion, which ends at some three hundred generations that nobody remembers."""
    monkeypatch.setattr(Nsga2Proposer, "population", 2)
    space = make_space(2)
    problem = Problem(space.parameters(), space.objectives)
    values = [space.encode(space.random(np.random.default_rng(n))) for n in range(20)]
    told = [Told(n, values[n % 20], (n % 7 / 7, 1.0 + n % 5)) for n in range(1500)]
    proposed = find_proposer("nsga2")(problem, told, [], np.random.default_rng(0))
    assert proposed.keys() == values[0].keys()


@pytest.mark.parametrize("is_ordered", [False, True])
def test_no_proposer_hears_of_a_trial_outside_the_space(is_ordered) -> None:
    history = History([Told(0, {}, (0.0,)), Told(1, {"x": 1}, (0.0,))], is_ordered=is_ordered)
    history.begin(2, {})
    history.begin(3, {"x": 3})
    assert [trial.number for trial in history.under_way] == [3]
    history.tell(2, [0.5], None)
    history.tell(3, None, None)
    assert [trial.number for trial in history.told] == [1, 3]
    assert [trial.number for trial in history.ended] == [0, 1, 2, 3]


def test_with_ordered_a_trial_that_ends_late_is_told_in_its_place() -> None:
    for is_ordered, numbers in [(True, [0, 1, 2, 3]), (False, [0, 2, 3, 1])]:
        history = History([Told(0, {"x": 0}, (0.0,))], is_ordered=is_ordered)
        for number in (1, 2, 3):
            history.begin(number, {"x": number})
        for number in (2, 3, 1):
            history.tell(number, [0.5], None)
        assert [trial.number for trial in history.told] == numbers


def test_a_proposer_starts_anew_where_a_trial_was_put_between_others(make_space) -> None:
    space = make_space(2)
    problem = Problem(space.parameters(), space.objectives)
    history = History(is_ordered=True)
    for n in range(24):
        history.begin(n, space.encode(space.random(np.random.default_rng(n))))
    fed = find_proposer("nsga2")
    for n in [*range(5), *range(6, 24), 5]:
        history.tell(n, [n * 0.04, 25.0 - n], None)
        fed(problem, history.told, history.under_way, np.random.default_rng(n))
    answers = [p(problem, history.told, [], np.random.default_rng(7)) for p in (fed, find_proposer("nsga2"))]
    assert answers[0] == answers[1]


def test_a_run_without_a_trial_to_search_with_says_so_before_it_begins(make_space, ideal, tmp_path) -> None:
    space = make_space(timesteps=(1, 2, 4), trials=12)
    enqueued = space.random(np.random.default_rng(0))
    twice = space.baselines()[0]
    space = space.model_copy(update={"enqueued": (enqueued, twice)})
    settings = {"runs": tmp_path, "executor": "inline", "ideal": ideal}
    for trials, is_warned in [(3, True), (4, True), (5, False)]:
        heard = []
        run(space, "toys:evaluate", trials=trials, listener=heard.append, **settings)
        warnings = [event.text for event in heard if isinstance(event, Warned)]
        text = "baselines and enqueued ones to begin with: nothing is searched; give --trials 12 or more."
        assert warnings == ([f"{trials} trials and 4 {text}"] if is_warned else [])
        assert not is_warned or isinstance(heard[0], Warned)


def test_an_object_serves_as_well_and_is_given_again_to_resume(make_space, ideal, tmp_path) -> None:
    settings = {"runs": tmp_path, "executor": "inline", "ideal": ideal}
    by_name = run(make_space(trials=9), "toys:evaluate", proposer="my_proposers:Halton", **settings)
    found = run(make_space(trials=6), "toys:evaluate", proposer=Halton(), **settings)
    with pytest.raises(
        TsearchError, match=r"proposer cannot be imported.* resume\(folder, proposer=proposer\)"
    ):
        resume(found.folder, more_trials=3)
    found = resume(found.folder, more_trials=3, proposer=Halton())
    assert [t.key for t in found.trials] == [t.key for t in by_name.trials]


def test_what_is_no_proposer_is_one_line(make_space, ideal, tmp_path) -> None:
    for given, words in [
        ("tpee", "proposer 'tpee' not found. Did you mean 'tpe'"),
        ("my_proposers:Sobol", "has no 'Sobol'"),
        (3, "proposer 3 cannot be called"),
        ("my_proposers:outside", "the proposer left the space: cut.1 = 'nowhere'"),
    ]:
        space = make_space(baselines="none")
        with pytest.raises(TsearchError, match=words):
            run(space, "toys:evaluate", proposer=given, runs=tmp_path, executor="inline", ideal=ideal)


def test_a_large_space_is_never_enumerated(make_space, ideal, tmp_path, monkeypatch) -> None:
    """A proposer that repeats itself for ever: what was not tried yet is drawn."""
    space = make_space(trials=12, rates=Choice(tuple(n / 10**4 for n in range(1, 3000))))
    assert space.size > 10_000
    monkeypatch.setattr(type(space), "enumerate", lambda _: pytest.fail("enumerated"))
    found = run(space, "toys:evaluate", proposer=lambda *_: {}, runs=tmp_path, executor="inline", ideal=ideal)
    assert len({trial.key for trial in found.trials}) == 12


def test_another_default_changes_no_run_that_was_begun_before(tmp_path) -> None:
    """A run goes on with the proposer in its run.json; where none stood there, it was TPE."""
    found = run("digits", "toys:evaluate", runs=tmp_path, executor="inline", trials=1, proposer="tpe")
    content = json.loads((found.folder / "run.json").read_text())
    assert SearchSettings().proposer == content["space"]["search"]["proposer"] == "nsga2"
    assert content.pop("proposer") == "tpe"
    (found.folder / "run.json").write_text(json.dumps(content))
    assert read_run_file(found.folder).proposer == "tpe"


def test_a_later_version_may_ship_a_space_with_another_proposer_and_confirmation(tmp_path) -> None:
    shipped = spaces_folder() / "digits_dvs.yaml"
    before = (
        shipped.read_text()
        .replace("proposer: nsga2", "proposer: tpe")
        .replace("candidates: 1", "candidates: 2")
    )
    refuse_changes(tmp_path, str(shipped), before)
    (tmp_path / "mine.yaml").write_text(shipped.read_text())
    with pytest.raises(TsearchError, match=r"'search.proposer' changed .* \(\"tpe\" -> \"nsga2\"\)"):
        refuse_changes(tmp_path, str(tmp_path / "mine.yaml"), before)
