"""What a run does after its search: a real one, in this process."""

from pathlib import Path
from typing import Any

import confirmable
import pytest

import tsearch
from tsearch.configuration import Result, Task
from tsearch.engine.events import Advanced, Event
from tsearch.front import Front
from tsearch.replication.after import replicate_front, tried_of
from tsearch.replication.error_bars.bars import error_bars

SPACE = {"x": [0, 1, 2, 3, 4, 5]}


def noisy(configuration: dict[str, int], budget: int, _resume_from: Any, task: Task) -> Result:
    """The larger x the better and the dearer, with some luck; x = 4 is worse than it looks in the search."""
    x, luck = configuration["x"], ((7 * configuration["x"] + 3 * task.replicate) % 5 - 2) / 1000
    is_flattered = x == 4 and task.replicate == 0
    accuracy = 0.5 + 0.05 * x + luck - (0.12 if x == 4 and not is_flattered else 0.0)
    return Result(
        configuration=configuration, budget=budget, metrics={"accuracy": accuracy, "energy_pj": 1.0 + x}
    )


@pytest.fixture
def run(tmp_path: Path) -> tsearch.Run:
    goals = {"accuracy": "maximize", "energy_pj": "minimize"}
    return tsearch.run(
        SPACE,
        noisy,
        objectives=goals,
        trials=6,
        name="noisy",
        runs=tmp_path,
        executor="inline",
        proposer="random",
        listener=tsearch.quiet,
    )


def test_members_of_the_front_are_trained_again_and_no_others(run: tsearch.Run) -> None:
    heard: list[Event] = []
    again = replicate_front(run, 4, evaluator=noisy, executor="inline", listener=heard.append)
    members = {point.key for point in Front.of(run).points}
    assert {one.key for one in again.replicates} == members
    assert len(again.trials) == again.n_total == 6
    assert again.state.word == "done"
    assert any(isinstance(event, Advanced) and "front" in event.purpose for event in heard)


def test_who_falls_back_is_left_and_shown_and_a_second_call_trains_nothing(run: tsearch.Run) -> None:
    again = replicate_front(run, 4, evaluator=noisy, executor="inline", listener=tsearch.quiet)
    front = Front.of(again)
    fallen = next(point for point in front.points if point.parameters["x"] == 4)
    assert len(tried_of(again)[fallen.key]) == 2
    bars = error_bars(front)
    assert bars is not None
    assert bars.members[fallen.number].on_front < 0.05
    assert bars.members[fallen.number].metrics["accuracy"].value == pytest.approx(0.58, abs=0.003)
    others = [len(tried_of(again)[p.key]) for p in front.points if p is not fallen]
    assert set(others) == {3}
    assert len(replicate_front(again, 4, evaluator=noisy, executor="inline").replicates) == len(
        again.replicates
    )


def test_a_round_that_trains_nothing_is_the_last(run: tsearch.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsearch.replication.after.train_replicates", lambda run, *_, **__: run)
    assert replicate_front(run, 4, evaluator=noisy, executor="inline").replicates == ()


def test_the_front_and_its_numbers_stay_those_of_the_search(run: tsearch.Run) -> None:
    again = replicate_front(run, 3, evaluator=noisy, executor="inline", listener=tsearch.quiet)
    before, after = Front.of(run), Front.of(again)
    assert after.points == before.points
    assert after.hypervolume == before.hypervolume
    assert [len(point.replicates) for point in before.points] == [0] * len(before.points)


def test_a_space_that_asks_for_replicates_gets_them_when_its_search_ends_and_resume_adds_none(
    tmp_path: Path,
) -> None:
    found = confirmable.search(tmp_path, space=confirmable.make_space(replicates=3))
    members = Front.of(found).points
    assert members
    assert all(len(point.replicates) >= 2 for point in members)
    assert {one.key for one in found.replicates} == {point.key for point in members}
    assert len(found.trials) == found.n_total
    again = tsearch.resume(found.folder, executor="inline", listener=tsearch.quiet)
    assert len(again.replicates) == len(found.replicates)
