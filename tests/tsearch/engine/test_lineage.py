"""Schedules that begin alike are trained once as far as they are alike: in any order, by any number of workers, and
when anything is killed meanwhile."""

import json
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from itertools import combinations
from typing import Any

import pytest
import toys
from conftest import IDEAL
from misbehaving import driver, end, wait_for_results

from tsearch.configuration import Configuration, Phase
from tsearch.engine import executors
from tsearch.engine import run as engine
from tsearch.engine.events import Advanced, Noted, Submitted, quiet
from tsearch.engine.executors import Outcome, Segment, attempt
from tsearch.engine.lineage import Spared, spared
from tsearch.engine.replicates import Wanted, train_replicates
from tsearch.engine.run import resume
from tsearch.engine.run_folder import Run, open_run
from tsearch.engine.scheduling import Piece, Standing, lineage
from tsearch.engine.store import CheckpointName, checkpoint_path
from tsearch.space.domains import Choice
from tsearch.space.space import SearchSpace

EVALUATOR = "toys:phase_by_phase"
BETWEEN_5_AND_1 = [(5, *more) for n in range(4) for more in combinations((4, 3, 2), n)]


@pytest.fixture
def make_paths(make_space, tmp_path):
    """Builds a space whose trials are the `paths` of timesteps that lead to one timestep, tried in that order."""

    def make(paths=BETWEEN_5_AND_1, log="log", seed=0, **options: Any) -> SearchSpace:
        space = make_space(
            timesteps=(1,),
            trials=len(paths),
            baselines="none",
            seed=seed,
            options={"log": str(tmp_path / log)} | options,
        )
        space = space.model_copy(
            update={
                "divisions": ((3,),),
                "leading": Choice(tuple(sorted(set(paths)))),
                "leading_epochs": 2,
                "last_epochs": 2,
                "has_one_total": True,
                "settings": space.settings
                | {"training.learning_rate": Choice((0.01,)), "training.dropout": Choice((0.0,))},
            }
        )
        total = 2 + 2 * max(map(len, paths))
        return space.model_copy(update={"enqueued": tuple(along(path, total) for path in paths)})

    return make


def along(path: tuple[int, ...], total: int) -> Configuration:
    """The configuration whose timesteps go along a path to 1, two epochs each, in so many epochs."""
    leading = [Phase(timesteps=(timesteps,), epochs=2) for timesteps in path]
    schedule = (*leading, Phase(timesteps=(1,), epochs=total - 2 * len(path)))
    backbone = {"name": "vgg", "widths": (4, 8, 8)}
    return Configuration.model_validate({"stages": (3,), "schedule": schedule, "backbone": backbone})


def run(space: SearchSpace, evaluator: str = EVALUATOR, **given: Any) -> Run:
    """A search in the toys' box."""
    return engine.run(space, evaluator, ideal=IDEAL, **given)


def counted(tmp_path, log="log", word="begun") -> Counter:
    """How often every phase was begun, or ended, by its name."""
    lines = (tmp_path / log).read_text().split()
    return Counter(line for line in lines if line.startswith(word))


def finals(found: Run) -> list[Any]:
    """All that trials gave, but for the time it took."""
    return [
        (
            trial.key,
            trial.state,
            trial.result and trial.result.model_dump(exclude={"seconds"}),
            found.checkpoint(trial),
        )
        for trial in sorted(found.trials, key=lambda trial: trial.key)
    ]


def test_the_next_piece_is_the_next_phase() -> None:
    names = {epoch: CheckpointName(f"{epoch}", 0, epoch) for epoch in (2, 5, 9)}
    assert lineage(Standing(0, 9, phases=names), {}) == Piece(2)
    assert lineage(Standing(0, 9, {2: {}}, {2: names[2]}, phases=names), {}) == Piece(5, names[2])
    assert lineage(Standing(0, 9, {2: {}, 5: {}}, {2: names[2], 5: names[5]}, phases=names), {}) == Piece(
        9, names[5]
    )
    assert lineage(Standing(0, 9, {2: {}}, phases=names), {}) == Piece(9)  # without weights nothing can go on
    assert lineage(Standing(0, 7), {}) == Piece(7)


def test_eight_schedules_between_5_and_1_have_28_phases_of_which_16_are_trained(make_paths, tmp_path) -> None:
    given = {"runs": tmp_path, "executor": "inline"}
    whole = run(make_paths(log="whole.log"), scheduler="whole", name="whole", **given)
    assert counted(tmp_path, "whole.log").total() == sum(len(path) + 1 for path in BETWEEN_5_AND_1) == 28
    texts: list[str] = []
    found = run(
        make_paths(),
        name="lineage",
        listener=lambda event: texts.append(event.text) if isinstance(event, Noted) else None,
        **given,
    )
    assert set(counted(tmp_path).values()) == {1}
    assert counted(tmp_path).total() == 16
    assert finals(found) == finals(whole)
    # 8 schedules of 10 epochs; the seven phases on the way have 2 each, what follows them the rest
    assert found.spared == Spared(16, 12, 56, 24)
    assert texts == ["lineage: 16 phases trained, 12 reused (24 of 80 epochs spared)"]
    assert whole.spared.text == ""


