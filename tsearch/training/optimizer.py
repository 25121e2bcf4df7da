"""The optimizers of a phase: groups of parameters, and one group for every part that declares its own."""

from collections.abc import Iterable

import torch
from torch import nn

from tsearch.configuration import Phase
from tsearch.networks.boundary import Boundaries
from tsearch.networks.build import Network
from tsearch.networks.neurons import LayerNeurons
from tsearch.networks.parts import HasOptimizerGroup, OptimizerGroup
from tsearch.networks.timestep_masks import TimestepMasks

Optimizers = tuple[torch.optim.Optimizer, ...]


def make_optimizers(network: Network, phase: Phase | None = None) -> Optimizers:
    """New optimizers for a `phase`, which may name another one than the training: one, or a second one for the temporal
    transformers where these keep AdamW beside SGD, and for masks, which always do. Adam is AdamW throughout, where
    IIR-SNN takes its AMSGrad variant.

    Parts with an `optimizer_group` (see `networks/parts.py`) come after all other parameters, in the order of the
    network's modules. Unless `decay_all`, parameters of one dimension (of BatchNorm, biases) have no weight decay;
    learned thresholds and leaks never have."""
    training = network.configuration.training
    name = (phase and phase.optimizer) or training.optimizer
    parts = [module for module in network.modules() if isinstance(module, HasOptimizerGroup)]
    apart = {id(parameter) for part in parts for parameter in part.parameters()}
    others = [parameter for parameter in network.parameters() if id(parameter) not in apart]
    of_neurons = {id(parameter) for neurons in learned_neurons(network) for parameter in neurons.parameters()}
    is_decayed = {id(p): id(p) not in of_neurons and (training.decay_all or p.dim() > 1) for p in others}
    decayed = [p for p in others if is_decayed[id(p)]]
    spared = [p for p in others if not is_decayed[id(p)]]
    own_adam = (Boundaries, TimestepMasks) if training.transformer_adam else (TimestepMasks,)
    beside = [part for part in parts if name != "adamw" and isinstance(part, own_adam)]
    groups = [
        _group(decayed, OptimizerGroup(training.learning_rate, training.weight_decay)),
        _group(spared, OptimizerGroup(training.learning_rate, 0.0)),
        *(_group(part.parameters(), part.optimizer_group) for part in parts if part not in beside),
    ]
    adam_groups = [_group(part.parameters(), part.optimizer_group) for part in beside]
    made = ((name, groups), ("adamw", adam_groups))
    return tuple(_optimizer(kind, of) for kind, of in made if any(group["params"] for group in of))


def learned_neurons(network: Network) -> list[LayerNeurons]:
    """The layers of neurons that have something to learn."""
    neurons = [module for module in network.modules() if isinstance(module, LayerNeurons)]
    return [layer for layer in neurons if any(True for _ in layer.parameters())]


def set_learning_rate(optimizers: Optimizers, fraction: float) -> None:
    """Every group at `fraction` of its peak."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * fraction


def _optimizer(name: str, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    groups = [group for group in groups if group["params"]]
    if name == "adamw":
        return torch.optim.AdamW(groups, fused=True)
    return torch.optim.SGD(groups, momentum=0.9, fused=True)


def _group(parameters: Iterable[nn.Parameter], how: OptimizerGroup) -> dict[str, object]:
    return {
        "params": list(parameters),
        "lr": how.learning_rate,
        "weight_decay": how.weight_decay,
        "peak": how.learning_rate,
    }
