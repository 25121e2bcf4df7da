"""What a module of a network may offer to training and pricing, which ask every module for it and name none.

A module that has one of these is asked, wherever it stands in the network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from tsearch.configuration import Training


@dataclass(frozen=True)
class Outputs:
    """Logits [B, classes] of the network, and of each early classifier, in order, while training; `timesteps` of all
    stages. `steps` [T, B, classes] are the logits of every timestep of the last stage, where the loss asks for them.
    `masks` are those that spikes were multiplied by, [T] by node."""

    logits: Tensor
    early: tuple[Tensor, ...] = field(default=())
    timesteps: tuple[int, ...] = ()
    steps: Tensor | None = None
    masks: Mapping[str, Tensor] = field(default_factory=dict)


class OptimizerGroup(NamedTuple):
    """How parameters are trained that differ from the others."""

    learning_rate: float
    weight_decay: float


@runtime_checkable
class HasLoss(Protocol):
    """Terms that are added to the loss, in order."""

    def loss_terms(self, outputs: Outputs, labels: Tensor, training: Training) -> Sequence[Tensor]:
        """Numbers, of a batch with `labels` int64 [B]."""


@runtime_checkable
class HasOptimizerGroup(Protocol):
    """All parameters of the module are trained so."""

    @property
    def optimizer_group(self) -> OptimizerGroup: ...


@runtime_checkable
class HasMask(Protocol):
    """Timesteps at which a layer does not run, as it has learned."""

    def masks(self, timesteps: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
        """By the name of a node, one 0 or 1 per timestep of its stage, for the timesteps of all stages."""


@runtime_checkable
class DrawsWeights(Protocol):
    """First weights of its own, and of all that is inside it."""

    def draw_weights(self, generator: torch.Generator) -> None:
        """Draw them, in place."""
