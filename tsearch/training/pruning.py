"""Magnitude pruning: where the sparsity of a phase begins, the smallest weights become zero, and stay so.

Pruned are convolutions and hidden fully connected layers, the first one too, and never the readout. IIR-SNN (arXiv
2110.05929) names no method; this one is our reading of it: magnitudes as in Han et al., NeurIPS 2015, in one step, then
training with frozen masks.
"""

import torch
from torch import Tensor

from tsearch.networks.build import Network
from tsearch.training.schedule import Position


def prune(network: Network, position: Position) -> None:
    """Make the smallest weights of `network` zero where the phase at `position` begins that is sparser than the one
    before it, in place. What was pruned stays so, also where an earlier phase divided it otherwise among the layers."""
    schedule = network.configuration.schedule
    before = schedule[position.index - 1].sparsity if position.index else 0.0
    if position.phase.sparsity <= before:
        return
    weighted = network.weighted()
    weights = {name: weighted[name].weight for name in network.kept.layers}
    for name, mask in kept_of(weights, position.phase.sparsity, position.phase.pruning).items():
        kept = network.kept[name].logical_and_(mask)
        weights[name].data.masked_fill_(~kept, 0.0)


def kept_of(weights: dict[str, Tensor], sparsity: float, scope: str) -> dict[str, Tensor]:
    """Masks of the weights that are kept: of every "layer" all but `sparsity` of its own, or all but `sparsity` of
    those of the whole "network", whichever layers they are in. Every layer keeps its largest weight; of equal ones, the
    first are dropped."""
    if scope == "layer":
        return {name: _largest(weight.detach(), sparsity) for name, weight in weights.items()}
    everything = torch.cat([weight.detach().flatten() for weight in weights.values()])
    parts = torch.split(_largest(everything, sparsity), [weight.numel() for weight in weights.values()])
    return {
        name: part.view(weight.shape) | _largest(weight.detach(), 1.0)
        for (name, weight), part in zip(weights.items(), parts, strict=True)
    }


def freeze(network: Network) -> None:
    """Take the gradients of weights that were pruned. Optimizers are new where a phase begins, so with a gradient of
    zero neither momentum nor decay ever moves such a weight from zero."""
    if not network.kept.layers:
        return
    weighted = network.weighted()
    for name in network.kept.layers:
        gradient = weighted[name].weight.grad
        if gradient is not None:
            gradient.masked_fill_(~network.kept[name], 0.0)


def _largest(weight: Tensor, sparsity: float) -> Tensor:
    """True but for the part `sparsity` of the smallest magnitudes; at least one is kept."""
    n_dropped = min(round(sparsity * weight.numel()), weight.numel() - 1)
    kept = torch.ones(weight.numel(), dtype=torch.bool, device=weight.device)
    kept[weight.abs().flatten().sort(stable=True).indices[:n_dropped]] = False
    return kept.view(weight.shape)
