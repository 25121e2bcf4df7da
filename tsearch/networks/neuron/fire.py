"""Leaky integrate-and-fire neurons over all timesteps of a stage at once."""

from typing import Any

import torch
from torch import Tensor

from tsearch.networks.neuron import fused, stepwise
from tsearch.networks.neuron.dynamics import Path, dynamics_of, has_16_bits
from tsearch.networks.neuron.layout import as_rows, from_rows, step_layout
from tsearch.networks.neuron.normalisation import BatchNorm, affine_of, gradients_of, update_statistics
from tsearch.networks.plan import Neuron


def fire(
    current: Tensor,
    timesteps: int,
    neuron: Neuron,
    *,
    norm: BatchNorm | None = None,
    leak: Tensor | None = None,
    threshold: Tensor | None = None,
    active: int | None = None,
) -> Tensor:
    """Spikes of LIF neurons whose membranes start at zero: `lif_step` at every timestep, with its own backward pass.

    h[t] = (1 - 1/tau) v[t-1] + current[t];  s[t] = 1 where h[t] >= threshold;  soft reset v[t] = h[t] -
    threshold s[t], hard reset v[t] = h[t] (1 - s[t]). The reset passes no gradient to the spikes; the gradient of a
    spike is the surrogate of h / threshold - 1. A membrane that equals the threshold fires; the released code of
    IIR-SNN fires strictly above it.

    Args:
        current: Input current `[T, B, C, ...]` in units of the membrane; `[1, B, C, ...]` is repeated at every
            timestep (direct encoding).
        timesteps: T, at least 1.
        neuron: Time constant, threshold, reset and surrogate.
        norm: BatchNorm in training mode, applied to `current` over all its steps and samples. It runs in the
            neurons' own pass over memory, and its result is not stored for the backward pass.
        leak: Learned fraction of the voltage kept per timestep, one number, in place of 1 - 1/tau.
        threshold: Learned threshold, one number above 0, in place of the neuron's.
        active: Number of first timesteps that are computed, at most T; neurons are silent at the others. `current`
            has that many steps, 1 or T. None: all.

    Returns: Spikes, 0 or 1, `[T, B, C, ...]`, in the type of `current`; membranes have at least 32 bits.
    Raises: ValueError if `active` is outside 1 to T, if `current` has neither 1 nor as many steps as are computed, or
        if BatchNorm gets only one value per channel.
    Source: soft reset, Rueckauer et al., Front. Neurosci. 11:682, 2017; surrogate gradient, Neftci et al.,
    IEEE SPM 36:51, 2019."""
    steps = timesteps if active is None else active
    if not 1 <= steps <= timesteps:
        raise ValueError(f"active is {active}, but neurons run {timesteps} steps; at least 1 must be active")
    if active is not None and current.shape[0] == timesteps:
        current = current[:steps]
    if current.shape[0] not in (1, steps):
        raise ValueError(f"current has {current.shape[0]} steps, neurons run {steps}")
    if (
        norm is not None and steps == 1 and not has_16_bits(current)
    ):  # a single step gains nothing from one pass
        current = norm(current.flatten(0, 1)).view(current.shape)
        norm = None
    weight, bias = (None, None) if norm is None else (norm.weight, norm.bias)
    spikes: Tensor = _Fire.apply(current, weight, bias, leak, threshold, steps, neuron, norm)  # type: ignore[no-untyped-call]
    if steps == timesteps:
        return spikes
    return torch.cat([spikes, spikes.new_zeros(timesteps - steps, *spikes.shape[1:])])


class _Fire(torch.autograd.Function):
    """Forward and backward each go through time once, in the order of memory, whatever the memory format."""

    @staticmethod
    def forward(
        ctx: Any,
        current: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        leak: Tensor | None,
        threshold: Tensor | None,
        timesteps: int,
        neuron: Neuron,
        norm: BatchNorm | None,
    ) -> Tensor:
        dynamics = dynamics_of(neuron, leak, threshold)
        layout = step_layout(current, channels_last=norm is not None)
        rows, affine = as_rows(current.detach(), layout), None
        saved_for_norm: tuple[Tensor, ...] = ()
        if norm is not None and weight is not None and bias is not None:
            statistics = update_statistics(norm, from_rows(rows, layout).flatten(0, 1))
            affine = affine_of(statistics, weight, bias, n_rows=rows.shape[1] // len(weight))
            rows = rows.view(len(rows), -1, len(affine.scale))
            saved_for_norm = (rows, weight, *statistics)
        path: Path = fused if fused.is_used_for(rows, timesteps) else stepwise
        spikes, saved = path.forward(rows, timesteps, dynamics, affine, any(ctx.needs_input_grad))
        ctx.save_for_backward(*saved_for_norm, *saved)
        ctx.path, ctx.dynamics, ctx.layout, ctx.n_steps = path, dynamics, layout, len(current)
        ctx.epsilon = None if norm is None else norm.eps
        return from_rows(spikes, layout).to(current.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        layout, is_repeated, are_learned = ctx.layout, ctx.n_steps < len(grad), ctx.needs_input_grad[3:5]
        rows, saved = as_rows(grad, layout), ctx.saved_tensors
        if ctx.epsilon is not None:
            (x, weight, *statistics), saved = saved[:4], saved[4:]
            rows = rows.view(len(rows), *x.shape[1:])
        gradients = ctx.path.backward(rows, saved, ctx.dynamics, is_repeated, any(are_learned))
        gradient, of_weight, of_bias = from_rows(gradients.current.to(grad.dtype), layout), None, None
        of_leak, of_threshold = (
            shares.sum() if is_learned and shares is not None else None
            for shares, is_learned in zip((gradients.leak, gradients.threshold), are_learned, strict=True)
        )
        if ctx.epsilon is not None:
            merged, of_weight, of_bias = gradients_of(
                gradient.flatten(0, 1), from_rows(x, layout).flatten(0, 1), weight, statistics, ctx.epsilon
            )
            gradient = merged.view(gradient.shape)
        return gradient, of_weight, of_bias, of_leak, of_threshold, None, None, None
