"""One epoch of training, and the random numbers that it draws."""

from math import isfinite

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from tsearch.configuration import Configuration, Task
from tsearch.data import Dataset
from tsearch.data.dataset import epoch_of
from tsearch.networks.build import Network
from tsearch.training.augment import augmented, mixed_up
from tsearch.training.losses import make_loss
from tsearch.training.optimizer import Optimizers, learned_neurons, set_learning_rate
from tsearch.training.pruning import freeze
from tsearch.training.rates import SynapticOperations
from tsearch.training.schedule import Position, learning_rate_at


class TrainingDivergedError(ArithmeticError):
    """The loss became infinite or not a number."""


def epoch_seed(task: Task, configuration: Configuration, position: Position) -> list[int]:
    """Entropy of one epoch's data order, augmentation, and whatever the network draws."""
    return [*task.seeds, int(configuration.prefix_key(position.index), 16), position.epoch]


def drawn_batches(
    network: Network, dataset: Dataset, task: Task, position: Position
) -> tuple[list[Tensor], np.random.Generator]:
    """Index batches of an epoch, and the random numbers that come next; torch's are seeded for dropout and gates.

    A last batch of a single sample, which BatchNorm cannot use, is left out."""
    configuration = network.configuration
    rng = np.random.default_rng(epoch_seed(task, configuration, position))
    torch.manual_seed(int(rng.integers(2**62)))
    order = torch.as_tensor(epoch_of(dataset.train, rng), device=network.head.weight.device)
    batches = torch.split(order, configuration.training.batch_size)
    return [batch for batch in batches if len(batch) > 1], rng


def train_epoch(
    network: Network, dataset: Dataset, task: Task, optimizers: Optimizers, position: Position
) -> float:
    """Train `network` for the epoch at `position`, in place, and give the mean loss of its samples.

    Raises: TrainingDivergedError if that is no finite number."""
    training, phase = network.configuration.training, position.phase
    batches, rng = drawn_batches(network, dataset, task, position)
    where = network.head.weight.device
    split = dataset.train.to(where)
    network.train()
    loss_of, learned = make_loss(network), learned_neurons(network)
    clipped = [
        p for part in network.children() if part is not network.timestep_masks for p in part.parameters()
    ]
    has_rates = training.rate_weight and not phase.is_ann
    operations = SynapticOperations(network, dataset, phase.timesteps) if has_rates else None
    total, seen = torch.zeros((), dtype=torch.float64, device=where), 0
    for number, indices in enumerate(batches):
        progress = (position.epoch + number / len(batches)) / phase.epochs
        set_learning_rate(optimizers, learning_rate_at(progress, training) * phase.learning_rate_scale)
        frames = augmented(split.batch(indices, phase.timesteps[0]), training, rng, dataset.input_class)
        frames, labels = mixed_up(frames, split.labels[indices], training.mixup, rng)
        loss = loss_of(network.run(frames, phase.timesteps, operations), labels)
        if operations is not None:
            loss = loss + training.rate_weight * operations.part()
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        freeze(network)
        network.timestep_masks.freeze(progress)
        if training.gradient_clip:
            clip_grad_norm_(clipped, training.gradient_clip)
        for optimizer in optimizers:
            optimizer.step()
        for neurons in learned:
            neurons.clamp()
        total += loss.detach().double() * len(indices)  # nothing waits for the device before the epoch's end
        seen += len(indices)
    mean = total.item() / seen
    if not isfinite(mean):
        raise TrainingDivergedError(
            f"loss {mean} in epoch {position.epoch + 1} of phase {position.index + 1}"
        )
    return mean
