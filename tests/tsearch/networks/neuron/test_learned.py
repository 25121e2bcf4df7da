"""Learned thresholds and leaks, and the surrogate of IIR-SNN: hand tables, and its gradients in closed form."""

import pytest
import torch
from torch import Tensor

from tsearch.networks.neuron import fire
from tsearch.networks.neurons import LEAST_THRESHOLD, LayerNeurons
from tsearch.networks.plan import Neuron

IIR = Neuron(tau=1e30, surrogate="triangular", surrogate_scale=0.3, learned="both")


def numbers(*values: float) -> list[Tensor]:
    return [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1)


def test_the_hand_sequence_of_a_soft_reset_with_leak_one_half() -> None:
    """v = 1, lam = .5, I = .6, .9, .1, 1.5: a = .6, 1.2, .2, 1.6, and what the resets leave is .6, .2, .2, .6."""
    leak, threshold = numbers(0.5, 1.0)
    current = column(0.6, 0.9, 0.1, 1.5)
    assert fire(current, 4, IIR, leak=leak, threshold=threshold).flatten().tolist() == [0, 1, 0, 1]
    higher = numbers(0.5, 1.2 + 1e-9)  # and a = 1.2 is what decided the second step
    assert fire(current, 4, IIR, leak=higher[0], threshold=higher[1]).flatten()[1] == 0


def test_the_surrogate_of_iir_snn_is_three_tenths_of_a_triangle_in_units_of_the_threshold() -> None:
    """do/dz at z = a / v - 1; do/da is 1 / v of it."""
    z, v = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0], dtype=torch.float64), 0.4
    current = (v * (1 + z)).view(1, -1, 1).requires_grad_()
    spikes = fire(current, 1, IIR, threshold=numbers(v)[0])
    (gradient,) = torch.autograd.grad(spikes.sum(), current)
    expected = torch.tensor([0, 0.15, 0.3, 0.15, 0], dtype=torch.float64)
    torch.testing.assert_close(gradient.flatten() * v, expected, rtol=1e-12, atol=1e-12)


def closed_form(current: Tensor, leak: float, v: float, weights: Tensor) -> tuple[Tensor, float, float]:
    """Gradients of current, leak and threshold as A2 writes them."""
    a, u, fired, before = [], torch.zeros_like(current[0]), [], []
    for step in current:
        before.append(u)
        a.append(leak * u + step)
        fired.append((a[-1] >= v).double())
        u = a[-1] - v * fired[-1]
    later, of_leak, of_v, of_current = torch.zeros_like(u), 0.0, 0.0, []
    for t in reversed(range(len(current))):
        s = 0.3 * (1 - (a[t] / v - 1).abs()).clamp(min=0)
        of_v += (-(weights[t] * s * a[t]) / v**2 - leak * later * fired[t]).sum().item()
        later = weights[t] * s / v + leak * later
        of_leak += (later * before[t]).sum().item()
        of_current.append(later)
    return torch.stack(of_current[::-1]), of_leak, of_v


@pytest.mark.parametrize("timesteps", [1, 3, 5])
@pytest.mark.parametrize(("leak", "v"), [(1.0, 0.4), (0.7, 1.3)])
def test_gradients_of_threshold_and_leak_equal_the_closed_formulas(timesteps, leak, v) -> None:
    generator = torch.Generator().manual_seed(timesteps)
    current = torch.randn(timesteps, 4, 6, generator=generator, dtype=torch.float64).requires_grad_()
    weights = torch.randn(timesteps, 4, 6, generator=generator, dtype=torch.float64)
    learned = numbers(leak, v)
    spikes = fire(current, timesteps, IIR, leak=learned[0], threshold=learned[1])
    gradients = torch.autograd.grad(spikes, [current, *learned], weights)
    expected = closed_form(current.detach(), leak, v, weights)
    assert spikes.any()
    torch.testing.assert_close(gradients[0], expected[0], rtol=1e-10, atol=1e-12)
    assert [g.item() for g in gradients[1:]] == pytest.approx(expected[1:], rel=1e-10, abs=1e-12)


def test_at_one_timestep_the_leak_changes_nothing_and_has_no_gradient() -> None:
    current = torch.randn(1, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    outputs = []
    for leak in numbers(0.0, 0.5, 1.0):
        (threshold,) = numbers(0.3)
        spikes = fire(current, 1, IIR, leak=leak, threshold=threshold)
        spikes.sum().backward()
        assert leak.grad == 0
        assert threshold.grad != 0
        outputs.append(spikes.detach())
    assert all(torch.equal(output, outputs[0]) for output in outputs)


@pytest.mark.parametrize(
    ("learned", "names"),
    [("none", set()), ("leak", {"leak"}), ("threshold", {"threshold"}), ("both", {"leak", "threshold"})],
)
def test_what_is_learned_starts_at_the_neurons_settings(learned, names) -> None:
    layer = LayerNeurons(Neuron(tau=4.0, threshold=0.7, learned=learned))
    assert set(dict(layer.named_parameters())) == names == set(layer.state_dict())
    assert layer.values() == pytest.approx({"threshold": 0.7, "leak": 0.75})


def test_a_found_threshold_is_stored_and_not_trained_and_relu_has_neither() -> None:
    layer = LayerNeurons(Neuron(learned="leak"))
    layer.start(has_threshold=True)
    assert set(layer.state_dict()) == {"leak", "threshold"}
    assert set(dict(layer.named_parameters())) == {"leak"}
    layer.start(is_relu=True)
    assert not layer.state_dict()


def test_a_leak_stays_within_zero_and_one_and_a_threshold_above_zero() -> None:
    layer = LayerNeurons(Neuron(learned="both"))
    for leak, threshold, expected in ((1.3, -0.2, (1.0, LEAST_THRESHOLD)), (-0.1, 5.0, (0.0, 5.0))):
        with torch.no_grad():
            layer.leak.fill_(leak)
            layer.threshold.fill_(threshold)
        layer.clamp()
        assert (layer.values()["leak"], layer.values()["threshold"]) == pytest.approx(expected)
