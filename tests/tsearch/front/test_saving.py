"""The saving sentence where little is saved, and where trials break the constraints of the run."""

from collections.abc import Sequence

import pytest

from tsearch.front import Front, Point
from tsearch.front.constraints import Constraints
from tsearch.front.saving import uniform_saving
from tsearch.space.goals import Objective

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
)
Row = tuple[tuple[int, ...], float, float]


def sentence(rows: Sequence[Row], constraints: Constraints | None = None) -> str:
    points = tuple(
        Point(
            number,
            str(number),
            {"accuracy": accuracy, "energy_pj": energy},
            timesteps,
            (1, 1),
            n_validation=300,
        )
        for number, (timesteps, accuracy, energy) in enumerate(rows)
    )
    return uniform_saving(Front(points, OBJECTIVES, {}, {}, constraints=constraints or {})).sentence


@pytest.mark.parametrize(
    ("energy", "words"), [(49.9e3, "as much as"), (50.1e3, "as much as"), (50e3, "exactly as")]
)
def test_a_saving_of_less_than_half_a_percent_is_none(energy: float, words: str) -> None:
    told = sentence([((2, 2), 0.7, 50e3), ((4, 1), 0.7, energy)])
    assert told.startswith(
        "Non-uniform timesteps save no energy at equal accuracy: at best T=(4, 1) (trial 1)"
    )
    assert f"{words}" in told
    assert "0 % more" not in told
    assert "save 0 %" not in told


def test_at_the_best_uniform_accuracy_less_than_half_a_percent_is_nothing() -> None:
    rows = [((2, 2), 0.7, 50e3), ((4, 4), 0.9, 90e3), ((4, 1), 0.75, 30e3), ((4, 2), 0.9, 89.9e3)]
    told = sentence(rows)
    assert told.startswith("Non-uniform timesteps save 40 % energy")
    assert told.endswith("at the best uniform accuracy (T=4, 90.0 %), non-uniform ones save nothing.")


def test_trials_that_break_the_constraints_of_the_run_save_nothing_and_are_no_rivals() -> None:
    rows = [((2, 2), 0.7, 50e3), ((4, 1), 0.7, 20e3), ((8, 8), 0.9, 90e3), ((4, 2), 0.72, 40e3)]
    assert sentence(rows).startswith("Non-uniform timesteps save 60 % energy")
    limited = sentence(rows, {"energy_pj": (30e3, 80e3)})
    assert limited.startswith("Non-uniform timesteps save 20 % energy at equal accuracy: T=(4, 2) (trial 3)")
    assert "T=8" not in limited


def test_without_a_feasible_trial_of_either_kind_the_sentence_says_so() -> None:
    rows = [((2, 2), 0.7, 50e3), ((4, 1), 0.7, 20e3)]
    assert sentence(rows, {"energy_pj": (None, 1e3)}) == (
        "No complete trial keeps the run's constraints, so there is no saving to report."
    )
    assert sentence(rows, {"energy_pj": (None, 30e3)}) == (
        "No uniform configuration that keeps the run's constraints is complete, "
        "so timesteps of the two kinds cannot be compared."
    )


def test_that_no_non_uniform_one_reaches_the_best_uniform_accuracy_is_a_sentence() -> None:
    told = sentence([((2, 2), 0.7, 50e3), ((4, 4), 1.0, 90e3), ((4, 1), 0.75, 30e3)])
    assert told.endswith("; no non-uniform one reaches the best uniform accuracy (T=4, 100.0 %).")


def test_a_kind_that_is_missing_is_not_said_to_be_on_its_way() -> None:
    assert sentence([((2, 2), 0.7, 50e3)]).startswith("No non-uniform configuration is complete, so")