def test_stops_have_results_and_weights_and_are_no_trials(make_paths, tmp_path) -> None:
    space = make_paths()
    found = run(space, runs=tmp_path, executor="inline")
    assert len(found.trials) == 8
    assert len(found.stops) == 8  # the subsets of {4, 3, 2}, after 5
    by_path = {
        tuple(phase.timesteps[0] for phase in stop.configuration.schedule): stop for stop in found.stops
    }
    first = by_path[(5,)]
    assert (first.origin, first.parent, first.trials) == ("trial 0, phase 1", None, tuple(range(8)))
    assert by_path[(5, 4)].parent == first.name
    assert by_path[(5, 4)].trials == (1, 4, 5, 7)
    for stop in found.stops:
        alone = stop.as_trial
        assert stop.name.prefix == space.key(stop.configuration) == alone.key
        assert alone.result.configuration == stop.configuration
        assert alone.result.budget == len(alone.result.curve) == stop.configuration.epochs
        assert json.loads(found.checkpoint(alone))[0] == stop.configuration.epochs
        assert stop.metrics == alone.result.metrics


def test_a_stop_that_is_a_configuration_of_the_space_is_not_trained_for_its_trial(
    make_paths, tmp_path
) -> None:
    space = make_paths([(5, 4), (5, 4, 3)])
    shorter = space.enqueued[1].model_copy(update={"schedule": space.enqueued[1].schedule[:2]})
    for name, order in (("before", (0, 1)), ("behind", (1, 0))):
        both = [space.enqueued[1], shorter]
        trials = space.model_copy(update={"enqueued": tuple(both[i] for i in order)})
        found = run(trials, name=name, runs=tmp_path, executor="inline", trials=2)
        assert {len(t.configuration.schedule) for t in found.trials} == {2, 4}
        assert all(t.state == "complete" for t in found.trials)
        assert set(counted(tmp_path).values()) == {1}
        (tmp_path / "log").unlink()


def test_trials_of_one_phase_leave_what_they_left_before(make_space, tmp_path) -> None:
    space = make_space(trials=6, seed=3)
    given = {"runs": tmp_path, "executor": "inline"}
    for name in ("whole", "lineage"):
        found = run(space, "toys:evaluate", name=name, scheduler=name, **given)
        assert found.stops == ()
        assert found.spared == Spared()
    left = [
        {
            str(path.relative_to(tmp_path / name)): path.read_bytes()
            for folder in ("results", "checkpoints")
            for path in (tmp_path / name / folder).iterdir()
        }
        for name in ("whole", "lineage")
    ]
    assert left[0] == left[1]


# ---------------------------------------------------------------------- several at a time


def test_two_that_want_the_same_phase_do_not_train_it_twice_and_say_who_waits(make_paths, tmp_path) -> None:
    texts: list[str] = []
    submitted: list[int] = []

    def listen(event: Any) -> None:
        if isinstance(event, Noted):
            texts.append(event.text)
        if isinstance(event, Submitted):
            submitted.append(event.trial.number)

    found = run(make_paths(sleep_s=0.02), runs=tmp_path, workers=4, listener=listen)
    assert counted(tmp_path).total() == 16
    assert set(counted(tmp_path).values()) == {1}
    assert texts[0] == "lineage: trials 1, 2, 3 and 4 wait for phase 1 of trial 0, which they share"
    assert [trial.state for trial in found.trials] == ["complete"] * 8


def test_not_more_proposals_wait_than_there_are_workers(make_paths, tmp_path) -> None:
    """All begin alike, so that all but one wait; one that proposed them all meanwhile would learn nothing."""
    space = make_paths(sleep_s=0.05)
    waiting: list[int] = []

    def look(event: Any) -> None:
        if isinstance(event, Noted) and "wait for phase 1" in event.text:
            waiting.append(len(open_run(tmp_path / "toy").trials))

    run(space, runs=tmp_path, workers=2, listener=look)
    assert waiting == [3]  # one trains, two wait


