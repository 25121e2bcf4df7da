"""The optimizer of a phase: one group of parameters, and one for every part that declares its own."""

from collections.abc import Iterable

import torch
from torch import nn

from tsearch.configuration import Training
from tsearch.networks.parts import HasOptimizerGroup, OptimizerGroup


def make_optimizer(network: nn.Module, training: Training) -> torch.optim.Optimizer:
    """A new optimizer. Parts with an `optimizer_group` (see `networks/parts.py`) come after all other parameters, in
    the order of the network's modules."""
    parts = [module for module in network.modules() if isinstance(module, HasOptimizerGroup)]
    apart = {id(parameter) for part in parts for parameter in part.parameters()}
    others = [parameter for parameter in network.parameters() if id(parameter) not in apart]
    groups = [_group(others, OptimizerGroup(training.learning_rate, training.weight_decay))]
    groups += [_group(part.parameters(), part.optimizer_group) for part in parts]
    groups = [group for group in groups if group["params"]]
    if training.optimizer == "adamw":
        return torch.optim.AdamW(groups, fused=True)
    return torch.optim.SGD(groups, momentum=0.9, fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, fraction: float) -> None:
    """Every group at `fraction` of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * fraction


def _group(parameters: Iterable[nn.Parameter], how: OptimizerGroup) -> dict[str, object]:
    return {
        "params": list(parameters),
        "lr": how.learning_rate,
        "weight_decay": how.weight_decay,
        "peak": how.learning_rate,
    }
