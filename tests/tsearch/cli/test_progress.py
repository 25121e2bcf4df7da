"""What a listener shows, event by event."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tsearch.cli.pace import Pace
from tsearch.cli.progress import Progress
from tsearch.configuration import Configuration, Phase, Result
from tsearch.engine.events import (
    Advanced,
    Duplicate,
    Ended,
    Finished,
    Lost,
    Noted,
    Started,
    Submitted,
    Warned,
)
from tsearch.engine.run_folder import Trial
from tsearch.front.point import point_of
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


def started(*earlier: Trial, n_total: int = 4) -> Started:
    return Started(Path("runs/toy"), OBJECTIVES, *BOX, earlier, n_total)


def test_a_trial_of_several_alternatives_names_its_own() -> None:
    begun = replace(started(), alternative_of=lambda _: "vgg_2")
    text = show(begun, Finished(trial(0, 0.6, 2e3), 1, 4), is_live=False)
    assert " | trial 0: vgg_2, timesteps [1], accuracy" in text


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
        "best accuracy 60.0 % | trial 0: vgg, timesteps [1], accuracy 60.0 %, energy 2.00 nJ"
    )
    assert "2/4 trials | front 2" in lines[2]
    assert "20 s left" in lines[2]
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
    shown = show(
        started(trial(0, 0.6, 2e3), failed(1), n_total=5),
        Finished(trial(2, 0.7, 1e3), 3, 5),
        Finished(trial(3, 0.7, 1e3), 4, 5),
        is_live=False,
    )
    lines = shown.splitlines()
    assert lines[0] == "runs/toy: 5 trials, 2 of them done"
    assert lines[1].startswith("3/5 trials | front 1")
    assert "left" not in lines[1]
    assert "10 s left | 1 failed" in lines[2]


def test_nothing_complete_yet_shows_no_front() -> None:
    shown = show(started(), Finished(failed(0), 1, 4), is_live=True)
    assert shown.endswith("1/4 trials | 1 failed")


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
        "1/2 trials | front 1 | best accuracy 60.0 % | "
        "trial 0: lr 0.01235, act relu, accuracy 60.0 %, energy 2.00 nJ"
    )


def test_a_warning_is_a_line() -> None:
    assert show(Warned("baselines leave nothing to search"), is_live=False) == (
        "warning: baselines leave nothing to search\n"
    )


def test_one_trial_is_in_the_singular() -> None:
    shown = show(
        started(n_total=1), Finished(trial(0, 0.6, 2e3), 1, 1), Ended("all trials done", 1, 1), is_live=False
    )
    assert "1 trials" not in shown
    first, *_, last = shown.splitlines()
    assert first == "runs/toy: 1 trial"
    assert last == "all trials done: 1/1 trial"


def test_the_hint_at_the_end_says_where_the_run_is() -> None:
    elsewhere = Started(Path("other/a b"), OBJECTIVES, *BOX, (), 4)
    for reason in ("stopped", "stopped: the disk is full", "time is up"):
        last = show(elsewhere, Ended(reason, 1, 4), is_live=False).splitlines()[-1]
        assert last == f"{reason}: 1/4 trials. Go on with: tsearch resume 'a b' --runs other"
    assert "Go on" not in show(elsewhere, Ended("space exhausted after 1 trials", 1, 4), is_live=False)


def test_the_best_that_is_shown_keeps_the_constraints_and_dominated_earlier_trials_count() -> None:
    first = started()
    earlier = (trial(0, 0.9, 4e3), trial(1, 0.7, 1e3))
    constrained = Started(first.folder, OBJECTIVES, *BOX, earlier, 4, {"energy_pj": (None, 3e3)})
    shown = show(constrained, Finished(trial(2, 0.6, 2e3), 3, 4), is_live=False)
    assert "front 1 |" in shown
    assert "best accuracy 70.0 %" in shown


class Gone(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_went_away_is_not_passed_over_in_silence() -> None:
    with pytest.raises(BrokenPipeError):
        Progress(Gone())(started())
    closed = io.StringIO()
    closed.close()
    progress = Progress(closed)  # the engine drops a listener that fails; it could not help here
    with pytest.raises(ValueError, match="closed file"):
        progress(started())


def test_a_trial_is_not_compared_with_all_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The front grows: what came before is not read again."""
    read: list[int] = []
    real = trial(0, 0.6, 2e3)
    monkeypatch.setattr(
        "tsearch.front.growing.point_of", lambda t, r: read.append(t.number) or point_of(t, r)
    )
    many = [Finished(trial(number, 0.6, 2e3 + number), number + 1, 9) for number in range(9)]
    show(started(real), *many, is_live=False)
    assert read == [0, *range(9)]


