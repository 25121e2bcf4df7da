"""Dominance, hypervolume, knee, choice and comparison against brute force and numbers worked out by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsearch.errors import TsearchError
from tsearch.front import Front, Point, compare
from tsearch.front.gains import gain
from tsearch.front.staircase import staircase
from tsearch.space.goals import Objective

ACCURACY = Objective(name="accuracy", direction="maximize")
ENERGY = Objective(name="energy_pj", direction="minimize")
LATENCY = Objective(name="latency_s", direction="minimize")
NAMES = ("accuracy", "energy_pj", "latency_s", "footprint_bits")
REFERENCE = {"accuracy": 0.0, "energy_pj": 100.0, "latency_s": 100.0, "footprint_bits": 100.0}
IDEAL = {"accuracy": 1.0, "energy_pj": 1.0, "latency_s": 1.0, "footprint_bits": 1.0}


def make(
    rows: Sequence[Sequence[float]], objectives: tuple[Objective, ...] = (ACCURACY, ENERGY), name: str = ""
) -> Front:
    points = tuple(
        Point(number, f"{number:016x}", dict(zip(NAMES, row, strict=False)), (2, 1), (1, 2))
        for number, row in enumerate(rows)
    )
    return Front(points, objectives, REFERENCE, IDEAL, name)


def objectives_for(n: int) -> tuple[Objective, ...]:
    return (ACCURACY, *(Objective(name=name, direction="minimize") for name in NAMES[1:n]))


def numbers(points: Sequence[Point]) -> set[int]:
    return {point.number for point in points}


def brute_force(rows: np.ndarray) -> set[int]:
    losses = rows * np.array([-1] + [1] * (rows.shape[1] - 1))
    return {
        i
        for i, mine in enumerate(losses)
        if not any((other <= mine).all() and (other < mine).any() for other in losses)
    }


@st.composite
def clouds(draw: st.DrawFn) -> list[list[float]]:
    n = draw(st.integers(2, 4))
    row = st.tuples(
        st.integers(0, 6).map(lambda k: k / 6), *[st.integers(1, 7).map(float) for _ in range(n - 1)]
    )
    return [list(values) for values in draw(st.lists(row, min_size=0, max_size=14))]


@given(clouds())
def test_the_front_is_what_brute_force_finds_and_equal_points_stay(rows: list[list[float]]) -> None:
    n = len(rows[0]) if rows else 2
    front = make(rows, objectives_for(n))
    expected = brute_force(np.array(rows)) if rows else set()
    assert numbers(front.points) == expected
    assert numbers(front.dominated) == set(range(len(rows))) - expected


@given(clouds(), st.randoms(use_true_random=False))
def test_the_front_and_its_hypervolume_do_not_depend_on_the_order(rows: list[list[float]], rng) -> None:  # type: ignore[no-untyped-def]
    n = len(rows[0]) if rows else 2
    front, shuffled = make(rows, objectives_for(n)), list(rows)
    rng.shuffle(shuffled)
    other = make(shuffled, objectives_for(n))
    assert sorted(map(tuple, (p.metrics.values() for p in front.points))) == sorted(
        map(tuple, (p.metrics.values() for p in other.points))
    )
    assert front.hypervolume == pytest.approx(other.hypervolume)


@given(clouds())
def test_the_hypervolume_curve_rises_from_prefix_to_prefix(rows: list[list[float]]) -> None:
    objectives = objectives_for(len(rows[0]) if rows else 2)
    curve = make(rows, objectives).hypervolume_curve
    assert list(curve) == sorted(curve)
    assert len(curve) == len(rows)
    for n, value in enumerate(curve, start=1):
        assert value == pytest.approx(make(rows[:n], objectives).hypervolume, abs=1e-12)


@given(clouds())
def test_the_hypervolume_is_the_part_of_a_fine_grid_that_is_covered(rows: list[list[float]]) -> None:
    front = make([row[:2] for row in rows])
    gains = front.gains(front.complete)
    middles = (np.arange(200) + 0.5) / 200
    x, y = np.meshgrid(middles, middles)
    covered = np.zeros_like(x, dtype=bool)
    for a, b in gains:
        covered |= (x < a) & (y < b)
    assert front.hypervolume == pytest.approx(covered.mean(), abs=0.012)


def test_the_hypervolume_of_one_and_two_points_by_hand() -> None:
    # energy 10 of a box from 100 to 1 is half of it by logarithm
    assert make([[0.5, 10.0]]).hypervolume == pytest.approx(0.25)
    assert make([[0.5, 10.0], [0.75, 10 * math.sqrt(10)]]).hypervolume == pytest.approx(0.25 + 0.25 * 0.25)
    assert make([[0.5, 10.0, 10.0]], objectives_for(3)).hypervolume == pytest.approx(0.125)
    assert make([[1.0, 1.0]]).hypervolume == 1.0
    assert make([[1.0, 0.01]]).hypervolume == 1.0  # better than the ideal counts as ideal
    assert make([]).hypervolume == 0.0


@pytest.mark.parametrize("row", [[0.0, 1.0], [-0.5, 1.0], [1.0, 100.0], [1.0, 1000.0], [1.0, math.inf]])
def test_points_at_or_beyond_the_reference_count_nothing(row: list[float]) -> None:
    assert make([row]).hypervolume == 0.0
    assert make([[0.5, 10.0], row]).hypervolume == pytest.approx(0.25)


def test_a_gain_is_linear_upwards_logarithmic_for_costs_and_total_without_width() -> None:
    assert gain(0.55, 0.1, 1.0, "maximize") == pytest.approx(0.5)
    assert gain(10.0, 100.0, 1.0, "minimize") == pytest.approx(0.5)
    assert gain(0.5, 1.0, 0.0, "minimize") == pytest.approx(0.5)  # no logarithm of an ideal of 0
    assert gain(0.0, 100.0, 1.0, "minimize") == 1.0
    assert [gain(v, 5.0, 5.0, "minimize") for v in (4.0, 5.0, 6.0)] == [1.0, 1.0, 0.0]
    assert [gain(v, 5.0, 5.0, "maximize") for v in (4.0, 5.0, 6.0)] == [0.0, 1.0, 1.0]
    assert gain(math.nan, 0.0, 1.0, "maximize") == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_on_the_front_and_pushes_nobody_off(bad: float) -> None:
    front = make([[0.5, 10.0], [bad, 0.5], [0.9, bad], [0.4, 5.0]])
    assert numbers(front.points) == {0, 3}
    assert numbers(front.dominated) == {1, 2}
    assert front.hypervolume == make([[0.5, 10.0], [0.4, 5.0]]).hypervolume


def test_a_missing_objective_keeps_a_point_off_the_front() -> None:
    assert numbers(make([[0.5, 10.0], [0.9]]).points) == {0}


def test_points_come_cheapest_first() -> None:
    assert [p.number for p in make([[0.9, 50.0], [0.5, 5.0], [0.7, 20.0]]).points] == [1, 2, 0]


@given(clouds())
def test_the_knee_of_two_objectives_is_furthest_from_the_line_through_the_ends(
    rows: list[list[float]],
) -> None:
    front = make([row[:2] for row in rows])
    gains = front.gains(front.points, clip=False)
    knee = front.knee
    if len({tuple(row) for row in gains}) < 3:
        assert knee is None
        return
    first, last = gains[gains[:, 0].argmin()], gains[gains[:, 0].argmax()]
    along = last - first
    offsets = [along[0] * (g[1] - first[1]) - along[1] * (g[0] - first[0]) for g in gains]
    if max(offsets) < 1e-9:
        assert knee is None
    elif max(offsets) > 1e-6:
        assert knee is not None
        chosen = next(o for o, p in zip(offsets, front.points, strict=True) if p == knee)
        assert chosen == pytest.approx(max(offsets))


def test_the_knee_by_hand() -> None:
    ends = [[0.0, 1.0], [1.0, 100.0]]
    front = make([*ends, [0.9, 10.0], [0.6, 10 / math.sqrt(10)]])
    assert front.knee is not None
    assert front.knee.number == 2
    assert make([*ends, [0.4, 10.0]]).knee is None  # inside the line: nothing stands out
    assert make(ends).knee is None


def test_the_knee_of_three_objectives_survives_costs_that_move_together() -> None:
    rows = [[0.3, 1.0, 1.1], [0.31, 1.1, 1.0], [0.8, 4.0, 4.0], [0.9, 60.0, 60.0]]
    knee = make(rows, (ACCURACY, ENERGY, LATENCY)).knee
    assert knee is not None
    assert knee.number == 2


def test_best_keeps_constraints_and_breaks_ties_by_the_other_objectives() -> None:
    front = make([[0.5, 10.0], [0.9, 60.0], [0.9, 40.0], [0.95, 90.0], [math.nan, 1.0]], name="demo")
    assert front.best("accuracy").number == 3
    assert front.best("accuracy", {"energy_pj": (None, 80.0)}).number == 2
    assert front.best("energy_pj", {"accuracy": (0.6, None)}).number == 2
    assert front.best("energy_pj", {"accuracy": (0.9, 0.92), "energy_pj": (50.0, None)}).number == 1
    assert make([[0.5, 10.0, 3.0, 8.0], [0.6, 20.0, 3.0, 4.0]]).best("footprint_bits").number == 1


def test_best_says_the_nearest_miss() -> None:
    front = make([[0.5, 10.0], [0.9, 60.0]], name="demo")
    with pytest.raises(TsearchError) as error:
        front.best("accuracy", {"energy_pj": (None, 8.0)})
    assert str(error.value) == (
        "run demo: no complete trial has energy at most 8.00 pJ. "
        "The nearest is trial 0 with energy 10.0 pJ: loosen the constraint."
    )
    with pytest.raises(
        TsearchError, match=r"at least 85\.0 % and energy at most 50\.0 pJ\. The nearest is trial 1"
    ):
        front.best("accuracy", {"accuracy": (0.85, None), "energy_pj": (None, 50.0)})
    with pytest.raises(TsearchError, match=r"unknown metric 'energi_pj'\. Did you mean 'energy_pj'\?"):
        front.best("accuracy", {"energi_pj": (None, 8.0)})
    with pytest.raises(TsearchError, match="no trial is complete yet"):
        make([]).best("accuracy")


@given(clouds())
def test_the_best_without_constraints_is_on_the_front(rows: list[list[float]]) -> None:
    if rows:
        front = make(rows, objectives_for(len(rows[0])))
        for objective in front.objectives:
            assert front.best(objective.name).number in numbers(front.points)


def test_to_pandas_has_a_row_per_complete_trial() -> None:
    front = make([[0.0, 1.0], [1.0, 100.0], [0.9, 10.0], [0.8, 20.0, 3.0]])
    table = front.to_pandas()
    assert list(table.columns) == [
        *("trial", "on_front", "knee", "origin", "stages", "timesteps"),
        *("accuracy", "energy_pj", "latency_s"),
    ]
    assert table.trial.tolist() == [0, 1, 2, 3]
    assert table.on_front.tolist() == [True, True, True, False]
    assert table.knee.tolist() == [False, False, True, False]
    assert table.timesteps.tolist() == [(2, 1)] * 4
    assert table.latency_s.isna().tolist() == [True, True, True, False]
    assert len(make([]).to_pandas()) == 0


def test_two_fronts_are_measured_in_one_box() -> None:
    a = Front(make([[0.5, 10.0]]).complete, (ACCURACY, ENERGY), {"accuracy": 0.2, "energy_pj": 50.0}, IDEAL)
    b = Front(make([[0.75, 10.0], [0.4, 20.0]]).complete, (ACCURACY, ENERGY), REFERENCE, IDEAL)
    result = compare(a, b)
    assert result.reference == {"accuracy": 0.0, "energy_pj": 100.0}
    assert result.ideal == {"accuracy": 1.0, "energy_pj": 1.0}
    assert result.hypervolume_a == pytest.approx(0.25)
    assert result.hypervolume_b == pytest.approx(0.375)
    assert (result.covered_a, result.covered_b) == (1.0, 0.0)
    with pytest.raises(TsearchError, match="different objectives"):
        compare(a, make([[0.5, 10.0, 3.0]], objectives_for(3)))


def trial(
    number: int, timesteps: tuple[int, ...], accuracy: float, energy: float, n: int | None = 300
) -> Point:
    metrics = {"accuracy": accuracy, "energy_pj": energy}
    return Point(number, f"{number:016x}", metrics, timesteps, (1,) * len(timesteps), n_validation=n)


points_in = st.builds(
    trial,
    st.integers(0, 99),
    st.sampled_from([(1, 1), (2, 2), (4, 4), (2, 1), (4, 1), (4, 2)]),
    st.integers(0, 10).map(lambda k: k / 10),
    st.integers(1, 10).map(float),
)


@given(st.lists(points_in, max_size=12))
def test_the_staircase_is_what_no_other_point_beats(points: list[Point]) -> None:
    losses = {id(p): (-p.metrics["accuracy"], p.metrics["energy_pj"]) for p in points}

    def is_beaten(p: Point) -> bool:
        return any(
            all(a <= b for a, b in zip(losses[id(q)], losses[id(p)], strict=True))
            and losses[id(q)] != losses[id(p)]
            for q in points
        )

    unbeaten = {losses[id(p)] for p in points if not is_beaten(p)}
    assert {losses[id(p)] for p in staircase(points, "energy_pj")} == unbeaten
