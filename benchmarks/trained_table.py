"""Trainings that a benchmark needs, each done once: its result is a line of JSON in a folder, and what stands there is
not trained again, so that a benchmark goes on where it was stopped.

A line belongs to the content of its job: configuration, data, hardware, seed, replicate, the versions of training and
counting, and the function that did it. Two processes train at once, on one thread each. How far they are goes to
stderr.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from hwcost import NetworkSpec, SpikeRecord
from tsearch.configuration import Configuration, Task
from tsearch.data import load_dataset
from tsearch.data.dataset import epoch_size
from tsearch.files.cache import cache_folder
from tsearch.flags import pack, unpack
from tsearch.frozen import content_hash
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.neuron.compiler import compiling
from tsearch.pricing import COUNTING
from tsearch.pricing.describe import describe_network
from tsearch.pricing.price import metrics_of, price
from tsearch.pricing.reduction import reduction_of
from tsearch.training import RECIPE
from tsearch.training.epoch import TrainingDivergedError
from tsearch.training.evaluate import measure, one_thread
from tsearch.training.identity import data_hash
from tsearch.training.loop import train
from tsearch.training.speed import is_worth_compiling, keep_memory

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One training; `name` is for people."""

    name: str
    configuration: Configuration
    task: Task

    @property
    def content(self) -> list[Any]:
        """All that its result depends on, but for the function that does it."""
        task = self.task
        data = data_hash(load_dataset(task.data))
        hardware = task.hardware.model_dump(mode="json")
        return [self.configuration.key, data, hardware, task.seed, task.replicate, RECIPE, COUNTING]

    @property
    def work(self) -> float:
        """How long it takes, in no unit: timesteps of all blocks, times the pixels that an epoch sees."""
        dataset, stages = load_dataset(self.task.data), self.configuration.stages
        steps = sum(phase.epochs * np.dot(phase.timesteps, stages) for phase in self.configuration.schedule)
        return float(steps) * epoch_size(dataset.train) * float(np.prod(dataset.shape))


def tested(job: Job) -> Row:
    """The network of a job, trained, on test data: `right` of every sample and `n` of them (see `right_of`),
    `accuracy`, the metrics of its price, `energies` in pJ under all profiles of the hardware, `seconds` of processor
    time of the training, the number of `parameters` at inference, and the `masks` of its layers.

    A training whose loss is no longer a number has `diverged`, and answers with the first class."""
    return finished(job)


def finished(
    job: Job,
    finish: Callable[[Network, Job], None] | None = None,
    account: Callable[[NetworkSpec, SpikeRecord], Row] | None = None,
) -> Row:
    """The row of `tested`, of a network that `finish` has changed after its training, and what `account` makes of its
    shapes and spikes."""
    dataset, began = load_dataset(job.task.data), time.process_time()
    network, timesteps = initialised(job), job.configuration.timesteps
    worth = is_worth_compiling(network.plan, job.configuration, epoch_size(dataset.train))
    with one_thread(), compiling(worth):
        try:
            train(network, dataset, job.task, stop=job.configuration.epochs)
        except TrainingDivergedError:
            return _row(dataset.test.labels.numpy() == 0, diverged=True)
        if finish is not None:
            finish(network, job)
        seconds = time.process_time() - began
        spec = describe_network(job.configuration, dataset, timesteps, reduction_of(network, timesteps))
        measured = measure(network, dataset, dataset.test, spec=spec, seed=job.task.seeds)
    hardware = job.task.hardware
    costs = price(spec, measured.record, hardware)
    return _row(
        measured.right,
        **metrics_of(costs, hardware),
        **({} if account is None else account(spec, measured.record)),
        energies={name: cost.total_pj for name, cost in costs.items()},
        seconds=seconds,
        parameters=n_parameters(network),
        masks={name: list(mask) for name, mask in network.masks(timesteps).items()},
    )


