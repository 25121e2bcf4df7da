"""Early classifiers in `ssnn_ablation.py`: networks in which they may matter, with and without; what they do to the
gradient of the first convolution; what they and the temporal transformer add."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ssnn_rows import (
    CLASSIFIERS,
    ROWS,
    SHRINKING,
    UNIFORM,
    WHOLE,
    Source,
    Trained,
    Vector,
    all_trained,
    configuration,
    estimate,
    groups,
    interval,
    ladder,
    line,
)
from trained_table import Job, initialised

from tsearch.configuration import Configuration, DataSpec, Task
from tsearch.data import load_dataset
from tsearch.networks.build import Network
from tsearch.training.evaluate import one_thread
from tsearch.training.loop import train
from tsearch.training.losses import make_loss
from tsearch.training.augment import Labels

# The step recipe of SSNN's authors (arXiv 2510.07924), on their neuromorphic data.
PAPER: dict[str, Any] = {
    "optimizer": "sgd", "learning_rate": 0.1, "learning_rate_schedule": "step", "weight_decay": 1e-3, "decay_all": True,
    "loss": "mean",
}  # fmt: skip
DEPTHS: dict[int, tuple[Vector, Vector, Vector]] = {  # widths, blocks with a pool, division
    3: ((8, 16, 32), (1, 2), (1, 1, 1)),
    6: ((8, 8, 16, 16, 32, 32), (2, 4), (2, 2, 2)),
    9: ((8, 8, 8, 16, 16, 16, 32, 32, 32), (3, 6), (3, 3, 3)),
}
TIMESTEPS = (6, 2, 1)


@dataclass(frozen=True)
class Net:
    """A network in which early classifiers may matter."""

    depth: int
    has_norm: bool
    recipe: str

    @property
    def title(self) -> str:
        return f"{self.depth} convolutions, {'BatchNorm' if self.has_norm else 'no norm'}, {self.recipe}"

    def configuration(self, early_loss_weight: float, epochs: int, **changes: Any) -> Configuration:
        widths, pools, division = DEPTHS[self.depth]
        backbone = {"widths": widths, "pool_after": pools, "norm": "batch" if self.has_norm else "none"}
        recipe = PAPER if self.recipe == "SGD" else {}
        return configuration(
            division, TIMESTEPS, epochs, backbone=backbone, early_loss_weight=early_loss_weight, **recipe, **changes
        )


def first_gradient(network: Network, data: DataSpec, early: float) -> float:
    """Norm of the gradient of the first convolution's weights on the first 64 training samples, with this weight of
    the early classifiers' losses."""
    split, timesteps = load_dataset(data).train, network.configuration.timesteps
    indices = torch.arange(64)
    training = network.configuration.training.model_copy(update={"early_loss_weight": early})
    network.configuration = network.configuration.model_copy(update={"training": training})
    network.train()
    network.zero_grad()
    loss = make_loss(network)
    loss(network.run(split.batch(indices, timesteps[0]), timesteps), Labels(split.labels[indices])).backward()
    weight = next(network.blocks["1"].parameters())
    assert weight.grad is not None
    return float(weight.grad.norm())


def gradients(job: Job) -> tuple[float, float]:
    """Of the untrained network of a job, without and with the losses of early classifiers."""
    with one_thread():
        return tuple(first_gradient(initialised(job), job.task.data, weight) for weight in (0.0, 1.0))  # type: ignore[return-value]


def epoch_seconds(jobs: dict[str, Job], rounds: int) -> dict[str, float]:
    """Processor seconds of an epoch, median over `rounds`, of all jobs in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    with one_thread():
        for number in range(rounds + 1):  # the first one compiles and fills caches
            for name, job in jobs.items():
                network, began = initialised(job), time.process_time()
                train(network, load_dataset(job.task.data), job.task, stop=1)
                if number:
                    seconds[name].append(time.process_time() - began)
    return {name: float(np.median(values)) for name, values in seconds.items()}