def test_the_time_left_after_a_resume_is_that_of_trials_not_of_the_start_up() -> None:
    """Two workers need 60 s to start, then 10 s a trial: 20 trials more take 100 s."""
    pace = Pace(0.0)
    for number in (0, 1):
        pace.submitted(number)
    for number, now_s in enumerate((70.0, 70.5, 80.0, 80.5, 90.0, 90.5)):
        assert (pace.left_s(20) is None) == (number < 2)
        pace.ended(number, now_s)
        pace.submitted(number + 2)
    assert pace.left_s(20) == pytest.approx(100.0)


def test_trials_that_end_together_are_no_sign_of_haste() -> None:
    pace = Pace(0.0)
    for number in range(4):
        pace.submitted(number)
    for number in range(4):
        pace.ended(number, 60.0 + 0.01 * number)
    assert pace.left_s(8) == pytest.approx(120.0, rel=0.01)


def test_trials_under_way_share_the_time_left() -> None:
    submitted = [Submitted(trial(number, 0.6, 2e3), 1) for number in range(2)]
    ends = [Finished(trial(number, 0.6, 2e3), number + 1, 4) for number in range(2)]
    shown = show(started(), *submitted, *ends, is_live=False)
    assert "15 s left" in shown.splitlines()[-1]  # ended after 10 and 20 s, two at a time, two are left


def test_one_long_trial_does_not_spoil_the_estimate() -> None:
    pace, now_s = Pace(0.0), 0.0
    for number, length_s in enumerate((10, 10, 500, 10, 10, 10)):
        pace.submitted(number)
        now_s += length_s
        pace.ended(number, now_s)
    assert pace.left_s(3) == pytest.approx(30.0)


def advanced(*counts: int, n_total: int = 4, piece: str = "training") -> list[Advanced]:
    return [Advanced("confirming", piece, n, n_total) for n in counts]


def test_work_besides_the_search_tells_the_time_left_from_the_first_end_on() -> None:
    """10 s between events: the first training ends at 10 s, and its start-up is not counted."""
    shown = show(Noted("the plan"), *advanced(0, 1, 2, 3, 4), is_live=False)
    assert shown.splitlines() == [
        "the plan",
        "confirming: 0 of 4 trainings",
        "confirming: 1 of 4 trainings",
        "confirming: 2 of 4 trainings, about 20 s left",
        "confirming: 3 of 4 trainings, about 10 s left",
        "confirming: 4 of 4 trainings",
    ]


def test_long_work_takes_ten_lines_and_one_line_that_stays_on_a_terminal() -> None:
    events = advanced(*range(10, 51), n_total=50, piece="test")
    lines = show(*events, is_live=False).splitlines()
    assert [line.split()[1] for line in lines] == ["10", "15", "20", "25", "30", "35", "40", "45", "50"]
    assert show(*events, is_live=True).count("\n") == 1


def test_further_work_is_timed_anew() -> None:
    events = [*advanced(0, 1, 2), *advanced(2, 3, 4, n_total=6)]
    assert "left" not in show(*events, is_live=False).splitlines()[4]
