"""Leaky integrate-and-fire neurons over all timesteps of a stage at once."""

from typing import Any

import torch
from torch import Tensor

from tsearch.configuration import Neuron
from tsearch.models.surrogate import SURROGATES


def fire(current: Tensor, timesteps: int, neuron: Neuron) -> Tensor:
    """Spikes of LIF neurons whose membranes start at zero.

    h[t] = (1 - 1/tau) v[t-1] + current[t];  s[t] = 1 where h[t] >= threshold;  soft reset v[t] = h[t] -
    threshold s[t], hard reset v[t] = h[t] (1 - s[t]). The reset passes no gradient of its own.

    Args:
        current: Input current `[T, B, ...]` in units of the membrane; `[1, B, ...]` is repeated at every
            timestep (direct encoding).
        timesteps: T, at least 1.
        neuron: Time constant, threshold, reset and surrogate.

    Returns: Spikes, 0 or 1, `[T, B, ...]`.
    Raises: ValueError if `current` has neither T nor 1 steps.
    Source: soft reset, Rueckauer et al., Front. Neurosci. 11:682, 2017; surrogate gradient, Neftci et al.,
    IEEE SPM 36:51, 2019."""
    if current.shape[0] != timesteps:
        if current.shape[0] != 1:
            raise ValueError(f"current has {current.shape[0]} steps, neurons run {timesteps}")
        current = current.expand(timesteps, *current.shape[1:])
    spikes: Tensor = _Fire.apply(current, neuron)  # type: ignore[no-untyped-call]
    return spikes


class _Fire(torch.autograd.Function):
    """Forward saves the membranes before the reset; backward runs through time once, from the last step to
    the first."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, neuron: Neuron) -> Tensor:
        leak, hard = 1 - 1 / neuron.tau, neuron.reset == "hard"
        membranes = torch.empty_like(current, memory_format=torch.preserve_format)
        if (
            membranes.stride() != current.stride()
        ):  # an expanded current shares memory between steps; membranes may not
            membranes = torch.empty_like(membranes)
        spikes = torch.empty_like(membranes)
        voltage: Tensor | None = None
        for t in range(current.shape[0]):
            membrane, spike = membranes[t], spikes[t]
            if voltage is None:
                membrane.copy_(current[t])
            else:
                torch.add(current[t], voltage, alpha=leak, out=membrane)
            torch.ge(membrane, neuron.threshold, out=spike)
            if t + 1 < current.shape[0]:
                voltage = (
                    membrane * (1 - spike) if hard else torch.sub(membrane, spike, alpha=neuron.threshold)
                )
        ctx.neuron = neuron
        ctx.save_for_backward(membranes, spikes)
        return spikes

    @staticmethod
    def backward(ctx: Any, grad_spikes: Tensor) -> tuple[Tensor, None]:
        membranes, spikes = ctx.saved_tensors
        neuron: Neuron = ctx.neuron
        leak, hard = 1 - 1 / neuron.tau, neuron.reset == "hard"
        bump, width = SURROGATES[neuron.surrogate], neuron.surrogate_width * neuron.threshold
        grad = bump(membranes - neuron.threshold, width).mul_(grad_spikes)
        for t in range(grad.shape[0] - 2, -1, -1):
            carried = grad[t + 1] * (1 - spikes[t]) if hard else grad[t + 1]
            grad[t].add_(carried, alpha=leak)
        return grad, None
