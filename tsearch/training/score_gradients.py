"""What moves the scores of masks: the task, which keeps the steps that it needs, and the masks' own term, which takes
steps away."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from tsearch.networks.build import Network
from tsearch.training.augment import Labels
from tsearch.training.losses import make_loss


class ScoreGradients(NamedTuple):
    """The two parts of a gradient, of which the whole one is the sum, [T] by name."""

    task: Mapping[str, Tensor]
    mask: Mapping[str, Tensor]


def score_gradients(
    network: Network, frames: Tensor, labels: Tensor, *, of: Literal["scores", "masks"] = "scores"
) -> ScoreGradients:
    """The gradient of the loss of a batch, `frames` [T or 1, B, C, H, W] with `labels` int64 [B], in two parts: of the
    term of the masks, and of all the rest but `rate_weight`. By the names of the "scores", such as "block3.4", or with
    respect to the "masks" of layers, by node: G[t], the change of the loss for one more step, to first order; that of a
    whole module where its layers share a mask. In training mode and with the final timesteps; `network` stays as it
    is."""
    network = deepcopy(network).train()  # BatchNorm keeps what it has seen
    outputs = network.run(frames, network.configuration.timesteps)
    task = make_loss(network, without=network.timestep_masks)(outputs, Labels(labels))
    terms = network.timestep_masks.loss_terms(outputs, labels, network.configuration.training)
    towards = dict(network.timestep_masks.named_parameters() if of == "scores" else outputs.masks)
    towards = {name: value for name, value in towards.items() if value.requires_grad}
    return ScoreGradients(_gradients(task, towards), _gradients(sum(terms, torch.zeros(())), towards))


def _gradients(loss: Tensor, towards: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Zeros where the loss does not depend on a value."""
    if not loss.requires_grad:
        return {name: torch.zeros_like(value) for name, value in towards.items()}
    values = list(towards.values())
    found = torch.autograd.grad(loss, values, retain_graph=True, allow_unused=True, materialize_grads=True)
    return dict(zip(towards, found, strict=True))
