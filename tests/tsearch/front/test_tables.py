"""A front in one line, as a table of pandas, and in a notebook."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tsearch
from tsearch.configuration import Configuration, Phase, Result
from tsearch.engine.run_folder import Trial
from tsearch.errors import TsearchError
from tsearch.front import Front, Point
from tsearch.space.goals import Objective

ACCURACY = Objective(name="accuracy", direction="maximize")
ENERGY = Objective(name="energy_pj", direction="minimize")
BOX = {"accuracy": 0.1, "energy_pj": 1e7}, {"accuracy": 1.0, "energy_pj": 1e4}


def trial(number: int, accuracy: float, energy_pj: float, **settings: Any) -> Trial:
    leading = (Phase(timesteps=(8, 8), epochs=6),) if number % 2 else ()
    configuration = Configuration(
        stages=(1, 2), schedule=(*leading, Phase(timesteps=(6, 3), epochs=20)), **settings
    )
    metrics = {"accuracy": accuracy, "energy_pj": energy_pj}
    result = Result(configuration=configuration, budget=20, metrics=metrics, seconds=1.5 + number)
    return Trial(number, configuration.key, "complete", "proposed", configuration, result)


def front(n: int = 3, name: str = "demo") -> Front:
    trials = [
        trial(0, 0.5, 1e5, neuron={"tau": 3.0}, training={"learning_rate": 0.01}),
        trial(1, 0.8, 2e5, training={"learning_rate": 0.02}),
        trial(2, 0.9, 4e6, training={"learning_rate": 0.005}),
    ]
    return Front.of_trials(trials[:n], (ACCURACY, ENERGY), reference=BOX[0], ideal=BOX[1], name=name)


def test_the_repr_of_a_front_is_one_short_line() -> None:
    many = Front(front().complete * 1000, (ACCURACY, ENERGY), *BOX, "demo")
    assert len(repr(many)) < 150
    assert repr(front()) == (
        "Front(demo: 3 of 3 complete trials on the front, hypervolume 0.500, knee T=(6, 3) after 8 (trial 1))"
    )
    assert repr(front(1, name="")) == "Front(1 of 1 complete trial on the front, hypervolume 0.296)"
    assert repr(Front((), (ACCURACY,), {}, {})) == "Front(0 of 0 complete trials on the front)"


def test_the_repr_of_a_point_is_one_short_line() -> None:
    point = front().complete[1]
    assert repr(point) == "Point(trial 1: T=(6, 3) after 8, accuracy 80.0 %, energy 200 nJ)"
    metrics = {f"metric_{number}": float(number) for number in range(50)}
    assert len(repr(Point(0, "0" * 16, metrics))) < 150


def test_a_table_has_what_differs_between_trials_by_its_name_in_space_files_and_the_seconds() -> None:
    table = front().to_pandas()
    assert list(table.columns) == [
        *("trial", "on_front", "knee", "origin", "stages", "timesteps", "accuracy", "energy_pj"),
        *("schedule", "neuron.tau", "training.learning_rate", "seconds"),
    ]
    assert table["neuron.tau"].tolist() == [3.0, 2.0, 2.0]
    assert table["training.learning_rate"].tolist() == [0.01, 0.02, 0.005]
    assert table.seconds.tolist() == [1.5, 2.5, 3.5]
    assert table.schedule.tolist() == [
        "6, 3 for 20 epochs",
        "8, 8 for 6 epochs, then 6, 3 for 20",
        "6, 3 for 20 epochs",
    ]


def test_a_notebook_shows_the_front_with_units_and_the_summary() -> None:
    html = front()._repr_html_()
    assert "run demo: 3 of 3 complete trials on the front, hypervolume 0.500" in html
    assert "<td>T=(6, 3) after 8</td><td>80.0 %</td><td>200 nJ</td><td>knee</td>" in html
    assert html.count("<tr>") == 4
    assert "<script" not in html
    assert not re.search("<[^>]*=", html)  # no attributes, so nothing that is run


def test_a_table_says_which_trials_keep_the_constraints_of_the_run() -> None:
    limited = replace(front(), constraints={"energy_pj": (None, 3e5)}).to_pandas()
    assert list(limited.columns)[:5] == ["trial", "on_front", "knee", "feasible", "origin"]
    assert limited.feasible.tolist() == [True, True, False]
    assert "feasible" not in front().to_pandas().columns


def test_a_notebook_shows_the_nearest_misses_where_no_trial_keeps_the_constraints() -> None:
    html = replace(front(), constraints={"energy_pj": (None, 8e4)})._repr_html_()
    assert "No complete trial has energy at most 80.0 nJ. The nearest misses:" in html
    assert "<tbody><tr><td>0</td>" in html
    assert "<td>misses by 25 %</td>" in html
    assert html.count("<tr>") == 4
    assert front(0)._repr_html_() == "<p>run demo: 0 of 0 complete trials on the front, hypervolume 0.000</p>"


def test_tables_list_trials_by_number_and_the_curve_in_the_order_of_finishing() -> None:
    first, second, third = front().complete
    late = replace(front(), complete=(third, first, second))
    assert late.to_pandas().trial.tolist() == [0, 1, 2]
    assert [point.number for point in late.complete] == [2, 0, 1]


def test_a_front_is_that_of_a_run_given_by_its_folder(tmp_path: Path) -> None:
    def loss(parameters: dict[str, float]) -> dict[str, float]:
        return {"loss": parameters["x"]}

    goals = {
        "objectives": {"loss": "minimize"},
        "runs": tmp_path,
        "listener": tsearch.quiet,
        "executor": "inline",
    }
    run = tsearch.run({"x": [1.0, 2.0]}, loss, trials=2, **goals)  # type: ignore[arg-type]
    assert Front.of(str(run.folder)).complete == Front.of(run.folder).complete == Front.of(run).complete
    with pytest.raises(TsearchError, match="no_such_run"):
        Front.of("no_such_run")


def test_names_in_a_notebook_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    objective = Objective(name=evil, direction="minimize")
    points = (
        Point(0, "", {evil: 1.0}, parameters={evil: evil}),
        Point(1, "", {evil: 1.0}, parameters={"a": evil}),
    )
    assert "<script" not in Front(points, (objective,), {}, {}, evil)._repr_html_()


def test_an_installed_package_tells_type_checkers_that_it_is_typed() -> None:
    import hwcost

    for package in (hwcost, tsearch):
        assert (Path(package.__file__).parent / "py.typed").is_file()
