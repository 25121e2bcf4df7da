"""LIF neurons against hand tables and a plain autograd loop."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tsearch.configuration import Neuron
from tsearch.models.neuron import fire
from tsearch.models.surrogate import SURROGATES


class Step(torch.autograd.Function):
    """Heaviside step with a surrogate gradient, for the second implementation below."""

    @staticmethod
    def forward(ctx, distance, neuron):
        ctx.save_for_backward(distance)
        ctx.neuron = neuron
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx, grad):
        (distance,) = ctx.saved_tensors
        bump = SURROGATES[ctx.neuron.surrogate]
        return grad * bump(distance, ctx.neuron.surrogate_width * ctx.neuron.threshold), None


def loop(current: Tensor, neuron: Neuron) -> Tensor:
    """One step after the other, gradients by autograd; the reset is detached."""
    voltage, spikes = torch.zeros_like(current[0]), []
    for step in current:
        membrane = (1 - 1 / neuron.tau) * voltage + step
        spike = Step.apply(membrane - neuron.threshold, neuron)
        fired = spike.detach()
        voltage = membrane * (1 - fired) if neuron.reset == "hard" else membrane - neuron.threshold * fired
        spikes.append(spike)
    return torch.stack(spikes)


def test_constant_quarter_input_fires_every_fourth_step_without_leak() -> None:
    spikes = fire(torch.full((1, 1, 1), 0.25), 8, Neuron(tau=1e12))
    assert spikes.flatten().tolist() == [0, 0, 0, 1, 0, 0, 0, 1]


def test_soft_and_hard_reset_by_hand() -> None:
    current = torch.tensor([1.6, 0.8, 0.5, 0.1]).view(4, 1, 1)
    # soft: h = 1.6*, .3 + .8 = 1.1*, .05 + .5 = .55, .275 + .1 = .375;  hard: h = 1.6*, .8, .4 + .5 = .9,
    # .45 + .1 = .55
    assert fire(current, 4, Neuron(tau=2, reset="soft")).flatten().tolist() == [1, 1, 0, 0]
    assert fire(current, 4, Neuron(tau=2, reset="hard")).flatten().tolist() == [1, 0, 0, 0]


def test_a_membrane_at_the_threshold_fires() -> None:
    assert fire(torch.ones(1, 1, 1), 1, Neuron()).item() == 1


def test_wrong_number_of_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="current has 3 steps, neurons run 2"):
        fire(torch.zeros(3, 1, 1), 2, Neuron())


@settings(deadline=None)
@given(
    timesteps=st.integers(1, 7),
    repeated=st.booleans(),
    reset=st.sampled_from(["soft", "hard"]),
    surrogate=st.sampled_from(sorted(SURROGATES)),
    width=st.floats(0.3, 3),
    tau=st.floats(1, 20),
    threshold=st.floats(0.3, 2),
    seed=st.integers(0, 1000),
)
def test_spikes_and_gradients_equal_those_of_a_plain_loop(
    timesteps, repeated, reset, surrogate, width, tau, threshold, seed
) -> None:
    neuron = Neuron(tau=tau, threshold=threshold, reset=reset, surrogate=surrogate, surrogate_width=width)
    generator = torch.Generator().manual_seed(seed)
    steps = 1 if repeated else timesteps
    ours = torch.randn(steps, 2, 3, 2, 2, generator=generator, dtype=torch.float64).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    weights = torch.randn(timesteps, 2, 3, 2, 2, generator=generator, dtype=torch.float64)
    spikes = fire(ours, timesteps, neuron)
    expected = loop(theirs.expand(timesteps, *theirs.shape[1:]), neuron)
    (spikes * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(spikes, expected)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-12)


def test_memory_format_does_not_change_the_spikes() -> None:
    current = torch.randn(4, 3, 5, 6, 6, generator=torch.Generator().manual_seed(0))
    last = current.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    assert torch.equal(fire(current, 4, Neuron()), fire(last, 4, Neuron()))
