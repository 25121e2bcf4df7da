"""The spikes that enter the windows of a block."""

import pytest
import torch

from tsearch.networks.window_modules.gate import GateModule
from tsearch.networks.windows.geometry import windows_of
from tsearch.networks.windows.nodes import Gate


def gate(mode: str, groups: int = 1, length: int = 2) -> GateModule:
    windows = windows_of((length, length), groups, is_dilated=True)
    shapes = {"in_shape": (1, length, length), "shape": (groups, *windows.size)}
    return GateModule(Gate(name="g", block=1, sources=("x",), windows=windows, mode=mode, **shapes))


@pytest.mark.parametrize("mode", ["bernoulli", "straight_through"])
def test_a_drawn_gate_fires_with_the_number_as_its_probability(mode: str) -> None:
    torch.manual_seed(0)
    x = torch.tensor([[-1.0, 0.2], [0.7, 3.0]]).expand(1, 40_000, 1, 2, 2)
    spikes = gate(mode)(x, 1)
    assert set(spikes.unique().tolist()) == {0.0, 1.0}
    rates = spikes.mean((0, 1, 2))
    torch.testing.assert_close(rates, torch.tensor([[0.0, 0.2], [0.7, 1.0]]), atol=0.01, rtol=0)


def test_every_timestep_and_every_window_is_drawn_anew() -> None:
    torch.manual_seed(0)
    spikes = gate("bernoulli", groups=4, length=4)(torch.full((1, 1, 1, 4, 4), 0.5), 3)
    parts = spikes.view(12, -1)
    assert len({tuple(part.tolist()) for part in parts}) == 12


@pytest.mark.parametrize(
    ("mode", "expected"), [("bernoulli", 0.0), ("straight_through", 1.0), ("threshold", 1.0)]
)
def test_the_gradient_of_a_gate_is_none_in_the_code_and_else_goes_straight_through(
    mode: str, expected: float
) -> None:
    x = torch.rand(1, 3, 1, 2, 2, requires_grad=True)
    (gate(mode)(x, 1).sum() + 0 * x.sum()).backward()
    assert x.grad.unique().tolist() == [expected]


def test_a_gate_with_a_threshold_draws_nothing() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    spikes = gate("threshold")(torch.tensor([0.4, 0.5, 0.6, 2.0]).view(1, 1, 1, 2, 2), 3)
    assert torch.equal(torch.get_rng_state(), before)
    assert spikes.flatten(1).tolist() == [[0, 0, 1, 1]] * 3
