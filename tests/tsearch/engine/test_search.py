"""What a search does with its trials: queue, duplicates, failures, order, time."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import toys

from tsearch.engine import events
from tsearch.engine.run import resume, run
from tsearch.engine.run_folder import open_run
from tsearch.errors import TsearchError
from tsearch.space.domains import Choice


@pytest.fixture
def search(make_space, ideal, tmp_path):
    """Searches a toy space in this process; keywords of `run` are taken out, the rest describes the space."""

    def do(evaluator="toys:evaluate", **settings):
        given = {"runs": tmp_path, "executor": "inline", "ideal": ideal}
        for name in ("name", "listener", "timeout_s", "executor", "workers", "seed", "runs"):
            if name in settings:
                given[name] = settings.pop(name)
        return run(make_space(**settings), evaluator, **given)

    return do


def keys_of(found) -> list[str]:
    return [trial.key for trial in found.trials]


# ---------------------------------------------------------------------- what a run is


def test_a_run_is_whole_and_opens_again_as_it_was(search, ideal) -> None:
    found = search(trials=9, seed=5)
    assert found.ended == "all trials done"
    assert [trial.number for trial in found.trials] == list(range(9))
    assert (found.name, found.seed, found.task.seed, found.n_total) == ("toy", 5, 5, 9)
    assert found.ideal == ideal
    again = open_run(found.folder)
    assert again.trials == found.trials
    assert again.space == found.space
    for trial in again.results:
        assert trial.result.metrics == toys.metrics_of(trial.configuration)
        assert trial.finished is not None
        assert again.checkpoint(trial) == trial.key.encode()
    with pytest.raises(TsearchError, match="holds no weights"):
        again.checkpoint(replace(again.trials[0], key="0123456789abcdef"))


def test_names_count_up_unless_they_are_given(search, tmp_path) -> None:
    assert [search(trials=1).name for _ in range(3)] == ["toy", "toy-2", "toy-3"]
    assert search(trials=1, name="mine").folder == tmp_path / "mine"
    with pytest.raises(TsearchError, match=r"mine holds a run. .* `tsearch resume mine --runs .*`"):
        search(trials=1, name="mine")
    for bad in ("a/b", "", "..", ".hidden"):
        with pytest.raises(TsearchError, match="name of one folder"):
            search(trials=1, name=bad)


def test_no_trials_is_refused_before_anything_is_made(make_space, ideal, tmp_path) -> None:
    with pytest.raises(TsearchError, match="trials: 0"):
        run(make_space(), "toys:evaluate", runs=tmp_path, executor="inline", ideal=ideal, trials=0)
    with pytest.raises(TsearchError, match="workers: 0"):
        run(make_space(), "toys:evaluate", runs=tmp_path, workers=0, ideal=ideal)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- the queue and duplicates


def test_baselines_come_first_then_the_enqueued_then_proposals(search, make_space) -> None:
    space = make_space()
    wanted = (space.decode({"timesteps.first": 4, "cut.1": True}), space.baselines()[0])
    found = search(trials=8, enqueued=wanted)
    origins = [trial.origin for trial in found.trials]
    assert origins == ["baseline"] * 4 + ["enqueued"] + ["proposed"] * 3  # the second is a baseline, too
    assert [t.configuration for t in found.trials[:4]] == space.baselines()
    assert found.trials[4].configuration == wanted[0]
    assert [t.origin for t in search(trials=2, baselines="none").trials] == ["proposed"] * 2


def test_duplicates_are_told_to_the_listener_and_never_trained(search, tmp_path) -> None:
    heard = []
    log = str(tmp_path / "log")
    small = {"timesteps": (1, 2), "rates": Choice((0.01,)), "options": {"log": log}}
    found = search(trials=20, listener=heard.append, **small)
    assert len(found.trials) == 20
    assert any(isinstance(event, events.Duplicate) for event in heard)
    assert set(Counter(Path(log).read_text().split()).values()) == {1}


def test_an_exhausted_space_ends_the_run_with_a_word(search) -> None:
    small = {"timesteps": (1, 2), "rates": Choice((0.01,))}
    found = search(trials=1000, proposer="tpe", **small)
    assert found.ended == f"space exhausted after {found.space.size} trials"
    assert sorted(keys_of(found)) == sorted(c.key for c in found.space.enumerate())
    assert resume(found.folder, more_trials=3).ended == found.ended


# ---------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        ("nan", "objective 'accuracy' is nan"),
        ("infinite", "objective 'energy_pj' is inf"),
        ("missing", "objective 'energy_pj' is missing"),
        ("memory", "MemoryError"),
        ("raise", "RuntimeError: mat1 and mat2"),
    ],
)
def test_a_failed_trial_is_recorded_and_the_run_goes_on(search, problem, error) -> None:
    found = search(trials=12, options={"problem": problem, "every": 3}, max_failures=12)
    states = Counter(trial.state for trial in found.trials)
    assert states["failed"] > 0
    assert states["complete"] > 0
    assert len(found.results) == states["complete"]
    for trial in found.trials:
        assert (trial.state == "failed") == (int(trial.key, 16) % 3 == 0)
        if trial.state == "failed":
            assert trial.error.startswith(error)
            assert trial.error in (found.folder / "errors" / f"{trial.key}.txt").read_text()
            assert trial.result is None


def test_a_traceback_is_kept(search) -> None:
    found = search(trials=6, options={"problem": "raise", "every": 2}, max_failures=6)
    failed = next(trial for trial in found.trials if trial.state == "failed")
    text = (found.folder / "errors" / f"{failed.key}.txt").read_text()
    assert "Traceback" in text
    assert "second line" in text


def test_failures_in_a_row_stop_the_run_and_say_where_to_look(search, tmp_path) -> None:
    with pytest.raises(
        TsearchError, match="3 trials failed in a row, the last one with: RuntimeError: mat1"
    ) as info:
        search(trials=50, options={"problem": "raise"}, max_failures=3)
    last = open_run(tmp_path / "toy").trials[2]
    assert f"errors/{last.key}.txt" in str(info.value)
    assert len(open_run(tmp_path / "toy").trials) == 3


def test_what_is_no_result_fails_the_trial(search) -> None:
    with pytest.raises(TsearchError, match="returned list, not a Result or metrics by name"):
        search("toys:returns_a_list", trials=1, max_failures=1)
    with pytest.raises(TsearchError, match="returned no number for the metric 'accuracy'"):
        search("toys:returns_words", trials=1, max_failures=1)


def test_metrics_alone_are_a_result(search) -> None:
    found = search(lambda *given: toys.metrics_of(given[0]), trials=5)
    assert [t.result.metrics for t in found.trials] == [
        toys.metrics_of(t.configuration) for t in found.trials
    ]
    assert all(t.result.budget == 3 and t.result.configuration == t.configuration for t in found.trials)


def test_a_problem_of_every_trial_ends_the_run_at_once_and_no_trial_is_lost(search, tmp_path) -> None:
    with pytest.raises(TsearchError, match=r"^data/digits: folder is missing$"):
        search(trials=9, options={"problem": "data"})
    assert [trial.state for trial in open_run(tmp_path / "toy").trials] == ["running"]
    found = resume(tmp_path / "toy", lambda *given: toys.evaluate(*given[:3], _without_problem(given[3])))
    assert [trial.state for trial in found.trials] == ["complete"] * 9


def _without_problem(task):
    return task.model_copy(update={"data": task.data.model_copy(update={"options": {}})})


def test_a_worker_that_dies_is_replaced_and_the_trial_repeated(search, tmp_path) -> None:
    heard = []
    log = str(tmp_path / "log")
    found = search(
        trials=6,
        options={"problem": "die once", "log": log},
        executor="process",
        workers=2,
        listener=heard.append,
    )
    assert len(found.results) == 6
    lost = [event for event in heard if isinstance(event, events.Lost)]
    assert len(lost) == 1
    assert Counter(Path(log).read_text().split())[lost[0].trial.key] == 2


def test_a_configuration_that_kills_every_worker_fails_after_three_attempts(search) -> None:
    heard = []
    options = {"problem": "die", "every": 4}
    found = search(
        trials=8, options=options, executor="process", workers=2, listener=heard.append, max_failures=8
    )
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert failed
    assert all("worker process died" in trial.error for trial in failed)
    attempts = Counter(event.trial.key for event in heard if isinstance(event, events.Lost))
    assert attempts == {trial.key: 3 for trial in failed}


# ---------------------------------------------------------------------- order and time


def test_ordered_results_are_the_same_however_many_workers(search) -> None:
    found = [
        search(trials=22, proposer="tpe", ordered=True, executor=executor, workers=workers)
        for executor, workers in (("inline", None), ("process", 1), ("process", 3))
    ]
    assert keys_of(found[0]) == keys_of(found[1]) == keys_of(found[2])
    metrics = [[trial.result.metrics for trial in each.trials] for each in found]
    assert metrics[0] == metrics[1] == metrics[2]


def test_time_that_is_up_ends_the_run_and_resume_finishes_it(search) -> None:
    found = search(trials=400, options={"sleep_s": 0.05}, timeout_s=0.5)
    assert found.ended == "time is up"
    assert 0 < len(found.results) < 400
    total = len(found.trials)
    content = json.loads((found.folder / "run.json").read_text())
    (found.folder / "run.json").write_text(json.dumps(content | {"trials": total + 1}))
    assert len(resume(found.folder).results) == total + 1


def test_time_that_is_up_stops_what_is_under_way(search) -> None:
    found = search(trials=4, options={"sleep_s": 600}, timeout_s=0.3, executor="process", workers=2)
    assert found.ended == "time is up"
    assert {trial.state for trial in found.trials} == {"running"}


def test_events_tell_the_whole_story(search) -> None:
    heard = []
    found = search(trials=5, listener=heard.append, max_failures=5, options={"problem": "nan", "every": 2})
    assert isinstance(heard[0], events.Started)
    assert heard[0].n_total == 5
    ends = [event for event in heard if isinstance(event, events.Finished)]
    assert [event.n_done for event in ends] == [1, 2, 3, 4, 5]
    assert tuple(event.trial for event in ends) == found.trials
    assert heard[-1] == events.Ended("all trials done", 5, 5)


# ---------------------------------------------------------------------- resume


def test_resume_of_a_finished_run_trains_nothing_and_more_trials_extend_it(search, tmp_path) -> None:
    log = tmp_path / "log"
    found = search(trials=5, options={"log": str(log)})
    assert resume(found.folder).trials == found.trials
    assert len(log.read_text().split()) == 5
    longer = resume(found.folder, more_trials=4)
    assert longer.trials[:5] == found.trials
    assert len(longer.results) == longer.n_total == 9
    with pytest.raises(TsearchError, match="-1 cannot be taken away"):
        resume(found.folder, more_trials=-1)
    with pytest.raises(TsearchError, match="workers: 0"):
        resume(found.folder, workers=0)


def test_resuming_a_search_proposes_what_an_uninterrupted_one_would(search) -> None:
    for proposer in ("tpe", "nsga2"):
        settings = {"proposer": proposer, "seed": 3}
        whole = search(trials=24, **settings)
        part = search(trials=15, **settings)
        assert keys_of(resume(part.folder, more_trials=9)) == keys_of(whole)


def test_a_function_without_a_name_can_be_resumed_when_it_is_given(search) -> None:
    found = search(lambda *given: toys.evaluate(*given), trials=2)
    with pytest.raises(TsearchError, match=r"resume\(folder, evaluator\)"):
        resume(found.folder, more_trials=1)
    assert len(resume(found.folder, toys.evaluate, more_trials=1).results) == 3


def test_a_run_that_is_not_there_is_told_with_its_neighbours(search, tmp_path) -> None:
    search(trials=1)
    with pytest.raises(TsearchError, match=r"no such run. Did you mean 'toy'"):
        resume(tmp_path / "toi")
    with pytest.raises(TsearchError, match=r"no such run. Runs there: toy"):
        open_run(tmp_path / "elsewhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TsearchError, match=r"run.json is missing"):
        open_run(tmp_path / "empty")
    (tmp_path / "toy" / "run.json").write_text("{")
    with pytest.raises(TsearchError, match=r"run.json is damaged"):
        open_run(tmp_path / "toy")


def test_a_result_that_is_missing_or_damaged_is_named(search) -> None:
    found = search(trials=2)
    path = found.folder / "results" / f"{found.trials[1].key}.r0.e3.json"
    for damage, words in ((lambda: path.write_text("{"), "is damaged"), (path.unlink, "is missing")):
        damage()
        opened = open_run(found.folder)
        assert opened.results == found.results[:1]
        assert opened.trials[1].state == "failed"
        assert str(path) in opened.trials[1].error
        assert words in opened.trials[1].error
        with pytest.raises(TsearchError, match=words):
            found.trials[1].result  # noqa: B018 - read when it is asked for
