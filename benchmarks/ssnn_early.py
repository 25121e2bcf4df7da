"""Early classifiers in `ssnn_ablation.py`: networks in which they may matter, with and without; what they do to the
gradient of the first convolution; what they and the temporal transformer add."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ssnn_rows import (
    SHRINKING,
    Source,
    Trained,
    Vector,
    above_zero,
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
from tsearch.networks.plan import Neuron
from tsearch.training import loop
from tsearch.training.evaluate import one_thread
from tsearch.training.losses import readout_loss

# The step recipe of SSNN's authors (arXiv 2510.07924), on their neuromorphic data.
PAPER: dict[str, Any] = {
    "optimizer": "sgd", "learning_rate": 0.1, "learning_rate_schedule": "step", "weight_decay": 1e-3, "decay_all": True,
    "loss": "mean",
}  # fmt: skip
# Without BatchNorm, currents are small: a low threshold and a wide surrogate keep spikes and gradients alive.
QUIET = Neuron(threshold=0.5, surrogate="triangular", surrogate_width=2.0)
DEPTHS: dict[int, tuple[Vector, Vector, Vector]] = {  # widths, blocks with a pool, division
    3: ((8, 16, 32), (1, 2), (1, 1, 1)),
    6: ((8, 8, 16, 16, 32, 32), (2, 4), (2, 2, 2)),
    9: ((8, 8, 8, 16, 16, 16, 32, 32, 32), (3, 6), (3, 3, 3)),
}
TIMESTEPS = (6, 2, 1)
OFF, ON = 0.0, 1.0  # weights of the losses of early classifiers
GRADIENT_SEEDS = 3


@dataclass(frozen=True)
class Net:
    """A network in which early classifiers may matter."""

    depth: int
    has_norm: bool = True
    is_paper: bool = False
    head: str = "linear"
    tap: str = "before"

    @property
    def title(self) -> str:
        recipe, kind = "SGD" if self.is_paper else "AdamW", f", {self.head} {self.tap}"
        more = kind if (self.head, self.tap) != ("linear", "before") else ""
        return f"{self.depth} conv, {'BatchNorm' if self.has_norm else 'no norm'}, {recipe}{more}"

    def configuration(self, early_loss_weight: float, epochs: int) -> Configuration:
        widths, pools, division = DEPTHS[self.depth]
        backbone = {"widths": widths, "pool_after": pools, "norm": "batch" if self.has_norm else "none"}
        recipe = PAPER if self.is_paper else {} if self.has_norm else {"learning_rate": 0.01}
        classifiers = {
            "early_loss_weight": early_loss_weight,
            "early_tap": self.tap,
            "early_head": self.head,
        }
        made = configuration(division, TIMESTEPS, epochs, recipe | classifiers, backbone=backbone)
        return made if self.has_norm else made.model_copy(update={"neuron": QUIET})


def early_section(
    source: Source,
    nets: Sequence[Net],
    epochs: int,
    train: Callable[[Source, dict[Any, Any]], dict[Any, Trained]],
) -> None:
    """Train all nets with and without early classifiers, and print what these change."""
    made = {(net, weight): net.configuration(weight, epochs) for net in nets for weight in (OFF, ON)}
    named = {f"{net.title}, weight {weight:g}": one for (net, weight), one in made.items()}
    rows = train(source, named)
    table = dict(zip(made, rows.values(), strict=True))
    of = groups(source)
    vector = ",".join(map(str, TIMESTEPS))
    print(f"\nwhere early classifiers matter: {source.title}, T={vector}, test accuracy in %")
    heads = ("without", "with", "gain", "gradient without", "with", "ratio")
    print(line("", heads, head_width=42))
    helped = []
    for net in nets:
        without, those = table[net, OFF], table[net, ON]
        gain = estimate(those.right - without.right, of)
        norms = np.array([gradients(_job(net, source, seed)) for seed in range(GRADIENT_SEEDS)])  # [seeds, 2]
        cells = [without.text, those.text, interval(gain), *(f"{norm:.2g}" for norm in np.median(norms, 0))]
        ratio = np.median(norms[:, 1] / norms[:, 0]) if norms[:, 0].all() else np.inf
        print(line(net.title, [*cells, f"{ratio:.2f}"], head_width=42), flush=True)
        if gain.interval.low > 0:
            helped.append(f"{net.title} ({interval(gain)} points)")
    print("gradient: norm of that of the first convolution's weights, before training, median of three seeds")
    found = "; ".join(helped) or "none of the networks above"
    print(f"early classifiers help, the interval being above 0, in: {found}")


def followed_section(
    source: Source,
    nets: Sequence[Net],
    epochs: int,
    train: Callable[[Source, dict[Any, Any]], dict[Any, Trained]],
) -> list[str]:
    """Train `nets`, chosen by the table of `early_section`, with the other seeds of `source`, and print the gain; gives
    the claims that early classifiers help in them."""
    of, claims = groups(source), []
    seeds = f"seeds {source.first_seed} to {source.first_seed + source.seeds - 1}"
    print(f"\nonce more, with {seeds}, the networks that the table above suggests")
    for net in nets:
        made = {weight: net.configuration(weight, epochs) for weight in (OFF, ON)}
        rows = train(source, {f"{net.title}, weight {weight:g}": one for weight, one in made.items()})
        without, those = rows.values()
        gain = estimate(those.right - without.right, of)
        print(line(net.title, [without.text, those.text, interval(gain)], head_width=42), flush=True)
        claims.append(above_zero(f"early classifiers raise the accuracy of {net.title}", gain))
    return claims


def _job(net: Net, source: Source, seed: int) -> Job:
    return Job("gradient", net.configuration(ON, 1), Task(data=source.data[0], seed=seed))


def gradients(job: Job) -> tuple[float, float]:
    """Norm of the gradient of the first convolution's weights of an untrained network on the first 64 training
    samples: without and with the losses of early classifiers."""
    network, split = initialised(job).train(), load_dataset(job.task.data).train
    timesteps, first = job.configuration.timesteps, next(network.blocks["1"].parameters())
    indices = torch.arange(64)
    with one_thread():
        outputs = network.run(split.batch(indices, timesteps[0]), timesteps)
        labels = split.labels[indices]
        final = readout_loss(outputs, labels, job.configuration.training)
        early = sum(network.early_classifiers.loss_terms(outputs, labels, job.configuration.training))
        norms = [
            float(torch.autograd.grad(loss, first, retain_graph=True)[0].norm())
            for loss in (final, final + early)
        ]
    return norms[0], norms[1]


def show_additions(data: DataSpec, average: int, rounds: int) -> None:
    """Print the parameters and the seconds of an epoch that early classifiers and temporal transformers add."""
    plain = ladder(average, 1, {})[SHRINKING]
    changes = {"early classifiers, linear": {"early_loss_weight": ON}}
    changes["early classifiers, convolution"] = {"early_loss_weight": ON, "early_head": "convolution"}
    made = {"score_mix": plain.model_copy(update={"temporal_transformer": "score_mix"})}
    made |= {name: _with(plain, change) for name, change in changes.items()}
    jobs = {name: Job(name, one, Task(data=data)) for name, one in ({"": plain} | made).items()}
    seconds = epoch_seconds(jobs, rounds)
    print(f"\nwhat they add at T={','.join(map(str, plain.timesteps))}: parameters; seconds of an epoch of "
          f"{seconds['']:.3f} with neither")  # fmt: skip
    for name in made:
        network, is_early = initialised(jobs[name]), name.startswith("early")
        part = network.early_classifiers if is_early else network.boundaries
        n = sum(parameter.numel() for parameter in part.parameters())
        when = "in training only" if is_early else "in training and inference"
        print(f"  {name:32s} {n:6d}  {seconds[name] - seconds['']:+.3f} s  {when}")


def _with(plain: Configuration, change: dict[str, Any]) -> Configuration:
    return plain.model_copy(update={"training": plain.training.model_copy(update=change)})


def epoch_seconds(jobs: dict[str, Job], rounds: int) -> dict[str, float]:
    """Processor seconds of an epoch, median over `rounds`, of all jobs in turn. Where the weight of their losses is 0,
    there are no early classifiers."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    with one_thread():
        for number in range(rounds + 1):  # the first one compiles and fills caches
            for name, job in jobs.items():
                network = initialised(job)
                if not job.configuration.training.early_loss_weight:
                    network.early_classifiers.clear()
                began = time.process_time()
                loop.train(network, load_dataset(job.task.data), job.task, stop=1)
                if number:
                    seconds[name].append(time.process_time() - began)
    return {name: float(np.median(values)) for name, values in seconds.items()}
