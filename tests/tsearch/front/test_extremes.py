"""Finite numbers, however large or small, never end in a traceback and never leave the scale."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tsearch.front import Front, Point
from tsearch.front.gains import gain
from tsearch.replication.confirmation.sentences import candidate_sentence
from tsearch.space.goals import Objective
from tsearch.units import format_value

ACCURACY = Objective(name="accuracy", direction="maximize")
ENERGY = Objective(name="energy_pj", direction="minimize")
LOSS = Objective(name="loss", direction="minimize")
EDGES = (1.7976931348623157e308, 1e308, 1e-308, 5e-324, 0.0, 1.0, 100.0)
VALUE = st.one_of(
    st.sampled_from([*EDGES, *(-edge for edge in EDGES)]), st.floats(allow_nan=False, allow_infinity=False)
)
ROW = st.tuples(VALUE, VALUE, VALUE, st.sampled_from([(1, 1), (2, 2), (2, 1)]))
WIDE = (
    {"accuracy": -1e308, "energy_pj": 1e308, "loss": 1e308},
    {"accuracy": 1e308, "energy_pj": 1e-308, "loss": -1e308},
)
NARROW = (
    {"accuracy": 0.0, "energy_pj": 100.0, "loss": 5e-324},
    {"accuracy": 5e-324, "energy_pj": 99.99999999999999, "loss": 0.0},
)
USUAL = ({"accuracy": 0.1, "energy_pj": 100.0, "loss": 1.0}, {"accuracy": 1.0, "energy_pj": 1.0, "loss": 0.0})


def front(
    rows: list[tuple[float, float, float, tuple[int, ...]]], box: tuple[dict[str, float], ...]
) -> Front:
    points = tuple(
        Point(
            number,
            str(number),
            {"accuracy": a, "energy_pj": e, "loss": loss},
            timesteps,
            (1, 2),
            n_validation=300,
        )
        for number, (a, e, loss, timesteps) in enumerate(rows)
    )
    return Front(points, (ACCURACY, ENERGY, LOSS), *box)


@given(st.lists(ROW, max_size=8), st.sampled_from([WIDE, NARROW, USUAL]))
@example([(0.5, 10.0, 0.5, (1, 1)), (0.6, 20.0, 1e308, (2, 1)), (0.7, 30.0, -1e308, (2, 2))], USUAL)
@example(
    [(1.7e308, 1.7e308, 1.7e308, (1, 1)), (1.7e308, 1.7e308, 1.7e308, (1, 1)), (1.0, 1.0, 1.0, (2, 1))], WIDE
)
def test_knee_gains_and_hypervolume_hold_for_all_finite_values(
    rows: list[tuple[float, float, float, tuple[int, ...]]], box: tuple[dict[str, float], ...]
) -> None:
    shown = front(rows, box)
    assert shown.knee is None or shown.knee in shown.points
    assert np.isfinite(shown.gains(shown.complete, clip=False)).all()
    assert shown.hypervolume is not None
    assert 0 <= shown.hypervolume <= 1
    assert len(shown.hypervolume_curve) == len(rows)
    assert "\n" not in candidate_sentence(shown)
    assert len(candidate_sentence(shown)) < 600
    assert repr(shown)
    assert shown._repr_html_()
    if rows:
        assert len(shown.to_pandas()) == len(rows)
        assert (
            shown.best("accuracy", {"loss": (None, 1.7e308)}) if any(r[2] <= 1.7e308 for r in rows) else True
        )


@given(VALUE, VALUE, VALUE, st.sampled_from(["maximize", "minimize"]))
def test_a_gain_is_finite_and_grows_with_what_is_better(
    a: float, b: float, ideal: float, direction: str
) -> None:
    worse, better = sorted((a, b), reverse=direction == "minimize")
    if math.copysign(1, ideal - 1.0) == (1 if direction == "maximize" else -1):  # the ideal is better than 1
        gains = [min(max(gain(value, 1.0, ideal, direction), 0.0), 1.0) for value in (worse, better)]
        assert gains == sorted(gains)
    assert math.isfinite(gain(a, b, ideal, direction))


@pytest.mark.parametrize("value", EDGES)
@pytest.mark.parametrize("metric", ["accuracy", "energy_pj", "latency_s", "footprint_bits", "loss"])
def test_the_text_of_an_extreme_value_is_short(value: float, metric: str) -> None:
    assert len(format_value(value, metric)) < 24
    assert len(format_value(-value, metric)) < 24