def initialised(job: Job) -> Network:
    """The network of a job before its training."""
    dataset = load_dataset(job.task.data)
    network = build(job.configuration, dataset.shape, dataset.n_classes, is_static=dataset.is_static)
    initialise(network, job.task.seed, job.task.replicate)
    return network


def n_parameters(network: Network) -> int:
    """Parameters of a network at inference: without early classifiers."""
    named = network.named_parameters()
    return sum(p.numel() for name, p in named if not name.startswith("early_classifiers."))


def _row(right: NDArray[np.bool_], **more: Any) -> Row:
    return {"accuracy": float(right.mean()), "right": pack(right), "n": len(right)} | more


def right_of(row: Row) -> NDArray[np.bool_]:
    """Which test samples were answered right, bool [N]."""
    return unpack(row["right"], row["n"])


def add_folder(arguments: ArgumentParser, name: str) -> None:
    """The argument `--folder` of the benchmark `name`."""
    default = cache_folder() / "benchmarks" / name
    what = f"where results of trainings are kept, which are not trained again (default: {default})"
    arguments.add_argument("--folder", type=Path, default=default, metavar="DIR", help=what)


def trained(
    jobs: Sequence[Job], folder: Path, do: Callable[[Job], Row] = tested, *, processes: int = 2
) -> list[Row]:
    """What `do` gives for every job, in their order: from `folder`, or done now.

    `do` is a function of a module, whose rows JSON can hold; with one process it is called in this one. A row has
    `name`, that of the first job of its content, and `key`."""
    path, keys = folder / "trained.jsonl", [content_hash([do.__name__, *job.content]) for job in jobs]
    rows = {row["key"]: row for row in _read(path)}
    missing = {key: job for key, job in zip(keys, jobs, strict=True) if key not in rows}
    progress = _Progress(len(missing), sum(job.work for job in missing.values()))
    folder.mkdir(parents=True, exist_ok=True)
    keep_memory()
    for key, row in _done(missing, do, processes):
        rows[key] = {"key": key, "name": missing[key].name} | row
        _append(path, rows[key])
        progress.tell(missing[key], row)
    return [rows[key] for key in keys]


def _done(jobs: dict[str, Job], do: Callable[[Job], Row], processes: int) -> Iterator[tuple[str, Row]]:
    """Key and row of every job, as they come."""
    if processes == 1 or len(jobs) < 2:
        yield from ((key, do(job)) for key, job in jobs.items())
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _become_worker) as pool:
        futures = {pool.submit(do, job): key for key, job in jobs.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:  # nothing else begins; what runs ends with its process
            pool.shutdown(cancel_futures=True, wait=False)
            raise


def _become_worker() -> None:
    """Ends with the process that began it, also where that one is killed."""
    keep_memory()
    parent = parent_process()
    assert parent is not None
    Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


class _Progress:
    """Lines to stderr: how many trainings are done, and how long the others will take."""

    def __init__(self, n: int, work: float) -> None:
        self.n, self.work = n, work
        self.n_done, self.work_done, self.began = 0, 0.0, time.monotonic()

    def tell(self, job: Job, row: Row) -> None:
        self.n_done, self.work_done = self.n_done + 1, self.work_done + job.work
        left = (time.monotonic() - self.began) * (self.work / self.work_done - 1)
        accuracy = f" {row['accuracy']:.1%}" if "accuracy" in row else ""
        text = f"{self.n_done} of {self.n} trainings, {left / 60:.1f} min left: {job.name}{accuracy}"
        print(text, file=sys.stderr, flush=True)


def _read(path: Path) -> Iterator[Row]:
    """The rows of a file; a last line that was cut off is left out."""
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _append(path: Path, row: Row) -> None:
    """One write, after a new line where the last one was cut off."""
    with path.open("ab+") as file:
        is_cut = file.tell() > 0 and path.read_bytes()[-1:] != b"\n"
        file.write(b"\n" * is_cut + json.dumps(row).encode() + b"\n")