def test_the_worker_of_a_shared_phase_is_killed(make_paths, tmp_path) -> None:
    whole = run(
        make_paths(log="whole.log"), scheduler="whole", name="whole", runs=tmp_path, executor="inline"
    )
    found = run(make_paths(dies_at=4, sleep_s=0.01), runs=tmp_path, workers=4)
    begun, ended = counted(tmp_path), counted(tmp_path, word="ended")
    assert (begun.total(), ended.total(), set(ended.values())) == (16 + 1, 16, {1})
    assert finals(found) == finals(whole)


@pytest.mark.parametrize("n_results", [6, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 12))])
def test_a_driver_killed_in_the_middle_leaves_phases_that_are_taken_up(
    make_paths, ideal, tmp_path, n_results
) -> None:
    whole = run(
        make_paths(log="whole.log"), scheduler="whole", name="whole", runs=tmp_path, executor="inline"
    )
    process = driver(make_paths(sleep_s=0.02), EVALUATOR, tmp_path, ideal, workers=4)
    try:
        wait_for_results(tmp_path, n_results)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.2)
    finally:
        end(process)
    found = resume(tmp_path / "toy", workers=3)
    begun, ended = counted(tmp_path), counted(tmp_path, word="ended")
    assert len(begun) == 16
    assert sum(n - 1 for n in begun.values()) <= 4  # what four workers were doing
    assert finals(found) == finals(whole)
    assert ended.total() <= 16 + 4  # a phase may end, and its result never arrive


def test_a_phase_that_fails_is_tried_by_all_that_share_it(make_paths, tmp_path) -> None:
    """What went wrong may be the machine's fault, so that each of them tries; none waits for ever."""
    found = run(make_paths(diverges=4), runs=tmp_path, workers=2)
    through_4 = {number for number, path in enumerate(BETWEEN_5_AND_1) if 4 in path}
    assert {trial.number for trial in found.trials if trial.state == "failed"} == through_4
    assert {trial.error for trial in found.trials if trial.state == "failed"} == {
        "ArithmeticError: the loss is nan"
    }
    begun = counted(tmp_path)
    assert max(begun.values()) == len(through_4)
    assert sum(n > 1 for n in begun.values()) == 1
    assert [t.number for t in found.results] == sorted(set(range(8)) - through_4)


@pytest.mark.parametrize(
    "damage", [lambda content: content[: len(content) // 2], lambda content: content + b" "]
)
def test_damaged_weights_of_a_shared_phase_are_trained_again(make_paths, tmp_path, damage) -> None:
    """Truncated, or changed in a way that a reader may not notice: neither fails a trial nor leads one astray."""
    whole = run(
        make_paths(log="whole.log"), scheduler="whole", name="whole", runs=tmp_path, executor="inline"
    )
    found = run(make_paths(), runs=tmp_path, executor="inline", trials=3)
    damaged = [stop.name for stop in found.stops]
    assert damaged
    for name in damaged:
        path = checkpoint_path(found.folder, name)
        path.write_bytes(damage(path.read_bytes()))
    resumed = resume(found.folder, more_trials=5)
    assert [trial.state for trial in resumed.trials] == ["complete"] * 8
    assert finals(resumed) == finals(whole)


# ---------------------------------------------------------------------- any order, any crash


class Crash(BaseException):
    """The driver ended here."""


class Chaos:
    """An executor that trains what it holds in random order; workers die under it, and so does the driver."""

    rng = random.Random()
    n_crashes = 0
    n_interrupted = 0

    def __init__(self, evaluator: Any, workers: int | None, *_more: Any) -> None:
        self.can_stop, self.warn = False, executors.silence
        self._evaluator, self._n = evaluator, workers or 1
        self._held: list[tuple[str, Segment]] = []

    def free(self) -> int:
        return self._n - len(self._held)

    def submit(self, key: str, segment: Segment) -> None:
        names = [held for held, _ in self._held]
        assert key not in names
        self._held.append((key, segment))

    def wait(self, _timeout_s: float | None = None) -> list[tuple[str, Outcome]]:
        if not self._held:
            return []
        key, segment = self._held.pop(self.rng.randrange(len(self._held)))
        fate = self.rng.random()
        if fate < 0.1:
            return [(key, Outcome(error="the worker died", is_lost=True))]
        outcome = attempt(self._evaluator, segment)
        if fate < 0.2 and Chaos.n_crashes:
            Chaos.n_crashes -= 1
            Chaos.n_interrupted += 1
            raise Crash
        return [(key, outcome)]

    def close(self) -> None:
        self._held.clear()


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(n, marks=pytest.mark.slow) for n in range(6, 150))]
)
def test_every_phase_is_trained_once_whatever_dies_and_the_ends_are_the_same_bits(
    seed, make_paths, tmp_path, monkeypatch
) -> None:
    rng = random.Random(seed)
    paths = rng.sample(BETWEEN_5_AND_1, rng.randint(1, 8))
    workers, is_ordered = rng.randint(1, 5), rng.random() < 0.5
    monkeypatch.setitem(executors.EXECUTORS, "chaos", f"{__name__}:Chaos")
    Chaos.rng, Chaos.n_crashes, Chaos.n_interrupted = rng, 4, 0
    space = make_paths(paths)
    search = space.search.model_copy(update={"ordered": is_ordered, "batch": 3})
    space = space.model_copy(update={"search": search})
    found = None
    while found is None:
        with suppress(Crash):
            is_begun = (tmp_path / "toy").exists()
            given = {"runs": tmp_path, "executor": "chaos", "workers": workers}
            found = resume(tmp_path / "toy") if is_begun else run(space, **given)
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert all("died" in trial.error for trial in failed)  # three times under one trial
    ended = counted(tmp_path, word="ended")
    assert found.spared.n_trained <= len(ended)
    assert sum(n - 1 for n in ended.values()) <= Chaos.n_interrupted
    whole = run(
        make_paths(paths, log="whole.log"), name="whole", scheduler="whole", runs=tmp_path, executor="inline"
    )
    expected = {key: rest for key, *rest in finals(whole)}
    assert all(rest == expected[key] for key, *rest in finals(Run(found.folder, found.file, found.results)))


