"""LIF neurons against hand tables and a plain loop over `lif_step`."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tsearch.networks.neuron import fire
from tsearch.networks.neuron.surrogate import SURROGATES
from tsearch.networks.plan import Neuron

NEURONS = st.builds(
    Neuron,
    tau=st.floats(1, 20) | st.sampled_from([1.0, 2.0, 4.0]),
    threshold=st.floats(0.3, 2),
    reset=st.sampled_from(["soft", "hard"]),
    surrogate=st.sampled_from(sorted(SURROGATES)),
    surrogate_width=st.floats(0.3, 3),
    surrogate_scale=st.just(1.0) | st.floats(0.1, 2),
)


def currents(steps: int, timesteps: int, seed: int, dtype: torch.dtype, shape=(2, 3, 2, 2)):
    """Random currents, and a weight for every spike."""
    generator = torch.Generator().manual_seed(seed)
    current = torch.randn(steps, *shape, generator=generator, dtype=dtype).requires_grad_()
    return current, torch.randn(timesteps, *shape, generator=generator, dtype=dtype)


def parameters(neuron: Neuron, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The neuron's leak and threshold as parameters."""
    values = (1 - 1 / neuron.tau, neuron.threshold)
    return tuple(torch.tensor(value, dtype=dtype, requires_grad=True) for value in values)


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


@given(neuron=NEURONS, timesteps=st.integers(1, 11), repeated=st.booleans(), seed=st.integers(0, 1000))
def test_spikes_and_gradients_equal_those_of_a_loop_over_lif_step(
    lif_loop, neuron, timesteps, repeated, seed
) -> None:
    ours, weights = currents(1 if repeated else timesteps, timesteps, seed, torch.float64)
    theirs = ours.detach().clone().requires_grad_()
    mine, their = parameters(neuron, torch.float64), parameters(neuron, torch.float64)
    spikes = fire(ours, timesteps, neuron, leak=mine[0], threshold=mine[1])
    expected = lif_loop(theirs.expand(timesteps, *theirs.shape[1:]), neuron, *their)
    assert torch.equal(spikes, expected)
    assert torch.equal(spikes, fire(ours, timesteps, neuron))
    spikes.backward(weights)
    expected.backward(weights)
    for a, b in zip((ours, *mine), (theirs, *their), strict=True):
        torch.testing.assert_close(
            a.grad, torch.zeros_like(a) if b.grad is None else b.grad, rtol=1e-7, atol=1e-9
        )


@settings(max_examples=30)
@given(neuron=NEURONS, timesteps=st.integers(2, 6), active=st.integers(1, 6), seed=st.integers(0, 1000))
def test_masked_steps_are_silent_and_are_not_computed(neuron, timesteps, active, seed) -> None:
    active = min(active, timesteps)
    current, weights = currents(timesteps, timesteps, seed, torch.float64)
    masked = fire(current, timesteps, neuron, active=active)
    assert torch.equal(masked[:active], fire(current[:active], active, neuron))
    assert not masked[active:].any()
    assert torch.equal(masked, fire(current[:active], timesteps, neuron, active=active))
    masked.backward(weights)
    assert not current.grad[active:].any()


@pytest.mark.parametrize("active", [0, 5])
def test_a_mask_of_no_steps_or_too_many_is_refused(active: int) -> None:
    with pytest.raises(ValueError, match=f"active is {active}"):
        fire(torch.zeros(4, 1, 1), 4, Neuron(), active=active)


def test_memory_format_does_not_change_the_spikes() -> None:
    current = torch.randn(4, 3, 5, 6, 6, generator=torch.Generator().manual_seed(0))
    last = current.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    assert torch.equal(fire(current, 4, Neuron()), fire(last, 4, Neuron()))


@given(
    neuron=NEURONS,
    timesteps=st.integers(1, 9),
    repeated=st.booleans(),
    shape=st.sampled_from([(4, 3, 5, 2), (2, 8, 4, 4), (6, 1, 3, 3), (7, 5)]),
    channels_last=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_with_batch_norm_all_equals_the_library_and_a_loop_over_lif_step(
    lif_loop, neuron, timesteps, repeated, shape, channels_last, seed
) -> None:
    current, weights = currents(1 if repeated else timesteps, timesteps, seed, torch.float64, shape)
    current.data.mul_(3).add_(1)
    if channels_last:
        current = current.detach().movedim(2, -1).contiguous().movedim(-1, 2).requires_grad_()
    kind = torch.nn.BatchNorm2d if len(shape) > 2 else torch.nn.BatchNorm1d
    ours, theirs = (kind(shape[1], dtype=torch.float64, momentum=0.3) for _ in range(2))
    for norm in (ours, theirs):
        generator = torch.Generator().manual_seed(seed)
        torch.nn.init.uniform_(norm.weight, 0.5, 2, generator=generator)
        torch.nn.init.uniform_(norm.bias, -0.5, 1, generator=generator)
    leak, threshold = parameters(neuron, torch.float64)
    spikes = fire(current, timesteps, neuron, norm=ours, leak=leak, threshold=threshold)
    gradients = torch.autograd.grad(spikes, [current, *ours.parameters(), leak, threshold], weights)
    normalised = theirs(current.flatten(0, 1)).view(current.shape).expand(timesteps, *shape)
    expected_spikes = lif_loop(normalised, neuron, leak, threshold)
    inputs = [current, *theirs.parameters(), leak, threshold]
    expected = torch.autograd.grad(expected_spikes, inputs, weights, materialize_grads=True)
    assert torch.equal(spikes, expected_spikes)
    for a, b in zip(gradients, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)


def test_one_value_a_channel_cannot_be_normalised() -> None:
    with pytest.raises(ValueError, match="more than one value a channel"):
        fire(torch.ones(1, 1, 3, 1, 1), 4, Neuron(), norm=torch.nn.BatchNorm2d(3))


@settings(max_examples=30)
@given(
    neuron=NEURONS, timesteps=st.integers(1, 5), normed=st.booleans(), repeated=st.booleans(),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_currents_of_16_bits_drive_membranes_of_32(neuron, timesteps, normed, repeated, seed) -> None:
    steps = 1 if repeated else timesteps
    current, weights = currents(steps, timesteps, seed, torch.float32, (4, 8, 3, 3))
    short = current.detach().mul(2).bfloat16().requires_grad_()
    wide, weights = short.detach().float().requires_grad_(), weights.bfloat16()
    norm = torch.nn.BatchNorm2d(8) if normed else None
    spikes = fire(short, timesteps, neuron, norm=norm)
    expected = fire(wide, timesteps, neuron, norm=norm)
    assert spikes.dtype == torch.bfloat16
    if not normed:
        assert torch.equal(spikes.float(), expected)
    assert (spikes.float() != expected).float().mean() < 0.01
    (gradient,) = torch.autograd.grad(spikes, short, weights)
    (of_wide,) = torch.autograd.grad(expected, wide, weights.float())
    assert gradient.dtype == torch.bfloat16
    if torch.equal(spikes.float(), expected):
        torch.testing.assert_close(gradient.float(), of_wide, rtol=0.02, atol=0.02)
