"""LIF neurons through time, one step after the other: the plain path.

Currents come as rows: [T, N], or [1, N] where every step brings the same; or, with an affine map that makes currents
of them, as [T, M, L]. `tsearch.networks.neuron.fused` offers the same two functions in one pass over memory each, equal
to the bit; so a product is rounded before it is added.
"""

from dataclasses import dataclass
from math import frexp, inf

import torch
from torch import Tensor

from tsearch.networks.neuron.surrogate import SURROGATES, gate

# The gradient of the currents and, where they are learned, each neuron's share of those of leak and threshold.
Gradients = tuple[Tensor, Tensor | None, Tensor | None]
Affine = tuple[Tensor, Tensor]  # scale [L] and shift [L]: the currents are scale x + shift


@dataclass(frozen=True)
class Dynamics:
    """How a neuron moves: the fraction `leak` of a voltage that stays, the threshold, the reset, and the
    surrogate, its width in units of the threshold."""

    leak: float
    threshold: float
    is_hard: bool
    surrogate: str
    width: float

    @property
    def place(self) -> tuple[float, float, float]:
        """The numbers that put the surrogate in its place."""
        return SURROGATES[self.surrogate].place(self.threshold, self.width * self.threshold)


def forward(
    current: Tensor, timesteps: int, dynamics: Dynamics, keep: bool, affine: Affine | None = None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Spikes, shaped like all steps of `current`, and, if `backward` is to come, the membranes before the reset."""
    if affine is not None and len(current) == 1:
        current, affine = (current * affine[0]).add_(affine[1]), None
    spikes = current.new_empty(timesteps, *current.shape[1:])
    if timesteps == 1:
        return torch.ge(current, dynamics.threshold, out=spikes), (current,)
    membranes = current.new_empty(timesteps if keep else 1, *current.shape[1:])
    voltage = torch.empty_like(membranes[0]) if keep or affine is not None else membranes[0]
    steps, kept = current.expand_as(spikes).unbind(0), membranes.expand_as(spikes).unbind(0)
    for t, (step, membrane, fired) in enumerate(zip(steps, kept, spikes.unbind(0), strict=True)):
        driven = step if affine is None else torch.mul(step, affine[0], out=membrane).add_(affine[1])
        if t > 0:
            _add_scaled(driven, voltage, dynamics.leak, out=membrane)
        elif driven is not membrane:
            membrane.copy_(driven)
        torch.ge(membrane, dynamics.threshold, out=fired)
        if t + 1 < timesteps:
            _reset(membrane, fired, dynamics, out=voltage)
    return spikes, (membranes,)


def backward(
    grad: Tensor,
    kept: tuple[Tensor, ...],
    dynamics: Dynamics,
    is_repeated: bool,
    learns: bool,
    affine: Affine | None = None,  # noqa: ARG001
) -> Gradients:
    """Once through time, from the last step to the first; `is_repeated` if one current serves all steps. The gradients
    are those of the currents, behind the affine map."""
    (membranes,) = kept
    pull, place = SURROGATES[dynamics.surrogate].pull, dynamics.place
    found = torch.empty_like(grad[:1] if is_repeated else grad)
    leak_sum, threshold_sum = grad.new_zeros(2, *(grad.shape[1:] if learns else (0,)))
    later: Tensor | None = None
    for t in reversed(range(len(grad))):
        membrane = membranes[t]
        here = pull(grad[t], membrane, *place, out=None if is_repeated else found[t])
        if learns:
            threshold_sum -= here * membrane / dynamics.threshold
        if later is not None:
            if learns:
                fired = (membrane >= dynamics.threshold).to(grad.dtype)
                leak_sum += later * _reset(membrane, fired, dynamics, out=torch.empty_like(membrane))
                if not dynamics.is_hard:
                    threshold_sum -= later * dynamics.leak * fired
            carried = gate(later, membrane, -inf, dynamics.threshold) if dynamics.is_hard else later
            _add_scaled(here, carried, dynamics.leak, out=here)
        if is_repeated:
            found[0] = here if later is None else found[0] + here
        later = here
    return found, leak_sum if learns else None, threshold_sum if learns else None


def _add_scaled(a: Tensor, b: Tensor, scale: float, out: Tensor) -> Tensor:
    """a + scale b, the product rounded first; that of a power of two is exact, and fused into the sum."""
    if frexp(scale)[0] == 0.5:
        return torch.add(a, b, alpha=scale, out=out)
    return torch.add(a, b * scale, out=out)


def _reset(membrane: Tensor, fired: Tensor, dynamics: Dynamics, out: Tensor) -> Tensor:
    if dynamics.is_hard:
        return gate(membrane, membrane, -inf, dynamics.threshold, out)
    return torch.sub(membrane, fired, alpha=dynamics.threshold, out=out)
