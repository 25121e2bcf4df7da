"""The rows of `ssnn_ablation.py`: configurations that add one part of SSNN after another, trained on data sets or their
folds, compared sample by sample and seed by seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from intervals import mean_text
from numpy.typing import NDArray
from trained_table import Job, Row, right_of, trained

from tsearch.configuration import Configuration, DataSpec, Phase, Task, Training
from tsearch.data import load_dataset
from tsearch.data.dataset import groups_of
from tsearch.replication.statistics import Estimate, Variance, difference, variance_over_groups
from tsearch.space.file import load_space
from tsearch.space.settings import defaults, nest

Vector = tuple[int, ...]

VECTORS: dict[int, Vector] = {2: (3, 2, 1), 3: (6, 2, 1), 5: (8, 4, 3)}  # by average, of three stages
UNIFORM, SHRINKING, CLASSIFIERS, WHOLE = (
    "uniform T",
    "shrinking T, bucket",
    "+ early classifiers",
    "+ temporal transformer",
)
ROWS = (UNIFORM, SHRINKING, CLASSIFIERS, WHOLE)
BACKBONE = {"widths": (8, 16, 32), "pool_after": (1, 2)}


@dataclass(frozen=True)
class Source:
    """Data, once or as folds that are tested together; `seeds` trainings of each, counted from `first_seed`; what the
    training has otherwise than the demo's; whether a gain is claimed there, or only shown."""

    title: str
    data: tuple[DataSpec, ...]
    seeds: int
    recipe: dict[str, Any] = field(default_factory=dict)
    has_claim: bool = True
    first_seed: int = 0

    def with_seeds(self, seeds: int, first_seed: int = 0) -> "Source":
        return replace(self, seeds=seeds, first_seed=first_seed)


@dataclass(frozen=True)
class Trained:
    """The rows of one configuration on a source: [seeds][folds]."""

    rows: tuple[tuple[Row, ...], ...]

    @property
    def right(self) -> NDArray[np.float64]:
        """1 where a test sample was answered right, else 0 [seeds, N], fold after fold."""
        return np.array([np.concatenate([right_of(row) for row in folds]) for folds in self.rows], float)

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """Of every seed, over the samples of all folds, in percent [seeds]."""
        accuracies: NDArray[np.float64] = 100 * self.right.mean(1)
        return accuracies

    def mean(self, metric: str) -> float:
        """A metric of all trainings that did not diverge; NaN where all did."""
        values = [row[metric] for folds in self.rows for row in folds if metric in row]
        return float(np.mean(values)) if values else float("nan")

    @property
    def text(self) -> str:
        """'82.6 +- 1.1', mean and deviation over the seeds."""
        diverged = sum("diverged" in row for folds in self.rows for row in folds)
        return mean_text(self.accuracies.tolist()) + (f" ({diverged} diverged)" if diverged else "")


def training(**changes: Any) -> Training:
    """The recipe of the demo, without early classifiers where nothing else is said."""
    shipped = nest(defaults(load_space("digits_dvs").settings))["training"]
    return Training(**(shipped | {"early_loss_weight": 0.0} | changes))


def configuration(
    stages: Vector,
    timesteps: Vector,
    epochs: int,
    recipe: Mapping[str, Any],
    *,
    mode: str = "bucket",
    backbone: Any = BACKBONE,
) -> Configuration:
    """One phase of `epochs`; `recipe` is what the training has otherwise than the demo's."""
    return Configuration(
        backbone=backbone,
        stages=stages,
        schedule=(Phase(timesteps=timesteps, epochs=epochs),),
        temporal_transformer=mode,
        training=training(**recipe),
    )


def ladder(average: int, epochs: int, recipe: Mapping[str, Any]) -> dict[str, Configuration]:
    """The configurations of all rows at one average, by row."""
    divided, vector, early = (1, 1, 1), VECTORS[average], {**recipe, "early_loss_weight": 1.0}
    return {
        UNIFORM: configuration((3,), (average,), epochs, recipe),
        SHRINKING: configuration(divided, vector, epochs, recipe),
        CLASSIFIERS: configuration(divided, vector, epochs, early),
        WHOLE: configuration(divided, vector, epochs, early, mode="score_mix"),
    }


