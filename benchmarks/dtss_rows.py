"""Trainings of `dtss.py` and what follows from their rows: averages of timesteps, uniform T at the same average, equal
pairs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from dtss_subjects import Subject, Way
from iir_tables import paired_interval
from intervals import Interval
from numpy.typing import NDArray
from trained_table import Job, Row, finished, right_of, trained

from tsearch.configuration import Hardware, Task
from tsearch.data import load_dataset
from tsearch.networks.build import Network
from tsearch.training.keeping import measure_statistics
from tsearch.training.schedule import positions

SIMPLE, INT32 = "45nm_paper_simple", "45nm_int32_paper_simple"
HARDWARE = Hardware(profile=SIMPLE, also=(INT32,))
Rows = Mapping[Way, Sequence[Row]]
Values = NDArray[np.float64]


def rows_of(subject: Subject, ways: Iterable[Way], replicates: int, folder: Path) -> dict[Way, list[Row]]:
    """The rows of all ways, one per replicate."""
    made = list(dict.fromkeys(ways))
    found = trained([_job(subject, way, r) for way in made for r in range(replicates)], folder, recalibrated)
    return {way: found[i * replicates : (i + 1) * replicates] for i, way in enumerate(made)}


def _job(subject: Subject, way: Way, replicate: int) -> Job:
    task = Task(data=subject.data, hardware=HARDWARE, replicate=replicate)
    return Job(f"{subject.name}, {words(way)}, replicate {replicate}", subject.configuration(way), task)


def words(way: Way) -> str:
    """ "T=3", or what is learned with which settings."""
    if not way.masks.are_learned:
        return f"T={way.timesteps}"
    settings = way.masks.model_dump(exclude_defaults=True, mode="json").items()
    return " ".join(f"{name}={value}" for name, value in settings)


def recalibrated(job: Job) -> Row:
    """The row of a training whose masks stay as they are, with statistics of BatchNorm that were measured anew after
    it, uniform networks alike; `types` are those of its layers of neurons."""
    dataset, configuration = load_dataset(job.task.data), job.configuration
    plan = configuration.backbone.plan(dataset.shape, dataset.n_classes, configuration.neuron)
    return finished(job, _recalibrate) | {
        "types": {node.name: node.layer_type for node in plan.nodes if node.neuron is not None}
    }


def _recalibrate(network: Network, job: Job) -> None:
    last = positions(job.configuration)[-1]
    measure_statistics(network, load_dataset(job.task.data), job.task, last)


def timesteps_of(row: Row) -> dict[str, int]:
    """Timesteps of every layer of neurons: up to the last one that its mask lets run, or all of its stage."""
    uniform = round(row["mean_timesteps"])
    lasts = {name: max(t for t, runs in enumerate(mask, 1) if runs) for name, mask in row["masks"].items()}
    return {name: lasts.get(name, uniform) for name in row["types"]}


class Average(NamedTuple):
    """Mean timesteps of a network: of its layers of neurons, of its MACs, and by type of layer."""

    by_layer: float
    by_mac: float
    by_type: dict[str, float]


def average(row: Row) -> Average:
    """All three averages of a row."""
    steps, types = timesteps_of(row), row["types"]
    by_type = {
        kind: float(np.mean([t for name, t in steps.items() if types[name] == kind]))
        for kind in dict.fromkeys(types.values())
    }
    return Average(float(np.mean(list(steps.values()))), row["mean_timesteps_by_mac"], by_type)


def by_layer(rows: Sequence[Row]) -> Values:
    """Mean timesteps of the layers of neurons, [replicates]."""
    return np.array([average(row).by_layer for row in rows])


def rights(rows: Sequence[Row]) -> Values:
    """1 where a test sample was answered right, else 0 [replicates, samples]."""
    return np.array([right_of(row) for row in rows], float)


def standard_error(rows: Sequence[Row]) -> float:
    """Of the mean accuracy over replicates, in points; NaN of a single one."""
    return float(100 * rights(rows).mean(1).std(ddof=1) / len(rows) ** 0.5) if len(rows) > 1 else float("nan")


def between(uniform: Sequence[Any], at: Sequence[float]) -> Values:
    """What uniform networks give at the average timesteps `at` [replicates]: linear between whole timesteps.

    `uniform` [timesteps from 1][replicates, ...] holds their values."""
    values, found = np.asarray(uniform, float), []
    for replicate, t in enumerate(np.clip(at, 1, len(values))):
        low = min(int(t), len(values) - 1) - 1 if len(values) > 1 else 0
        high, share = min(low + 1, len(values) - 1), t - (low + 1)
        found.append((1 - share) * values[low, replicate] + share * values[high, replicate])
    return np.array(found)


def gain_at_equal_average(
    rows: Sequence[Row], uniform: Sequence[Sequence[Row]], mean: Callable[[Sequence[Row]], Values] = by_layer
) -> Interval:
    """Accuracy in points above that of uniform T with the same average, paired by replicate and sample."""
    return paired_interval(rights(rows), between([rights(of_t) for of_t in uniform], mean(rows).tolist()))


class Pair(NamedTuple):
    """Learned timesteps beside a uniform T: part of the steps that are spared, accuracy above it in points, and the
    standard error of the uniform accuracy."""

    spared: float
    points: float
    error: float

    @property
    def is_equal(self) -> bool:
        """Whether the learned network is at most one standard error worse."""
        return self.points >= -self.error


def pair(rows: Sequence[Row], uniform: Sequence[Row]) -> Pair:
    """Learned timesteps beside a uniform T, by the means of both."""
    spared = 1 - by_layer(rows).mean() / by_layer(uniform).mean()
    points = 100 * (rights(rows).mean() - rights(uniform).mean())
    return Pair(float(spared), float(points), standard_error(uniform))
