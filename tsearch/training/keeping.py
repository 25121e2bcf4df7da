"""Which weights a phase ends with: those of its last epoch, of its best one, or an average over its last epochs.

Training itself goes on with the last ones until the phase ends; a budget that ends inside it is measured with those
kept so far."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tsearch.configuration import Task
from tsearch.data import Dataset
from tsearch.networks.build import Network
from tsearch.training.epoch import drawn_batches
from tsearch.training.schedule import Position

AVERAGED = 0.25  # part of a phase's epochs, the last ones, over which weights are averaged
_BATCH = 64


class Kept(NamedTuple):
    """Weights that a phase keeps so far, by name (None: those that it trains), and what `keep` must know of them:
    their accuracy on validation data, or how many epochs they are the mean of."""

    weights: dict[str, Tensor] | None = None
    score: float = 0.0


NOTHING_KEPT = Kept()


def keep(kept: Kept, network: Network, dataset: Dataset, position: Position) -> Kept:
    """What is kept after the epoch at `position`.

    "best" costs a validation pass an epoch, and the later of two equals is kept; "average" is the mean of the weights
    after each of the last epochs (Izmailov et al., arXiv 1803.05407, with the learning rate of the schedule)."""
    how = network.configuration.training.keep
    if how == "best":
        accuracy = _accuracy(network, dataset, position.phase.timesteps)
        return Kept(copied_weights(network), accuracy) if accuracy >= kept.score else kept
    if how == "average" and position.epoch + 1 > position.phase.epochs * (1 - AVERAGED):
        return Kept(_averaged(kept, network), kept.score + 1)
    return kept


def changes_weights(network: Network, kept: Kept, position: Position) -> bool:
    """Whether a phase, or what is measured of it at `position`, ends with others than those that it trains."""
    return kept.weights is not None or _is_recalibrated(network, position)


def take_kept(network: Network, kept: Kept, dataset: Dataset, task: Task, position: Position) -> None:
    """Put the weights that were kept into `network`. Statistics of BatchNorm do not average with the weights, and are
    behind masks that have just changed: they are measured anew, with masks as these weights have them, on the samples
    that the epoch at `position` drew, as they are."""
    if kept.weights is not None:
        network.load_state_dict(kept.weights)
    if _is_recalibrated(network, position):
        with _counts_kept(network):  # what is kept may be recalibrated again, of a checkpoint
            measure_statistics(network, dataset, task, position)
    elif kept.weights is not None and network.configuration.training.keep == "average":
        measure_statistics(network, dataset, task, position)


def completed(kept: Kept, network: nn.Module) -> Kept:
    """What a checkpoint had kept, with the present weights of parts that it did not have: later phases need them, and
    the phase that keeps does not train them."""
    return kept if kept.weights is None else kept._replace(weights=copied_weights(network) | kept.weights)


def copied_weights(network: nn.Module) -> dict[str, Tensor]:
    """The weights of `network` as they are now."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def _is_recalibrated(network: Network, position: Position) -> bool:
    """Whether the masks of the phase at `position` ask for it, and there is a BatchNorm. Where all stages have one
    timestep there are no masks."""
    masks, phase = network.configuration.masks, position.phase
    is_masked = masks.are_learned and not phase.is_ann and max(phase.timesteps) > 1
    return masks.recalibrate and is_masked and bool(_norms(network))


def measure_statistics(network: Network, dataset: Dataset, task: Task, position: Position) -> None:
    """Running statistics of BatchNorm, where there is any, as the means of those of all batches of an epoch."""
    norms = _norms(network)
    if not norms:
        return
    batches, _ = drawn_batches(network, dataset, task, position)
    split, timesteps = dataset.train.to(network.head.weight.device), position.phase.timesteps
    network.train()
    with torch.no_grad(), _momentum_kept(norms):
        for number, indices in enumerate(batches):
            for norm in norms:
                norm.momentum = 1 / (number + 1)
            network.run(split.batch(indices, timesteps[0]), timesteps)


def _norms(network: nn.Module) -> list[_BatchNorm]:
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]


@contextmanager
def _counts_kept(network: nn.Module) -> Iterator[None]:
    """How many batches BatchNorm has seen stays as it is."""
    counts = [norm.num_batches_tracked for norm in _norms(network) if norm.num_batches_tracked is not None]
    before = [count.clone() for count in counts]
    yield
    for count, value in zip(counts, before, strict=True):
        count.copy_(value)


@contextmanager
def _momentum_kept(norms: list[_BatchNorm]) -> Iterator[None]:
    before = [norm.momentum for norm in norms]
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum


def _averaged(kept: Kept, network: nn.Module) -> dict[str, Tensor]:
    """The mean of what is kept and, with the weight of one epoch, the present weights; whole numbers are counts."""
    now = copied_weights(network)
    if kept.weights is None:
        return now
    share = 1 / (kept.score + 1)
    return {
        name: torch.lerp(kept.weights[name], value, share) if value.is_floating_point() else value
        for name, value in now.items()
    }


def _accuracy(network: Network, dataset: Dataset, timesteps: tuple[int, ...]) -> float:
    """Part of the validation samples that are classified right."""
    where = network.head.weight.device
    split = dataset.validation.to(where)
    network.eval()
    n_right = torch.zeros((), dtype=torch.int64, device=where)
    with torch.no_grad():
        for indices in torch.split(torch.arange(len(split), device=where), _BATCH):
            logits = network.run(split.batch(indices, timesteps[0]), timesteps).logits
            n_right += (logits.argmax(1) == split.labels[indices]).sum()
    return int(n_right) / len(split)