def all_trained(
    source: Source, configurations: dict[Any, Configuration], folder: Path, processes: int
) -> dict[Any, Trained]:
    """Every configuration, by its key, with every seed on every fold."""
    seeds = range(source.first_seed, source.first_seed + source.seeds)
    cases = list(product(configurations, seeds, source.data))
    jobs = [
        Job(f"{source.title}, {key}, seed {seed}", configurations[key], Task(data=data, seed=seed))
        for key, seed, data in cases
    ]
    rows = iter(trained(jobs, folder, processes=processes))
    return {
        key: Trained(tuple(tuple(next(rows) for _ in source.data) for _ in seeds)) for key in configurations
    }


def groups(source: Source) -> NDArray[np.int64]:
    """Group of every test sample of all folds [N]."""
    return np.concatenate([groups_of(load_dataset(data).test) for data in source.data])


def estimate(gaps: NDArray[np.float64], of: NDArray[np.int64]) -> Estimate:
    """The mean of `gaps` [seeds, N], in percent: with the error between seeds (Student's t) and that of the test
    samples (bootstrap over the groups `of` [N])."""
    percent = 100 * gaps
    samples = variance_over_groups(gaps.mean(0), of)
    scaled = Variance(samples.value * 100**2, samples.freedom)
    if len(gaps) < 2:
        return Estimate(float(percent.mean()), scaled)
    between = difference([percent.mean(1)], [1.0])
    return Estimate(between.value, between.variance + scaled)


def interval(one: Estimate) -> str:
    """'+6.2 [+3.0, +9.4]'."""
    return f"{one.value:+.1f} [{one.interval.low:+.1f}, {one.interval.high:+.1f}]"


def above_zero(claim: str, one: Estimate) -> str:
    """The line of a claim that points are above 0."""
    low, high = one.interval.low, one.interval.high
    word = "PASS" if low > 0 else "FAIL" if high < 0 else "UNDECIDED"
    return f"{word}: {claim} ({one.value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}, target > 0)"


def line(head: str, cells: Iterable[str], width: int = 24, *, head_width: int = 26) -> str:
    """A line of a table, with cells of `width` characters."""
    return head.ljust(head_width) + "".join(cell.rjust(width) for cell in cells)


def show(source: Source, table: dict[Any, Trained], averages: Sequence[int]) -> list[str]:
    """Print accuracies, energies and gains of a source, whose keys are (row, average); its claims."""
    of = groups(source)
    print(f"\n{source.title}: test accuracy in %, mean +- deviation of {source.seeds} seeds; energy in nJ")
    print(line("average T", (str(average) for average in averages)))
    print(line("shrinking", (",".join(map(str, VECTORS[average])) for average in averages)))
    for row in ROWS:
        cells = (f"{table[row, a].text}  {table[row, a].mean('energy_pj') / 1e3:6.0f}" for a in averages)
        print(line(row, cells))
    gaps = {a: {row: table[row, a].right for row in ROWS} for a in averages}
    steps = [("shrinking - uniform", SHRINKING, UNIFORM), ("classifiers - without", CLASSIFIERS, SHRINKING)]
    steps += [("transformer - bucket", WHOLE, CLASSIFIERS), ("all - uniform", WHOLE, UNIFORM)]
    for name, one, other in steps:
        print(line(name, (interval(estimate(gaps[a][one] - gaps[a][other], of)) for a in averages)))
    if not source.has_claim:
        return []
    gains = {a: gaps[a][WHOLE] - gaps[a][UNIFORM] for a in averages}
    least, most = min(averages), max(averages)
    what = f"{source.title}: all of SSNN - uniform T, average T {least}"
    claims = [above_zero(what, estimate(gains[least], of))]
    if most > least:
        grown = estimate(gains[least] - gains[most], of)
        claims.append(above_zero(f"{source.title}: that gain at average T {least} - at {most}", grown))
    return claims
