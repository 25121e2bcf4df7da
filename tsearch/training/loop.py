"""Training: epochs `start` to `stop` of a configuration's schedule.

Every random number comes from (seed, replicate, hash of the phase prefix, epoch), so a training that is cut
in two, continued elsewhere, or shares its first phases with another one sees the same numbers."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
import torch
from torch import Tensor

from tsearch.configuration import Configuration, Task
from tsearch.data import Dataset
from tsearch.data.dataset import epoch_of
from tsearch.networks.build import Network
from tsearch.networks.weights import load_weights
from tsearch.training.checkpoints import pack, restore_optimizer, unpack_weights
from tsearch.training.losses import make_loss
from tsearch.training.optimizer import make_optimizer, set_learning_rate
from tsearch.training.schedule import Position, one_cycle, positions


class TrainingDivergedError(ArithmeticError):
    """The loss became infinite or not a number."""


@dataclass(frozen=True)
class Trained:
    """What `train` gives back: one entry of losses per epoch, and a checkpoint to continue from."""

    curve: tuple[dict[str, float], ...]
    checkpoint: bytes


def train(
    network: Network,
    dataset: Dataset,
    task: Task,
    *,
    stop: int,
    checkpoint: bytes | None = None,
    start: int = 0,
) -> Trained:
    """Train `network` from epoch `start` (the state in `checkpoint`) up to epoch `stop` of its schedule, in
    place.

    A phase starts with a new optimizer and a full learning-rate cycle from the weights of the one before. Temporal
    transformers that the checkpoint does not have yet, because later phases need them, start as they are.

    Raises: TrainingDivergedError if the loss is no longer a finite number; ValueError if the network is made for other
    phases than those up to `stop`, whose weights alone belong into its checkpoint.
    """
    configuration = network.configuration
    if network.phase != positions(configuration)[stop - 1].index:
        raise ValueError(f"the network is made for phase {network.phase + 1}, but training stops elsewhere")
    if checkpoint is not None:
        load_weights(network, unpack_weights(checkpoint), may_be_new=["boundaries"])
    curve = []
    optimizer = None
    for number, position in enumerate(positions(configuration)[:stop]):
        if number < start:
            continue
        if optimizer is None or position.epoch == 0:
            optimizer = make_optimizer(network, configuration.training)
            if checkpoint is not None and number == start and position.epoch > 0:
                restore_optimizer(network, optimizer, checkpoint)
        loss = _epoch(network, dataset, task, optimizer, position)
        curve.append({"epoch": float(number + 1), "loss": loss})
        if position.epoch + 1 == position.phase.epochs:
            optimizer = None
    return Trained(tuple(curve), pack(network, optimizer, stop))


def epoch_seed(task: Task, configuration: Configuration, position: Position) -> list[int]:
    """Entropy of one epoch's data order, augmentation and dropout."""
    return [task.seed, task.replicate, int(configuration.prefix_key(position.index), 16), position.epoch]


def _epoch(
    network: Network, dataset: Dataset, task: Task, optimizer: torch.optim.Optimizer, position: Position
) -> float:
    training, timesteps = network.configuration.training, position.phase.timesteps
    rng = np.random.default_rng(epoch_seed(task, network.configuration, position))
    torch.manual_seed(int(rng.integers(2**62)))
    where = network.head.weight.device
    split = dataset.train.to(where)
    batches = _batches(torch.as_tensor(epoch_of(split, rng), device=where), training.batch_size)
    network.train()
    loss_of = make_loss(network)
    total, seen = torch.zeros((), dtype=torch.float64, device=where), 0
    for number, indices in enumerate(batches):
        progress = (position.epoch + number / len(batches)) / position.phase.epochs
        set_learning_rate(optimizer, one_cycle(progress, training.warmup))
        frames = _shift(split.batch(indices, timesteps[0]), training.shift, rng)
        loss = loss_of(network.run(frames, timesteps), split.labels[indices])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += loss.detach().double() * len(indices)  # nothing waits for the device before the epoch's end
        seen += len(indices)
    mean = total.item() / seen
    if not isfinite(mean):
        raise TrainingDivergedError(
            f"loss {mean} in epoch {position.epoch + 1} of phase {position.index + 1}"
        )
    return mean


def _batches(order: Tensor, size: int) -> list[Tensor]:
    """Index batches; a last one of a single sample, which BatchNorm cannot use, is left out."""
    return [batch for batch in torch.split(order, size) if len(batch) > 1]


def _shift(frames: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Roll all frames of a batch by the same few pixels."""
    if most == 0:
        return frames
    rows, columns = (int(n) for n in rng.integers(-most, most + 1, 2))
    return torch.roll(frames, (rows, columns), (-2, -1))
