"""Leaky integrate-and-fire neurons over all timesteps of a stage at once."""

from typing import Any

import torch
from torch import Tensor

from tsearch.configuration import Neuron
from tsearch.networks.neuron import fused, stepwise
from tsearch.networks.neuron.normalisation import BatchNorm, affine_of, gradients_of, update_statistics
from tsearch.networks.neuron.stepwise import Dynamics


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
    """Spikes of LIF neurons whose membranes start at zero.

    h[t] = (1 - 1/tau) v[t-1] + current[t];  s[t] = 1 where h[t] >= threshold;  soft reset v[t] = h[t] -
    threshold s[t], hard reset v[t] = h[t] (1 - s[t]). The reset passes no gradient of its own; the spike's is the
    surrogate of h / threshold - 1.

    Args:
        current: Input current `[T, B, C, ...]` in units of the membrane; `[1, B, C, ...]` is repeated at every
            timestep (direct encoding).
        timesteps: T, at least 1.
        neuron: Time constant, threshold, reset and surrogate.
        norm: BatchNorm, in training, that makes the currents of `current`, over all its steps and samples: in the
            neurons' own pass over memory, and its result is not kept for the backward pass.
        leak: What is kept of a voltage, learnable, one number in place of 1 - 1/tau.
        threshold: Learnable, one number above 0 in place of the neuron's.
        active: Only so many first steps are computed, from as many (or 1, or T) steps of `current`; masked, the
            others are silent. None: all.

    Returns: Spikes, 0 or 1, `[T, B, C, ...]`, in the type of `current`; membranes have at least float32.
    Raises: ValueError if `current` has neither 1 nor as many steps as the neurons run, or one value a channel.
    Source: soft reset, Rueckauer et al., Front. Neurosci. 11:682, 2017; surrogate gradient, Neftci et al.,
    IEEE SPM 36:51, 2019."""
    steps = timesteps if active is None else active
    if not 1 <= steps <= timesteps:
        raise ValueError(f"active is {active}, but neurons run {timesteps} steps; at least 1 must be active")
    if active is not None and current.shape[0] == timesteps:
        current = current[:steps]
    if current.shape[0] not in (1, steps):
        raise ValueError(f"current has {current.shape[0]} steps, neurons run {steps}")
    if norm is not None and steps == 1 and not _is_short(current):  # nothing to save in a single step
        current = norm(current.flatten(0, 1)).view(current.shape)
        norm = None
    weight, bias = (None, None) if norm is None else (norm.weight, norm.bias)
    spikes: Tensor = _Fire.apply(current, weight, bias, leak, threshold, steps, neuron, norm)  # type: ignore[no-untyped-call]
    if steps == timesteps:
        return spikes
    return torch.cat([spikes, spikes.new_zeros(timesteps - steps, *spikes.shape[1:])])


class _Fire(torch.autograd.Function):
    """Forward and backward each go through time once, in the order of memory, whatever the format."""

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
        dynamics = Dynamics(
            leak=1 - 1 / neuron.tau if leak is None else leak.item(),
            threshold=neuron.threshold if threshold is None else threshold.item(),
            is_hard=neuron.reset == "hard",
            surrogate=neuron.surrogate,
            width=neuron.surrogate_width,
        )
        layout = _layout(current, channels_last=norm is not None)
        rows = _rows(current.detach(), layout)
        statistics, affine = None, None
        if norm is not None and weight is not None and bias is not None:
            statistics = update_statistics(norm, _shaped(rows, layout).flatten(0, 1))
            affine = affine_of(statistics, weight, bias, n_rows=rows.shape[1] // len(weight))
            rows = rows.view(len(rows), -1, len(affine[0]))
        path = fused if fused.is_compiled(rows, timesteps) else stepwise
        driving = rows.float() if path is stepwise and _is_short(rows) else rows
        spikes, kept = path.forward(driving, timesteps, dynamics, any(ctx.needs_input_grad), affine)
        normalised = () if statistics is None else (rows, weight, *statistics, *(affine or ()))
        ctx.save_for_backward(*normalised, *kept)
        ctx.path, ctx.dynamics, ctx.layout, ctx.n_steps = path, dynamics, layout, len(current)
        ctx.epsilon = None if norm is None else norm.eps
        return _shaped(spikes, layout).to(current.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        is_repeated, learns = ctx.n_steps < len(grad), any(ctx.needs_input_grad[3:5])
        rows, kept, affine = _rows(grad, ctx.layout), ctx.saved_tensors, None
        if ctx.path is stepwise and _is_short(rows):
            rows = rows.float()
        if ctx.epsilon is not None:
            before, weight, *statistics, scale, shift = kept[:6]
            kept, affine = kept[6:], (scale, shift)
            rows = rows.view(len(rows), *before.shape[1:])
        found, leak, threshold = ctx.path.backward(rows, kept, ctx.dynamics, is_repeated, learns, affine)
        found = found.to(grad.dtype)
        sums = [
            total.sum() if needed and total is not None else None
            for total, needed in zip((leak, threshold), ctx.needs_input_grad[3:5], strict=True)
        ]
        gradient, weights, biases = _shaped(found, ctx.layout), None, None
        if ctx.epsilon is not None:
            grad, x = gradient.flatten(0, 1), _shaped(before, ctx.layout).flatten(0, 1)
            merged, weights, biases = gradients_of(grad, x, weight, statistics, ctx.epsilon)
            gradient = merged.view(gradient.shape)
        return gradient, weights, biases, *sums, None, None, None


def _is_short(x: Tensor) -> bool:
    """Has it fewer than 32 bits? The plain path knows no such numbers, compiled code widens them as it reads."""
    return x.element_size() < 4


def _layout(current: Tensor, *, channels_last: bool) -> Tensor:
    """A step without content whose strides say how steps lie in memory: densely, as in `current`."""
    if channels_last:
        return current[:1].movedim(2, -1).to("meta").contiguous().movedim(-1, 2)
    return torch.empty_like(current[:1], device="meta")


def _rows(x: Tensor, layout: Tensor) -> Tensor:
    """[S, ...] as [S, N], each step in the order of memory of `layout`; copied only where it lies otherwise."""
    n = layout.numel()
    if x.stride()[1:] != layout.stride()[1:] or (len(x) > 1 and x.stride(0) != n):
        x = _shaped(x.new_empty(len(x), n), layout).copy_(x)
    return x.as_strided((len(x), n), (n, 1))


def _shaped(rows: Tensor, layout: Tensor) -> Tensor:
    """The inverse of `_rows`, for rows of any inner shape."""
    return rows.as_strided((len(rows), *layout.shape[1:]), (layout.numel(), *layout.stride()[1:]))
