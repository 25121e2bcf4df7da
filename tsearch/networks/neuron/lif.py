"""One timestep of leaky integrate-and-fire neurons: the reference that `fire` equals."""

from collections.abc import Callable
from typing import Literal

from torch import Tensor


def lif_step(
    current: Tensor,
    voltage: Tensor,
    *,
    leak: float | Tensor,
    threshold: float | Tensor,
    spike_fn: Callable[[Tensor], Tensor],
    reset: Literal["soft", "hard"] = "soft",
) -> tuple[Tensor, Tensor]:
    """Advance leaky integrate-and-fire neurons by one timestep.

    h = leak * v + current;  s = spike_fn(h / threshold - 1);  soft reset v' = h - threshold * s,
    hard reset v' = h * (1 - s). The reset passes no gradient to the spikes.

    Args:
        current: Input of this timestep `[B, ...]`, in units of the membrane.
        voltage: Membrane voltage v after the previous timestep `[B, ...]`; zeros at the first one.
        leak: Fraction of the voltage kept per timestep, in [0, 1]; 1 means no leak.
        threshold: Voltage at which a neuron fires, above 0.
        spike_fn: Heaviside step (1 from 0 on) with a surrogate gradient, such as `surrogate.heaviside(...)`.
        reset: "soft" subtracts the threshold at a spike, "hard" sets the voltage to 0.

    Returns: Spikes (0 or 1) and the new voltage v', both shaped like `current`.
    Raises: ValueError if `leak` is outside [0, 1] or `threshold` is not above 0.
    Source: reset by subtraction, Rueckauer et al., Front. Neurosci. 11:682, 2017.
    """
    if not 0 <= leak <= 1:
        raise ValueError(f"leak must be in [0, 1], got {leak}")
    if not threshold > 0:
        raise ValueError(f"threshold must be above 0, got {threshold}")
    membrane = leak * voltage + current
    spikes = spike_fn(membrane / threshold - 1)
    fired = spikes.detach()
    return spikes, membrane - threshold * fired if reset == "soft" else membrane * (1 - fired)
