"""Fronts of configurations that are no networks: parameters in place of timesteps, and no box where none is known."""

from typing import Any

import pytest

from tsearch.configuration import Configuration, Phase, Result
from tsearch.engine.run_folder import Trial
from tsearch.front import Front, compare
from tsearch.front.point import setting_names, setting_text
from tsearch.frozen import content_hash
from tsearch.replication.confirmation.sentences import candidate_sentence
from tsearch.space.goals import Objective

LOSS = Objective(name="loss", direction="minimize")
SIZE = Objective(name="size", direction="minimize")
ROWS = ((0.1, 8, 0.9, 1.0), (0.01, 16, 0.3, 4.0), (0.02, 16, 0.25, 9.0), (0.5, 16, 0.8, 9.0))


def trial(number: int, learning_rate: float, width: int, loss: float, size: float) -> Trial:
    configuration: Any = {"learning_rate": learning_rate, "width": width}
    result = Result(configuration=configuration, budget=1, metrics={"loss": loss, "size": size})
    return Trial(number, content_hash(configuration), "complete", "proposed", configuration, result)


def front(**box: Any) -> Front:
    trials = [trial(number, *row) for number, row in enumerate(ROWS)]
    return Front.of_trials(
        trials, (LOSS, SIZE), reference=box.get("reference", {}), ideal=box.get("ideal", {}), name="plain"
    )


def test_points_hold_the_parameters() -> None:
    point = front().complete[1]
    assert point.settings == {"learning_rate": 0.01, "width": 16}
    assert (point.timesteps, point.stages, point.is_uniform) == ((), (), False)
    assert setting_names(front().complete) == ["learning_rate", "width"]


def test_the_front_needs_no_box_but_the_hypervolume_does() -> None:
    boxless = front()
    assert {point.number for point in boxless.points} == {0, 1, 2}
    assert [point.number for point in boxless.dominated] == [3]
    assert boxless.best("loss", {"size": (None, 5)}).number == 1
    assert (boxless.hypervolume, boxless.hypervolume_curve, boxless.knee) == (None, (), None)
    boxed = front(reference={"loss": 1.0, "size": 10.0}, ideal={"loss": 0.1, "size": 1.0})
    assert boxed.hypervolume is not None
    assert boxed.knee is not None
    assert boxed.knee.number == 1
    half = front(reference={"loss": 1.0, "size": 10.0}, ideal={"loss": 0.1})
    assert half.hypervolume is None


def test_nothing_is_said_about_timesteps() -> None:
    assert candidate_sentence(front()) == ""


def test_a_table_has_a_column_per_parameter() -> None:
    table = front().to_pandas()
    assert list(table.columns) == [
        *("trial", "on_front", "knee", "origin"),
        *("learning_rate", "width", "loss", "size"),
    ]
    assert table.width.tolist() == [8, 16, 16, 16]


def test_fronts_without_a_box_are_compared_by_dominance_alone() -> None:
    comparison = compare(front(), front(reference={"loss": 1.0, "size": 10.0}, ideal={"loss": 0, "size": 1}))
    assert (comparison.hypervolume_a, comparison.hypervolume_b, comparison.reference) == (None, None, {})
    assert (comparison.covered_a, comparison.covered_b) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((6, 3, 1), "6, 3, 1"),
        (0.0123456, "0.01235"),
        (1e-5, "1e-05"),
        ("adam", "adam"),
        (True, "True"),
        (None, ""),
    ],
)
def test_settings_as_text(value: Any, text: str) -> None:
    assert setting_text(value) == text


def test_unfinished_trials_are_not_on_the_front() -> None:
    configuration = Configuration(stages=(3,), schedule=(Phase(timesteps=(2,), epochs=1),))
    running = Trial(0, configuration.key, "running", "proposed", configuration)
    assert Front.of_trials([running], (LOSS,), reference={}, ideal={}).complete == ()
