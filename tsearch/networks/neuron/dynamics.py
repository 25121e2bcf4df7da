"""What the two ways through time share, `stepwise` and `fused`: how a neuron moves, and what goes in and comes out."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from tsearch.networks.neuron.surrogate import parameters_of
from tsearch.networks.plan import Neuron

Saved = tuple[Tensor | None, ...]


@dataclass(frozen=True)
class Dynamics:
    """How a neuron moves: the fraction `leak` of a voltage kept per timestep, the threshold, the reset, and the
    surrogate with its width in units of the threshold and the factor `scale` of its height."""

    leak: float
    threshold: float
    is_hard: bool
    surrogate: str
    width: float
    scale: float = 1.0

    @property
    def surrogate_parameters(self) -> tuple[float, float, float]:
        """The surrogate's three numbers, in units of the membrane."""
        return parameters_of(self.surrogate, self.threshold, self.width * self.threshold, self.scale)


class Affine(NamedTuple):
    """The currents are scale * x + shift; both `[L]`, for inputs x `[T, M, L]`."""

    scale: Tensor
    shift: Tensor


class Gradients(NamedTuple):
    """Of the currents (after the affine map), shaped like them; and each neuron's share of the gradients of leak and
    threshold `[N]`, None where these are not learned."""

    current: Tensor
    leak: Tensor | None
    threshold: Tensor | None


class Path(Protocol):
    """One way through time. All ways give the same bits, so a product is rounded before it is added."""

    def forward(
        self, current: Tensor, timesteps: int, dynamics: Dynamics, affine: Affine | None, needs_gradient: bool
    ) -> tuple[Tensor, Saved]:
        """Spikes of neurons whose membranes start at zero, and what `backward` needs.

        Args:
            current: Rows of neurons `[T, N]`, or `[1, N]` if the current is the same at every timestep; `[T, M, L]`
                or `[1, M, L]` with an affine map.
            timesteps: T.
            dynamics: How the neurons move.
            affine: Makes the currents of `current`; None: they are `current` itself.
            needs_gradient: Whether `backward` will be called; without it, less is kept.

        Returns: Spikes, 0 or 1, `[T, N]` or `[T, M, L]`, and the tensors that `backward` needs.
        """

    def backward(
        self, grad: Tensor, saved: Saved, dynamics: Dynamics, is_repeated: bool, is_learned: bool
    ) -> Gradients:
        """Gradients, once through time from the last step to the first.

        Args:
            grad: Gradient of the spikes, shaped like them.
            saved: What `forward` kept.
            dynamics: As in `forward`.
            is_repeated: Whether one current served all timesteps.
            is_learned: Whether the gradient of leak or threshold is needed.
        """


def dynamics_of(neuron: Neuron, leak: Tensor | None, threshold: Tensor | None) -> Dynamics:
    """The neuron's dynamics; a learned leak or threshold (one number) replaces its own."""
    return Dynamics(
        leak=1 - 1 / neuron.tau if leak is None else leak.item(),
        threshold=neuron.threshold if threshold is None else threshold.item(),
        is_hard=neuron.reset == "hard",
        surrogate=neuron.surrogate,
        width=neuron.surrogate_width,
        scale=neuron.surrogate_scale,
    )


def has_16_bits(x: Tensor) -> bool:
    """True for tensors of 16-bit numbers; membranes always have at least 32."""
    return x.element_size() < torch.float32.itemsize
