"""The projection functions, against closed forms of arXiv 2401.10843 and its supplement."""

from math import pi, sin

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from tsearch.networks.window_modules.fusion import FUSIONS

THRESHOLD = 0.5
numbers = some.floats(-50, 50)


def fused(name: str, a: float, b: float, theta: float = 0.5) -> float:
    return FUSIONS[name](
        torch.tensor(a, dtype=torch.double), torch.tensor(b, dtype=torch.double), theta
    ).item()


@pytest.mark.parametrize(
    ("theta", "exact"), [(0.1, 0.0583), (0.3, 0.1616), (0.5, 0.2280), (0.7, 0.2430), (0.9, 0.2044)]
)
def test_the_area_above_the_threshold_is_that_of_the_supplements_equation_6(
    theta: float, exact: float
) -> None:
    """The integral of product over [.5, 1] x [.5, 1] by midpoints."""
    middles = (torch.arange(400, dtype=torch.double) + 0.5) / 800 + THRESHOLD
    found = FUSIONS["product"](middles[:, None], middles[None], theta).mean().item() * THRESHOLD**2
    angle = theta * pi * THRESHOLD
    closed = 16 * sin(3 * angle / 2) * sin(angle / 4) ** 2 / (theta * pi) ** 2
    assert found == pytest.approx(closed, abs=1e-4)
    assert found == pytest.approx(exact, abs=1e-4)


@given(numbers, some.floats(0.1, 1))
def test_on_the_diagonal_the_product_is_one_sine(x: float, theta: float) -> None:
    assert fused("product", x, x, theta) == pytest.approx(sin(theta * pi * x), abs=1e-12)


@given(numbers, numbers, some.floats(0.1, 1), some.sampled_from(["product", "nested"]))
def test_what_is_projected_is_at_most_2_odd_in_the_first_and_even_in_the_second(
    a: float, b: float, theta: float, name: str
) -> None:
    value = fused(name, a, b, theta)
    assert abs(value) <= 2
    assert fused(name, -a, b, theta) == pytest.approx(-value, abs=1e-12)
    assert fused(name, a, -b, theta) == pytest.approx(value, abs=1e-12)


def test_the_nested_form_of_the_code_differs_from_the_product_of_the_paper_but_for_small_membranes() -> None:
    assert fused("nested", 2, 1) == pytest.approx(2 * sin(pi / 2 * 0.5**0.5))
    assert fused("product", 2, 1) == pytest.approx(2 * 0.5**0.5)
    assert fused("nested", 1e-4, 1) == pytest.approx(fused("product", 1e-4, 1), rel=1e-6)


def test_the_other_functions_are_those_that_the_paper_compares() -> None:
    a, b = 0.3, -0.5
    expected = {"sum": a + b, "mean": (a + b) / 2, "relu": 0.0, "m1": a, "m2": b}
    assert {name: fused(name, a, b) for name in expected} == pytest.approx(expected)
    assert fused("tanh", a, b) == pytest.approx(torch.tanh(torch.tensor(a + b)).item())
    assert fused("sigmoid", a, b) == pytest.approx(torch.sigmoid(torch.tensor(a + b)).item())
