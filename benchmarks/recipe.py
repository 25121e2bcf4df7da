"""What each part of the training recipe brings: uniform T=6 networks on the event digits, some replicates of each.

Accuracies in percent, mean +- standard deviation over replicates, on validation and test data; CPU seconds of a
training. The recipe was chosen on validation data alone. With 20 epochs and four replicates it takes about fifteen
minutes of one core.
"""

import os
import sys
import time
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from claims import conclude, holds, parser
from intervals import mean_text, t_interval

from tsearch.configuration import Configuration, DataSpec, Phase, Task, Training
from tsearch.data import load_dataset
from tsearch.networks.build import build, initialise
from tsearch.space.file import load_space
from tsearch.space.settings import defaults, nest
from tsearch.training.evaluate import measure, one_thread
from tsearch.training.loop import train
from tsearch.training.speed import keep_memory

# What version 2 of the recipe trained the demo with: the values that the absence of a field means, and a shift.
BEFORE: dict[str, Any] = {"shift": 1}
CHANGES: dict[str, dict[str, Any]] = {
    "loss tet": {"loss": "tet"},
    "shift per sample": {"shift_per": "sample"},
    "learning rate .03": {"learning_rate": 0.03},
    "no decay of norms": {"decay_all": False},
    "average": {"keep": "average"},
}
TARGET = {20: 91.0, 60: 94.1}


class Row(NamedTuple):
    """Accuracies [replicates] in percent, and the CPU seconds of a training."""

    validation: list[float]
    test: list[float]
    seconds: list[float]


def trained(training: Training, n_recordings: int, epochs: int, replicates: int) -> Row:
    """Trainings with T=6 on `n_recordings` of every training scan; validation and test are the same for all."""
    data = DataSpec(name="digits_dvs", options={"train_recordings": n_recordings})
    dataset, row = load_dataset(data), Row([], [], [])
    schedule = (Phase(timesteps=(6,), epochs=epochs),)
    configuration = Configuration(stages=(3,), schedule=schedule, training=training)
    for replicate in range(replicates):
        network = build(configuration, dataset.shape, dataset.n_classes)
        initialise(network, 0, replicate)
        began = time.process_time()
        train(network, dataset, Task(data=data, replicate=replicate), stop=epochs)
        row.seconds.append(time.process_time() - began)
        row.validation.append(100 * measure(network, dataset, dataset.validation).accuracy)
        row.test.append(100 * measure(network, dataset, dataset.test).accuracy)
    return row


def rows(shipped: Training, epochs: int, replicates: int) -> dict[str, Row]:
    """The table: before, shipped, each change alone."""
    before = read(BEFORE)
    alone = {name: (read(BEFORE | change), 1) for name, change in CHANGES.items()}
    made: dict[str, Row] = {}
    recipes = {"before": (before, 1), "shipped": (shipped, 8), "8 recordings": (before, 8)} | alone
    print(f"{'T=6, ' + str(epochs) + ' epochs':20s} {'validation':>14s} {'test':>14s} {'seconds':>9s}")
    for name, (training, n_recordings) in recipes.items():
        row = made[name] = trained(training, n_recordings, epochs, replicates)
        print(
            f"{name:20s} {mean_text(row.validation):>14s} {mean_text(row.test):>14s} {np.median(row.seconds):9.2f}"
        )
        sys.stdout.flush()
    return made


def read(settings: dict[str, Any]) -> Training:
    """The training with these settings, and otherwise the values that their absence means."""
    schedule = [{"timesteps": [1], "epochs": 1}]
    plain = {"stages": [3], "schedule": schedule, "training": settings}
    return Configuration.model_validate(plain).training


def main() -> int:
    arguments = parser(__doc__, rounds=4)
    arguments.add_argument("--epochs", type=int, default=20, help="of every training (default: 20)")
    arguments.add_argument("--quick", action="store_true", help="two epochs and two replicates: no claim")
    chosen = arguments.parse_args()
    keep_memory()
    epochs, replicates = (2, 2) if chosen.quick else (chosen.epochs, chosen.rounds)
    shipped = Training(**nest(defaults(load_space("digits_dvs").settings))["training"])
    with one_thread():
        table = rows(shipped, epochs, replicates)
    gains = np.subtract(table["shipped"].test, table["before"].test)  # paired
    low, middle, high = t_interval(gains.tolist())
    print(f"\nshipped - before, test: {middle:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}")
    slower = float(np.median(table["shipped"].seconds) / np.median(table["before"].seconds))
    print(f"a training takes {slower:.2f} times as long")
    if chosen.quick:
        return 0
    claims = [holds("the shipped recipe is better than the one before, interval above 0", low > 0)]
    if epochs in TARGET:
        mean = float(np.mean(table["shipped"].test))
        target = TARGET[epochs]
        claims.append(
            holds(f"it reaches {target} % on test data with {epochs} epochs ({mean:.1f})", mean >= target)
        )
    return conclude(claims)


if __name__ == "__main__":
    raise SystemExit(main())
