"""Surrogates: peak 1/width, area 1, symmetric."""

import pytest
import torch

from tsearch.networks.neuron.surrogate import SURROGATES, heaviside, surrogate_derivative


@pytest.mark.parametrize("name", sorted(SURROGATES))
@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_area_is_one_and_peak_is_one_over_width(name: str, width: float) -> None:
    distance = torch.linspace(-2000, 2000, 4_000_001, dtype=torch.float64)
    values = surrogate_derivative(name, distance, width)
    assert torch.trapezoid(values, distance).item() == pytest.approx(1, abs=2e-3)
    assert values.max().item() == pytest.approx(1 / width, rel=1e-6)
    torch.testing.assert_close(values, values.flip(0))


def test_rectangular_is_zero_from_half_the_width_on() -> None:
    """SSNN 12."""
    distance = torch.tensor([-0.5, -0.49, 0.0, 0.49, 0.5])
    assert surrogate_derivative("rectangular", distance, 1.0).tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("name", sorted(SURROGATES))
def test_a_value_does_not_depend_on_its_place_in_the_tensor(name: str) -> None:
    distance = torch.randn(1, generator=torch.Generator().manual_seed(1)).expand(101)
    values = surrogate_derivative(name, distance.contiguous(), 1.3)
    assert torch.equal(values, values[:1].expand(101))


@pytest.mark.parametrize("name", sorted(SURROGATES))
def test_the_step_is_one_from_zero_on_and_its_gradient_is_the_surrogate(name: str) -> None:
    distance = torch.tensor([-2.0, -0.3, 0.0, 0.3, 2.0], dtype=torch.float64, requires_grad=True)
    spikes = heaviside(name, 1.5)(distance)
    assert spikes.tolist() == [0, 0, 1, 1, 1]
    (gradient,) = torch.autograd.grad(spikes, distance, torch.full_like(distance, 2))
    assert torch.equal(gradient, 2 * surrogate_derivative(name, distance.detach(), 1.5))
