"""When trials may begin and be told: one by one, or with `ordered` block by block."""

from dataclasses import replace
from types import SimpleNamespace

from tsearch.engine.open_trials import OpenTrials
from tsearch.engine.trial import Trial


def open_trials(*, ordered: bool, n_total: int = 5) -> OpenTrials:
    """Of a run without any trial yet, whose blocks have two."""
    space = SimpleNamespace(
        search=SimpleNamespace(ordered=ordered, batch=2), stops=lambda _: (), epochs=lambda _: 1
    )
    run = SimpleNamespace(trials=(), n_total=n_total, space=space, task=SimpleNamespace(replicate=0))
    return OpenTrials(run, 0)


def trial(number: int) -> Trial:
    return Trial(number, f"key{number}", "running", "random", {})


def told(trials: OpenTrials) -> list[int]:
    return [trial.number for trial, _ in trials.take_ended()]


def test_without_order_whoever_ended_is_told() -> None:
    trials = open_trials(ordered=False)
    for number in range(3):
        trials.update(trial(number))
    trials.end(trial(2), [1.0])
    assert trials.may_propose
    assert told(trials) == [2]
    assert told(trials) == []
    assert not trials.has_ended


def test_with_order_a_block_is_told_as_a_whole_and_before_the_next_one_begins() -> None:
    trials = open_trials(ordered=True)
    trials.update(trial(0))
    trials.end(trial(0), [1.0])
    assert trials.may_propose
    assert told(trials) == []  # its block has one more
    trials.update(trial(1))
    assert not trials.may_propose
    assert told(trials) == []
    trials.end(trial(1), None)
    assert told(trials) == [0, 1]
    assert trials.may_propose
    assert trials.n_done == 2


def test_a_paused_trial_does_not_hold_its_block_up() -> None:
    trials = open_trials(ordered=True)
    trials.update(trial(0))
    trials.update(replace(trial(1), state="paused"))
    assert [paused.number for paused in trials.paused] == [1]
    trials.end(trial(0), [1.0])
    assert told(trials) == [0]
    assert trials.may_propose


def test_a_full_or_exhausted_run_begins_no_more_and_tells_its_last_block() -> None:
    trials = open_trials(ordered=True, n_total=1)
    trials.update(trial(0))
    trials.end(trial(0), [1.0])
    assert not trials.may_propose
    assert told(trials) == [0]
    trials = open_trials(ordered=True)
    trials.update(trial(0))
    trials.end(trial(0), [1.0])
    trials.is_exhausted = True
    assert not trials.may_propose
    assert told(trials) == [0]
