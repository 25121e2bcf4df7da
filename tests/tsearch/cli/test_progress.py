"""What a listener shows, event by event."""

import io
from pathlib import Path
from typing import Any

import pytest

from tsearch.cli.progress import Progress, _duration
from tsearch.configuration import Configuration, Phase, Result
from tsearch.engine.events import Duplicate, Ended, Finished, Lost, Started
from tsearch.engine.run_folder import Trial
from tsearch.space.goals import Objective

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
)
BOX = ({"accuracy": 0.1, "energy_pj": 1e5}, {"accuracy": 1.0, "energy_pj": 1e2})


def trial(number: int, accuracy: float, energy_pj: float) -> Trial:
    configuration = Configuration(stages=(3,), schedule=(Phase(timesteps=(number + 1,), epochs=1),))
    metrics = {"accuracy": accuracy, "energy_pj": energy_pj}
    result = Result(configuration=configuration, budget=1, metrics=metrics)
    return Trial(number, configuration.key, "complete", "proposed", configuration, result)


def failed(number: int) -> Trial:
    configuration = trial(number, 0, 0).configuration
    return Trial(number, configuration.key, "failed", "proposed", configuration, None, "MemoryError")


def show(*events, is_live: bool, seconds_per_look: float = 10.0) -> str:
    stream, now = io.StringIO(), iter(range(1000))
    progress = Progress(stream, is_live, lambda: next(now) * seconds_per_look)
    for event in events:
        progress(event)
    return stream.getvalue()


def started(*earlier: Trial) -> Started:
    return Started(Path("runs/toy"), OBJECTIVES, *BOX, earlier, 4)


def test_plain_lines_tell_each_trial_and_where_the_search_stands() -> None:
    shown = show(
        started(),
        Finished(trial(0, 0.6, 2e3), 1, 4),
        Duplicate("0123456789abcdef"),
        Finished(trial(1, 0.8, 4e3), 2, 4),
        Finished(trial(2, 0.5, 9e3), 3, 4),
        Ended("time is up", 3, 4),
        is_live=False,
    )
    lines = shown.splitlines()
    assert "\r" not in shown
    assert lines[0] == "runs/toy: 4 trials"
    assert lines[1].startswith("1/4 trials | front 1 | hypervolume 0.")
    assert lines[1].endswith(
        "best accuracy 60.0 % | 30 s left | trial 0: timesteps [1], accuracy 60.0 %, energy 2.00 nJ"
    )
    assert "2/4 trials | front 2" in lines[2]
    assert "best accuracy 80.0 %" in lines[3]
    assert "front 2" in lines[3]  # the third is dominated
    assert lines[4:] == ["time is up: 3/4 trials. Go on with: tsearch resume toy"]


def test_the_live_line_stays_in_place_and_trouble_stays_above_it(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = show(
        started(),
        Finished(trial(0, 0.6, 2e3), 1, 4),
        Lost(trial(1, 0, 0), 1, "the worker process died"),
        Finished(failed(1), 2, 4),
        Ended("stopped", 2, 4),
        is_live=True,
    )
    lines = shown.split("\n")
    assert len(lines) == 5
    assert lines[1].count("\r\x1b[2K") == 2  # drawn, then cleared for the line about the lost worker
    assert "attempt 1" in lines[1]
    assert lines[2].endswith("trial 1 failed: MemoryError")
    assert "2/4 trials | front 1" in lines[3]
    assert "1 failed" in lines[3]
    assert lines[3].endswith("stopped: 2/4 trials. Go on with: tsearch resume toy")


def test_a_resumed_run_starts_with_what_it_has_and_estimates_from_what_it_does() -> None:
    shown = show(started(trial(0, 0.6, 2e3), failed(1)), Finished(trial(2, 0.7, 1e3), 3, 4), is_live=False)
    lines = shown.splitlines()
    assert lines[0] == "runs/toy: 4 trials, 2 of them done"
    assert lines[1].startswith("3/4 trials | front 1")
    assert "10 s left | 1 failed" in lines[1]


def test_nothing_complete_yet_shows_no_front() -> None:
    shown = show(started(), Finished(failed(0), 1, 4), is_live=True)
    assert shown.endswith("1/4 trials | 30 s left | 1 failed")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (89, "1 min"), (3599, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_durations_are_rounded_as_people_say_them(seconds, words) -> None:
    assert _duration(seconds) == words


def test_the_best_is_one_that_keeps_the_constraints() -> None:
    first = started()
    constrained = Started(first.folder, OBJECTIVES, *BOX, (), 4, {"energy_pj": (None, 3e3)})
    shown = show(
        constrained, Finished(trial(0, 0.9, 4e3), 1, 4), Finished(trial(1, 0.6, 2e3), 2, 4), is_live=False
    )
    _, none, best = shown.splitlines()
    assert "front 0" in none
    assert "best" not in none
    assert "best accuracy 60.0 %" in best


def test_plain_configurations_show_their_parameters_and_without_a_box_no_hypervolume() -> None:
    configuration: Any = {"lr": 0.012345, "act": "relu"}
    result = Result(configuration=configuration, budget=1, metrics={"accuracy": 0.6, "energy_pj": 2e3})
    plain = Trial(0, "0" * 16, "complete", "proposed", configuration, result)
    boxless = Started(Path("runs/toy"), OBJECTIVES, {}, {}, (), 2)
    shown = show(boxless, Finished(plain, 1, 2), is_live=False)
    assert shown.splitlines()[1] == (
        "1/2 trials | front 1 | best accuracy 60.0 % | 10 s left | "
        "trial 0: lr 0.01235, act relu, accuracy 60.0 %, energy 2.00 nJ"
    )
