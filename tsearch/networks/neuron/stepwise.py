"""LIF neurons through time, one operation after the other: the path that runs everywhere.

`forward` and `backward` are described in `tsearch.networks.neuron.dynamics.Path`.
"""

from math import frexp, inf

import torch
from torch import Tensor

from tsearch.networks.neuron.dynamics import Affine, Dynamics, Gradients, Saved, has_16_bits
from tsearch.networks.neuron.surrogate import SURROGATES, where_between


def forward(
    current: Tensor, timesteps: int, dynamics: Dynamics, affine: Affine | None, needs_gradient: bool
) -> tuple[Tensor, Saved]:
    """Spikes, and for `backward` the membranes before their reset."""
    current = _widened(current)
    if affine is not None and len(current) == 1:
        current, affine = (current * affine.scale).add_(affine.shift), None
    spikes = current.new_empty(timesteps, *current.shape[1:])
    if timesteps == 1:
        return torch.ge(current, dynamics.threshold, out=spikes), (current,)
    membranes = current.new_empty(timesteps if needs_gradient else 1, *current.shape[1:])
    voltage = torch.empty_like(membranes[0]) if needs_gradient or affine is not None else membranes[0]
    by_step = zip(*(x.expand_as(spikes).unbind(0) for x in (current, membranes, spikes)), strict=True)
    for t, (x, membrane, fired) in enumerate(by_step):
        driving = x if affine is None else torch.mul(x, affine.scale, out=membrane).add_(affine.shift)
        if t > 0:
            _add_scaled(driving, voltage, dynamics.leak, out=membrane)
        elif driving is not membrane:
            membrane.copy_(driving)
        torch.ge(membrane, dynamics.threshold, out=fired)
        if t + 1 < timesteps:
            _reset(membrane, fired, dynamics, out=voltage)
    return spikes, (membranes,)


def backward(
    grad: Tensor, saved: Saved, dynamics: Dynamics, is_repeated: bool, is_learned: bool
) -> Gradients:
    """Gradients from the membranes that `forward` kept."""
    (membranes,) = saved
    assert membranes is not None
    grad = _widened(grad)
    surrogate, parameters = SURROGATES[dynamics.surrogate], dynamics.surrogate_parameters
    gradients = torch.empty_like(grad[:1] if is_repeated else grad)
    leak_shares, threshold_shares = grad.new_zeros(2, *(grad.shape[1:] if is_learned else (0,)))
    next_gradient: Tensor | None = None  # that of the next step's membrane
    for t in reversed(range(len(grad))):
        membrane = membranes[t]
        gradient = surrogate.gradient(
            grad[t], membrane, *parameters, out=None if is_repeated else gradients[t]
        )
        if is_learned:
            threshold_shares -= gradient * membrane / dynamics.threshold
        if next_gradient is not None:
            if is_learned:
                fired = (membrane >= dynamics.threshold).to(grad.dtype)
                leak_shares += next_gradient * _reset(
                    membrane, fired, dynamics, out=torch.empty_like(membrane)
                )
                if not dynamics.is_hard:
                    threshold_shares -= next_gradient * dynamics.leak * fired
            _add_scaled(
                gradient, _through_reset(next_gradient, membrane, dynamics), dynamics.leak, out=gradient
            )
        if is_repeated:
            gradients[0] = gradient if next_gradient is None else gradients[0] + gradient
        next_gradient = gradient
    return Gradients(gradients, *((leak_shares, threshold_shares) if is_learned else (None, None)))


def _widened(x: Tensor) -> Tensor:
    """`x` with at least 32 bits: all operations here round in the type of their arguments."""
    return x.float() if has_16_bits(x) else x


def _add_scaled(a: Tensor, b: Tensor, scale: float, out: Tensor) -> Tensor:
    """a + scale b, the product rounded first. A product with a power of two is exact, so it may be fused with the
    sum."""
    if frexp(scale)[0] == 0.5:
        return torch.add(a, b, alpha=scale, out=out)
    return torch.add(a, b * scale, out=out)


def _reset(membrane: Tensor, fired: Tensor, dynamics: Dynamics, out: Tensor) -> Tensor:
    """The voltage after the reset, for `fired` of 0 and 1."""
    if dynamics.is_hard:
        return where_between(membrane, membrane, -inf, dynamics.threshold, out)
    return torch.sub(membrane, fired, alpha=dynamics.threshold, out=out)


def _through_reset(gradient: Tensor, membrane: Tensor, dynamics: Dynamics) -> Tensor:
    """From the gradient of the voltage after the reset to that of the membrane before it: none passes a hard reset."""
    return where_between(gradient, membrane, -inf, dynamics.threshold) if dynamics.is_hard else gradient
