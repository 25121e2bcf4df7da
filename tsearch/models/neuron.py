"""Leaky integrate-and-fire neurons over all timesteps of a stage at once."""

from typing import Any

import torch
from torch import Tensor

from tsearch.configuration import Neuron
from tsearch.models import compiled, scan
from tsearch.models.scan import Dynamics


def fire(
    current: Tensor,
    timesteps: int,
    neuron: Neuron,
    *,
    leak: Tensor | None = None,
    threshold: Tensor | None = None,
    active: int | None = None,
) -> Tensor:
    """Spikes of LIF neurons whose membranes start at zero.

    h[t] = (1 - 1/tau) v[t-1] + current[t];  s[t] = 1 where h[t] >= threshold;  soft reset v[t] = h[t] -
    threshold s[t], hard reset v[t] = h[t] (1 - s[t]). The reset passes no gradient of its own; the spike's is the
    surrogate of h / threshold - 1.

    Args:
        current: Input current `[T, B, ...]` in units of the membrane; `[1, B, ...]` is repeated at every
            timestep (direct encoding).
        timesteps: T, at least 1.
        neuron: Time constant, threshold, reset and surrogate.
        leak: What is kept of a voltage, learnable, one number in place of 1 - 1/tau.
        threshold: Learnable, one number above 0 in place of the neuron's.
        active: Only so many first steps are computed, from as many (or 1, or T) steps of `current`; masked, the
            others are silent. None: all.

    Returns: Spikes, 0 or 1, `[T, B, ...]`.
    Raises: ValueError if `current` has neither 1 nor as many steps as the neurons run.
    Source: soft reset, Rueckauer et al., Front. Neurosci. 11:682, 2017; surrogate gradient, Neftci et al.,
    IEEE SPM 36:51, 2019."""
    steps = timesteps if active is None else active
    if not 1 <= steps <= timesteps:
        raise ValueError(f"active is {active}, but neurons run {timesteps} steps; at least 1 must be active")
    if active is not None and current.shape[0] == timesteps:
        current = current[:steps]
    if current.shape[0] not in (1, steps):
        raise ValueError(f"current has {current.shape[0]} steps, neurons run {steps}")
    spikes: Tensor = _Fire.apply(current, leak, threshold, steps, neuron)  # type: ignore[no-untyped-call]
    if steps == timesteps:
        return spikes
    return torch.cat([spikes, spikes.new_zeros(timesteps - steps, *spikes.shape[1:])])


class _Fire(torch.autograd.Function):
    """Forward and backward each go through time once, in the order of memory, whatever the format."""

    @staticmethod
    def forward(
        ctx: Any,
        current: Tensor,
        leak: Tensor | None,
        threshold: Tensor | None,
        timesteps: int,
        neuron: Neuron,
    ) -> Tensor:
        dynamics = Dynamics(
            leak=1 - 1 / neuron.tau if leak is None else leak.item(),
            threshold=neuron.threshold if threshold is None else threshold.item(),
            is_hard=neuron.reset == "hard",
            surrogate=neuron.surrogate,
            width=neuron.surrogate_width,
        )
        layout = torch.empty_like(current[:1], device="meta")  # strides alone: those of a dense current
        rows = _rows(current.detach(), layout)
        path = compiled if compiled.is_compiled(rows, timesteps) else scan
        spikes, kept = path.forward(rows, timesteps, dynamics, keep=any(ctx.needs_input_grad))
        ctx.save_for_backward(*kept)
        ctx.path, ctx.dynamics, ctx.layout, ctx.n_steps = path, dynamics, layout, len(current)
        return _shaped(spikes, layout)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        is_repeated, learns = ctx.n_steps < len(grad), any(ctx.needs_input_grad[1:3])
        rows = _rows(grad, ctx.layout)
        found, leak, threshold = ctx.path.backward(rows, ctx.saved_tensors, ctx.dynamics, is_repeated, learns)
        sums = [
            total.sum() if needed and total is not None else None
            for total, needed in zip((leak, threshold), ctx.needs_input_grad[1:3], strict=True)
        ]
        return _shaped(found, ctx.layout), *sums, None, None


def _rows(x: Tensor, layout: Tensor) -> Tensor:
    """[S, ...] as [S, N], each step in the order of memory of `layout`; copied only where it lies otherwise."""
    n = layout.numel()
    if x.stride()[1:] != layout.stride()[1:] or (len(x) > 1 and x.stride(0) != n):
        x = _shaped(x.new_empty(len(x), n), layout).copy_(x)
    return x.as_strided((len(x), n), (n, 1))


def _shaped(rows: Tensor, layout: Tensor) -> Tensor:
    """The inverse of `_rows`."""
    return rows.as_strided((len(rows), *layout.shape[1:]), (layout.numel(), *layout.stride()[1:]))
