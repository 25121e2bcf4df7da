"""The best point under the constraints of the run and those of the moment, as people write them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsearch.errors import TsearchError
from tsearch.front import Front, Point
from tsearch.front.constraints import Constraints, both, violation
from tsearch.space.goals import Objective

ACCURACY = Objective(name="accuracy", direction="maximize")
ENERGY = Objective(name="energy_pj", direction="minimize")
ROWS = ((0.5, 1e6, 1e-3), (0.7, 2e6, 2e-3), (0.9, 4e6, 3e-3), (0.8, 5e6, 4e-3))


def front(rows: Sequence[Sequence[float]] = ROWS, constraints: Constraints | None = None) -> Front:
    names = ("accuracy", "energy_pj", "latency_s", "mac")
    points = tuple(
        Point(number, str(number), dict(zip(names, row, strict=False)), (2, 1), (1, 2))
        for number, row in enumerate(rows)
    )
    return Front(points, (ACCURACY, ENERGY), {}, {}, "demo", constraints or {})


def message(front: Front, metric: str, constraints: Any = None) -> str:
    with pytest.raises(TsearchError) as error:
        front.best(metric, constraints)
    assert "\n" not in str(error.value)
    return str(error.value)


LIMITED = front(constraints={"energy_pj": (None, 3e6), "accuracy": (0.6, None)})


def test_the_best_keeps_the_constraints_of_the_run() -> None:
    assert front().best("accuracy").number == 2
    assert LIMITED.best("accuracy").number == 1
    assert LIMITED.best("energy_pj").number == 1
    assert LIMITED.best("accuracy") in LIMITED.points


def test_a_looser_bound_does_not_widen_that_of_the_run_and_a_stricter_one_counts() -> None:
    assert LIMITED.best("accuracy", {"energy_pj": (None, 1e9)}).number == 1
    assert LIMITED.best("energy_pj", {"accuracy": (0.1, 1.0)}).number == 1
    assert "energy at most 1.50 µJ" in message(LIMITED, "accuracy", {"energy_pj": (None, 1.5e6)})


def test_feasible_points_keep_the_constraints_of_the_run_and_the_others_break_one() -> None:
    assert [point.number for point in LIMITED.feasible] == [1]
    assert [point.number for point in LIMITED.infeasible] == [0, 2, 3]
    assert (front().feasible, front().infeasible) == (front().complete, ())
    assert repr(LIMITED) == (
        "Front(demo: 1 of 4 complete trials on the front, 3 outside the run's constraints)"
    )


def test_the_nearest_miss_says_which_bounds_are_those_of_the_run() -> None:
    assert message(LIMITED, "accuracy", {"accuracy": (0.75, None)}) == (
        "run demo: no complete trial has accuracy at least 75.0 % and energy at most 3.00 µJ (set by the run). "
        "The nearest is trial 1 with accuracy 70.0 % (too low), energy 2.00 µJ: loosen a constraint."
    )
    none = front(constraints={"energy_pj": (None, 1e3)})
    assert message(none, "accuracy") == (
        "run demo: no complete trial has energy at most 1.00 nJ (set by the run). "
        "The nearest is trial 0 with energy 1.00 µJ: search on, or start a run with looser constraints."
    )


def test_the_nearest_of_several_constraints_marks_those_that_it_breaks() -> None:
    told = message(front(), "accuracy", {"accuracy": (0.95, None), "energy_pj": (5e6, 9e6)})
    assert "trial 3 with accuracy 80.0 % (too low), energy 5.00 µJ: loosen" in told
    one = front([(0.5, 1e6)], constraints={"area_mm2": (None, 1.0)})
    assert "area mm2 at most 1.00 (set by the run)" in message(one, "accuracy", {"energy": "1uJ"})
    assert "energy 1.00 µJ, area mm2 none (not measured): loosen" in message(
        one, "accuracy", {"energy": "1uJ"}
    )


@pytest.mark.parametrize(
    ("metric", "constraints", "number"),
    [
        ("acc", None, 2),
        ("energy", None, 0),
        ("latency", None, 0),
        ("acc", {"energy": (None, 3e6)}, 1),
        ("accuracy", {"energy_pj": 3e6}, 1),
        ("accuracy", {"energy": "3uJ"}, 1),
        ("accuracy", {"energy": "3 µJ"}, 1),
        ("accuracy", {"energy": (None, "3uJ")}, 1),
        ("accuracy", {"energy": ["1.5uJ", "3uJ"]}, 1),
        ("accuracy", {"energy": np.float32(3e6)}, 1),
        ("accuracy", {"energy": 3_000_000}, 1),
        ("energy", {"acc": 0.8}, 2),
        ("energy", {"accuracy": "80%"}, 2),
        ("energy", {"accuracy": ("75 %", 0.85)}, 3),
        ("accuracy", {"energy": "3uJ", "energy_pj": "5uJ"}, 1),
    ],
)
def test_metrics_and_bounds_as_people_write_them(metric: str, constraints: Any, number: int) -> None:
    assert front().best(metric, constraints).number == number


def test_one_bound_alone_follows_the_direction_of_the_objective() -> None:
    upwards = replace(front(), objectives=(Objective(name="latency_s", direction="maximize"),))
    assert upwards.best("energy", {"latency": "3ms"}).number == 2


@pytest.mark.parametrize(
    ("constraints", "words"),
    [
        ({"accuracy": 80}, "constraint accuracy=80: accuracy is a fraction in [0, 1] or a percentage."),
        ({"energy": "3 miles"}, "constraint energy='3 miles': energy is measured in J"),
        ({"energy": True}, "True is no number. Write for example '50nJ'."),
        ({"energy": {"max": 3}}, "is no number"),
        ({"energy": (1,)}, "a constraint is one bound, or (minimum, maximum)"),
        ({"energy": (2, 1)}, "the minimum is above the maximum"),
        ({"energy": math.nan}, "energy is measured in J"),
        ({"area": 3}, "unknown metric 'area'."),
        (
            {"energy": (None, 1), "latency": (None, None)},
            "trial 0 with energy 1.00 µJ: loosen the constraint.",
        ),
    ],
)
def test_what_is_no_constraint_is_one_line(constraints: Any, words: str) -> None:
    assert words in message(front(), "accuracy", constraints)


def test_a_metric_that_no_trial_measured_as_a_number_has_no_best() -> None:
    assert message(front([(math.nan, 1.0), (math.inf, 2.0)]), "accuracy") == (
        "run demo: accuracy is a finite number in no complete trial."
    )


def test_aliases_and_objectives_are_suggested_first() -> None:
    rows = [(0.5, 1e6, 1e-3, 7.0)]
    assert front(rows).best("acc").number == 0
    assert "Did you mean 'accuracy'?" in message(front(rows), "ac")
    assert "Did you mean 'energy_pj'?" in message(front(rows), "enrgy")
    assert "Did you mean 'accuracy'?" in message(front(rows), "accurracy")
    assert "Did you mean 'mac'?" in message(front(rows), "macs")


def test_a_metric_of_its_own_name_is_not_taken_for_an_alias() -> None:
    points = tuple(Point(n, str(n), {"energy": e, "energy_pj": -e}) for n, e in enumerate((1.0, 2.0)))
    plain = Front(points, (Objective(name="energy", direction="maximize"),), {}, {})
    assert plain.best("energy").number == 1


BOUND = st.one_of(st.none(), st.integers(0, 5).map(float))
CONSTRAINTS = st.dictionaries(st.sampled_from("ab"), st.tuples(BOUND, BOUND))


@given(CONSTRAINTS, CONSTRAINTS, st.dictionaries(st.sampled_from("ab"), st.integers(0, 5).map(float)))
def test_both_constraints_hold_where_each_of_them_does(
    one: Constraints, other: Constraints, metrics: dict[str, float]
) -> None:
    holds = violation(metrics, one) == 0 and violation(metrics, other) == 0
    assert (violation(metrics, both(one, other)) == 0) == holds


def test_constraints_that_are_no_mapping_are_refused_in_one_line() -> None:
    assert message(front(), "accuracy", "energy<3uJ") == (
        "run demo: constraints 'energy<3uJ' are none. Write for example {'energy': '3uJ'}."
    )
