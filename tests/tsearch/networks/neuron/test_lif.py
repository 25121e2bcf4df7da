"""The reference neuron against closed forms and hand tables."""

from math import ceil, log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tsearch.networks.neuron import lif_step
from tsearch.networks.neuron.surrogate import heaviside

STEP = heaviside("rectangular", 1.0)


def run(inputs: list[float], *, leak: float, threshold: float, reset: str) -> tuple[list[int], list[float]]:
    """Spikes and voltages of one neuron."""
    voltage, spikes, voltages = torch.zeros(1, 1, dtype=torch.float64), [], []
    for value in inputs:
        fired, voltage = lif_step(
            torch.full_like(voltage, value),
            voltage,
            leak=leak,
            threshold=threshold,
            spike_fn=STEP,
            reset=reset,
        )
        spikes.append(int(fired))
        voltages.append(voltage.item())
    return spikes, voltages


def test_constant_quarter_input_fires_every_fourth_step() -> None:
    assert run([0.25] * 8, leak=1.0, threshold=1.0, reset="soft")[0] == [0, 0, 0, 1, 0, 0, 0, 1]


def test_soft_and_hard_reset_by_hand() -> None:
    """soft: 1.6*, .3 + .8 = 1.1*, .05 + .5 = .55, .275 + .1 = .375;  hard: 1.6*, .8, .4 + .5 = .9, .45 + .1 = .55"""
    inputs = [1.6, 0.8, 0.5, 0.1]
    soft = run(inputs, leak=0.5, threshold=1.0, reset="soft")
    hard = run(inputs, leak=0.5, threshold=1.0, reset="hard")
    assert (soft[0], hard[0]) == ([1, 1, 0, 0], [1, 0, 0, 0])
    assert soft[1] == pytest.approx([0.6, 0.1, 0.55, 0.375])
    assert hard[1] == pytest.approx([0, 0.8, 0.9, 0.55])


@pytest.mark.parametrize(
    ("reset", "spikes", "voltages"),
    [
        ("soft", [1, 1, 1, 1], [0.2, 0.3, 0.35, 0.375]),
        ("hard", [1, 1, 1, 1], [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_a_constant_current_of_1_2_with_tau_2_by_hand(reset: str, spikes, voltages) -> None:
    """SSNN 12. Soft: 1.2*, .1 + 1.2 = 1.3*, .15 + 1.2 = 1.35*, 1.375*; hard: 1.2* every time."""
    fired, left = run([1.2] * 4, leak=1 - 1 / 2, threshold=1.0, reset=reset)
    assert fired == spikes
    assert left == pytest.approx(voltages)


@given(leak=st.floats(0.05, 0.95), current=st.floats(0.1, 3))
def test_below_the_threshold_the_voltage_is_a_geometric_sum(leak: float, current: float) -> None:
    """v[t] = I (1 - leak^t) / (1 - leak)."""
    spikes, voltages = run([current] * 12, leak=leak, threshold=100, reset="soft")
    assert not any(spikes)
    assert voltages == pytest.approx([current * (1 - leak**t) / (1 - leak) for t in range(1, 13)])


@given(leak=st.floats(0.05, 0.95), current=st.floats(0.1, 3))
def test_after_hard_resets_spikes_come_at_a_constant_interval(leak: float, current: float) -> None:
    """The geometric sum reaches 1 after ceil(log(1 - (1 - leak) / I) / log(leak)) steps; never if I <= 1 - leak."""
    excess = 1 - (1 - leak) / current
    interval = log(excess) / log(leak) if excess > 0 else float("inf")
    if excess > 0 and abs(interval - round(interval)) < 1e-6:
        return  # rounding decides
    period = 100 if interval > 99 else max(1, ceil(interval))
    spikes, _ = run([current] * 24, leak=leak, threshold=1.0, reset="hard")
    assert spikes == [int(t % period == 0) for t in range(1, 25)]


@pytest.mark.parametrize("threshold", [0.3, 0.7, 1.0, 1.9])
def test_a_membrane_at_the_threshold_fires_and_one_just_below_does_not(threshold: float) -> None:
    below = torch.nextafter(*torch.tensor([threshold, 0.0], dtype=torch.float64)).item()
    assert run([threshold], leak=0.5, threshold=threshold, reset="soft") == ([1], [0.0])
    assert run([below], leak=0.5, threshold=threshold, reset="soft") == ([0], [below])


def test_the_gradient_of_a_spike_is_the_surrogate_in_units_of_the_threshold() -> None:
    """Width 1 and threshold 2: 1 / 2 where |h - 2| < 1, else 0."""
    current = torch.tensor([0.5, 1.5, 2.5, 3.5], dtype=torch.float64, requires_grad=True)
    spikes, _ = lif_step(current, torch.zeros_like(current), leak=1.0, threshold=2.0, spike_fn=STEP)
    spikes.sum().backward()
    assert spikes.tolist() == [0, 0, 1, 1]
    assert current.grad.tolist() == [0, 0.5, 0.5, 0]


@pytest.mark.parametrize(
    ("leak", "threshold", "message"),
    [
        (1.1, 1, "leak must be in .0, 1., got 1.1"),
        (-0.1, 1, "leak must"),
        (1, 0, "threshold must be above 0"),
    ],
)
def test_impossible_neurons_are_refused(leak: float, threshold: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lif_step(torch.zeros(1), torch.zeros(1), leak=leak, threshold=threshold, spike_fn=STEP)