def test_ordered_tells_the_same_on_every_executor(make_paths, tmp_path) -> None:
    space = make_paths()
    search = space.search.model_copy(update={"ordered": True, "batch": 4})
    space = space.model_copy(update={"search": search, "enqueued": ()})
    inline = run(space, name="inline", runs=tmp_path, executor="inline")
    processes = run(space, name="process", runs=tmp_path, workers=3)
    assert [(t.number, t.key, t.metrics) for t in inline.trials] == [
        (t.number, t.key, t.metrics) for t in processes.trials
    ]
    assert [(s.origin, s.trials, s.metrics) for s in inline.stops] == [
        (s.origin, s.trials, s.metrics) for s in processes.stops
    ]


def test_what_was_spared_is_counted_by_name() -> None:
    a, b, c = (CheckpointName(name, 0, epoch) for name, epoch in (("a", 4), ("b", 10), ("c", 10)))
    first = Standing(0, 10, {4: {}, 10: {}}, phases={4: a, 10: b})
    second = Standing(1, 10, {4: {}, 10: {}}, phases={4: a, 10: c})
    unfinished = Standing(2, 10, {4: {}}, phases={4: a, 10: b})
    assert spared([first]) == Spared(2, 0, 10, 0)
    assert spared([first, second]) == Spared(3, 1, 16, 4)
    assert spared([first, second, unfinished]) == Spared(3, 2, 16, 8)
    assert spared([Standing(0, 10, {10: {}}, phases={10: b})]) == Spared()


def test_replicates_of_one_number_share_their_phases(make_paths, tmp_path) -> None:
    paths = [(5, 4), (5, 4, 3), (5, 2), (5,)]
    found = run(make_paths(paths), runs=tmp_path, executor="inline")
    before = counted(tmp_path)
    heard: list[Any] = []
    wanted = [Wanted(trial.configuration, replicate) for trial in found.trials[:3] for replicate in (1, 2)]
    after = train_replicates(found, wanted, listener=heard.append)
    trained = counted(tmp_path) - before
    assert set(trained.values()) == {1}
    # 5, 5-4 and five more: 5-4-1, 5-4-3, 5-4-3-1, 5-2, 5-2-1
    assert Counter(name.rpartition(".")[2] for name in trained) == {"r1": 7, "r2": 7}
    told = [event.purpose for event in heard if isinstance(event, Advanced) and event.n_done == event.n_total]
    assert told == [*(f"replicates, what they share, round {number}" for number in (1, 2)), "replicates"]
    for each in after.replicates:
        task = found.task.model_copy(update={"replicate": each.replicate})
        alone = toys.phase_by_phase(each.configuration, each.configuration.epochs, None, task)
        assert each.result.model_dump(exclude={"seconds"}) == alone.model_dump(exclude={"seconds"})
        assert after.replicate_checkpoint(each) == alone.checkpoint


def test_a_replicate_whose_shared_phase_fails_fails_by_itself(make_paths, tmp_path) -> None:
    space = make_paths([(5, 4), (5, 4, 3), (5, 2)], only_replicates=True, diverges=4)
    found = run(space, runs=tmp_path, executor="inline")
    assert {trial.state for trial in found.trials} == {"complete"}
    after = train_replicates(
        found, [Wanted(trial.configuration, 1) for trial in found.trials], listener=quiet
    )
    assert [each.state for each in after.replicates] == ["failed", "failed", "complete"]
    assert {each.error for each in after.replicates[:2]} == {"ArithmeticError: the loss is nan"}
