"""Quantities in, quantities out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsearch.errors import TsearchError
from tsearch.units import (
    counted,
    display_unit,
    duration_text,
    format_value,
    metric_name,
    parse,
    parse_constraint,
    title,
    value_of,
    violation,
)


@pytest.mark.parametrize(
    ("text", "metric", "value"),
    [
        ("50nJ", "energy_pj", 50e3),
        ("1.5 uJ", "energy_pj", 1.5e6),
        ("1.5 µJ", "energy_pj", 1.5e6),
        ("120 pJ", "energy_pj", 120),
        ("120", "energy_pj", 120),
        ("2ms", "latency_s", 2e-3),
        ("1e-3", "latency_s", 1e-3),
        ("64KiB", "footprint_bits", 64 * 1024 * 8),
        ("512 bit", "footprint_bits", 512),
        ("75%", "accuracy", 0.75),
        (".75", "accuracy", 0.75),
        ("2.5", "mean_timesteps", 2.5),
    ],
)
def test_a_quantity_is_read_in_the_unit_of_its_metric(text: str, metric: str, value: float) -> None:
    assert parse(text, metric) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "metric", "message"),
    [
        ("50ms", "energy_pj", "energy is measured in J: fJ, pJ, nJ, uJ, mJ, J."),
        ("50nj", "energy_pj", "Did you mean 'nJ'?"),
        ("50nJ", "latency_s", "latency is measured in s: ns, us, ms, s, min, h."),
        ("64Kb", "footprint_bits", "Did you mean 'kB'?"),
        (
            "75",
            "accuracy",
            "accuracy is a fraction in [0, 1] or a percentage. Write for example 0.75 or 75%.",
        ),
        ("-1%", "accuracy", "accuracy is a fraction"),
        ("1e999", "energy_pj", "Write for example 50nJ."),
        ("3 nJ", "mean_timesteps", "mean timesteps is a plain number: no unit."),
        ("nJ", "energy_pj", "is not a number with a unit"),
        ("inf", "energy_pj", "is not a number with a unit"),
        ("", "energy_pj", "is not a number with a unit"),
        ("1.2.3", "energy_pj", "energy is measured in J"),
    ],
)
def test_a_wrong_quantity_is_one_line(text: str, metric: str, message: str) -> None:
    with pytest.raises(TsearchError) as error:
        parse(text, metric)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_constraints_know_short_names_and_say_what_was_typed() -> None:
    assert parse_constraint("energy=50nJ") == ("energy_pj", 50e3)
    assert parse_constraint("accuracy=75%", "--min") == ("accuracy", 0.75)
    with pytest.raises(TsearchError, match=r"^--max energy=50ms: energy is measured in J: .*pJ, nJ, uJ, mJ"):
        parse_constraint("energy=50ms")
    for text in ("energy", "=5nJ"):
        with pytest.raises(TsearchError, match="a constraint is METRIC=VALUE"):
            parse_constraint(text)


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (61234.0, "energy_pj", "61.2 nJ"),
        (999960.0, "energy_pj", "1.00 µJ"),
        (0.25, "energy_pj", "0.250 pJ"),
        (0.0, "energy_pj", "0 pJ"),
        (0.00123, "latency_s", "1.23 ms"),
        (0.8204, "accuracy", "82.0 %"),
        (8.0 * 1536, "footprint_bits", "1.50 KiB"),
        (10 / 3, "mean_timesteps", "3.33"),
        (1234567.0, "n_spikes", "1230000"),
        (float("nan"), "energy_pj", "none"),
    ],
)
def test_values_are_written_for_people(value: float, metric: str, text: str) -> None:
    assert format_value(value, metric) == text


@given(
    st.floats(min_value=1e-3, max_value=1e15),
    st.sampled_from(["energy_pj", "footprint_bits", "mean_timesteps"]),
)
def test_what_is_written_can_be_read_back(value: float, metric: str) -> None:
    assert parse(format_value(value, metric), metric) == pytest.approx(value, rel=0.006)


@given(st.floats(min_value=1e-12, max_value=1e15))
def test_the_displayed_number_is_between_1_and_1000(value: float) -> None:
    unit, factor = display_unit("energy_pj", value)
    assert 1 <= value / factor < 1000 or unit in ("pJ", "J")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (89, "1 min"), (3599, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_durations_are_rounded_as_people_say_them(seconds: float, words: str) -> None:
    assert duration_text(seconds) == words


def test_one_is_counted_in_the_singular() -> None:
    assert [counted(n, "trial") for n in (0, 1, 2)] == ["0 trials", "1 trial", "2 trials"]


def test_a_value_is_a_number_or_text_with_a_unit() -> None:
    assert value_of(3, "energy_pj") == 3.0
    assert value_of("3uJ", "energy_pj") == 3e6
    for wrong in (True, None, [1], "fast", math.inf):
        with pytest.raises(TsearchError, match=r"^here: "):
            value_of(wrong, "energy_pj", "here")


def test_names() -> None:
    assert metric_name("latency") == "latency_s"
    assert metric_name("acc") == "accuracy"
    assert metric_name("accuracy") == "accuracy"
    assert (title("energy_pj"), title("mean_timesteps")) == ("energy", "mean timesteps")


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (5, None, None, 0),
        (5, 1, 10, 0),
        (12, 1, 10, 0.2),
        (0.5, 1, 10, 0.5),
        (3, None, 0, 3),
        (math.nan, 1, None, math.inf),
    ],
)
def test_a_constraint_is_violated_by_a_part_of_its_bound(value, low, high, expected) -> None:
    assert violation(value, low, high) == pytest.approx(expected)
