"""The way from a configuration to a result: real training, a validation pass, and its price.

`train_and_price` is the evaluator that searches use. The engine drives any other function of the same form
as well."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hwcost import Cost, HwcostError, NetworkSpec, SpikeRecord
from tsearch.configuration import Configuration, Hardware, Result, Task
from tsearch.data import Dataset, Split, load_dataset
from tsearch.data.dataset import epoch_size, groups_of
from tsearch.flags import pack
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.neuron.compiler import compiling
from tsearch.networks.randomness import drawing_from
from tsearch.pricing.describe import describe_network
from tsearch.pricing.price import (
    executed_timesteps,
    metrics_of,
    price,
    reuse_metrics,
    twin_metrics,
    type_metrics,
)
from tsearch.pricing.record import Recorder
from tsearch.pricing.reduction import reduction_of
from tsearch.training.checkpoints import trained_epochs
from tsearch.training.device import device, device_name
from tsearch.training.identity import prepare
from tsearch.training.initial import report
from tsearch.training.loop import train
from tsearch.training.schedule import positions
from tsearch.training.speed import is_worth_compiling, keep_memory, warn_of_slow_products
from tsearch.versions import versions

BATCH = 64  # validation batches; the probe is the first of them


@dataclass(frozen=True)
class Measurement:
    """One pass over a split: which samples were answered right (bool [N]), the spike record, and the hash of the first
    batch's logits."""

    right: NDArray[np.bool_]
    record: SpikeRecord
    probe: str

    @property
    def accuracy(self) -> float:
        """Part of the samples classified right, in [0, 1]."""
        return int(self.right.sum()) / len(self.right)

    @property
    def n_samples(self) -> int:
        return len(self.right)


def train_and_price(
    configuration: Configuration, budget: int, resume_from: bytes | None, task: Task
) -> Result:
    """Train up to epoch `budget` of the schedule, from the checkpoint `resume_from` if given, and measure
    on validation data.

    Energy and latency are those of the task's hardware for the spikes of the validation pass; inside an
    early phase they are those of that phase's timesteps. An ANN has no spikes: of its costs there is the energy of
    dense products alone. A network that the hardware cannot run has a result without prices, which says why: a trial
    that ends so has failed, but its training may lead to networks that fit.

    Raises: TrainingDivergedError; TsearchError for data or profiles that cannot be used.
    """
    began = time.perf_counter()
    keep_memory()
    with one_thread():
        where = device(task.compute.device)
        warn_of_slow_products(configuration.training.precision, where.type)
        dataset = load_dataset(task.data).to(where)
        position = positions(configuration)[budget - 1]
        network = build(
            configuration,
            dataset.shape,
            dataset.n_classes,
            phase=position.index,
            is_static=dataset.is_static,
        )
        initialise(network, task.seed, task.replicate)
        network.to(where)
        start = trained_epochs(resume_from) if resume_from is not None else 0
        timesteps = position.phase.timesteps
        with compiling(
            is_worth_compiling(network.plan, configuration, epoch_size(dataset.train)), str(where)
        ):
            trained = train(network, dataset, task, start=start, stop=budget, checkpoint=resume_from)
            spec = describe_network(configuration, dataset, timesteps, reduction_of(network, timesteps))
            measured = measure(network, dataset, dataset.validation, timesteps, spec, seed=task.seeds)
    is_ann = position.phase.is_ann
    layer_timesteps = executed_timesteps(spec) if network.masks(timesteps) else {}
    costs, unpriced = ({}, "") if is_ann else _costs(spec, measured.record, task.hardware)
    return Result(
        configuration=configuration,
        budget=budget,
        metrics={"accuracy": measured.accuracy}
        | _priced(spec, measured.record, costs, task.hardware)
        | type_metrics(network.plan, layer_timesteps),
        costs={name: cost.to_dict() for name, cost in costs.items()},
        spikes={} if is_ann else {"network": spec.to_dict(), "record": measured.record.to_dict()},
        curve=trained.curve,
        n_samples={
            "train": len(dataset.train),
            "validation": measured.n_samples,
            "validation_groups": len(np.unique(groups_of(dataset.validation))),
        },
        right={"validation": pack(measured.right)},
        probe=measured.probe,
        unpriced=unpriced,
        notes=() if trained.loaded is None else (f"Initial weights: {report(trained.loaded)}.",),
        neurons=network.neurons(),
        layer_timesteps=layer_timesteps,
        seconds=time.perf_counter() - began,
        versions=versions() | {"device": device_name(where)},
        checkpoint=trained.checkpoint,
    )


train_and_price.prepare = prepare  # type: ignore[attr-defined]  # what a run asks an evaluator for when it begins


def _costs(spec: NetworkSpec, record: SpikeRecord, hardware: Hardware) -> tuple[dict[str, Cost], str]:
    """What a network costs; or why it has no price, as where the hardware cannot hold it before it is quantised."""
    try:
        return price(spec, record, hardware), ""
    except HwcostError as error:
        return {}, f"{type(error).__name__}: {error}"


def _priced(
    spec: NetworkSpec, record: SpikeRecord, costs: Mapping[str, Cost], hardware: Hardware
) -> dict[str, float]:
    """The metrics that are prices; without costs, the dense twin's alone."""
    twins = twin_metrics(spec, hardware)
    if not costs:
        return {name: value for name, value in twins.items() if name == "dense_energy_pj"}
    return metrics_of(costs, hardware) | reuse_metrics(spec, record, hardware) | twins


def measure(
    network: Network,
    dataset: Dataset,
    split: Split,
    timesteps: tuple[int, ...] | None = None,
    spec: NetworkSpec | None = None,
    *,
    seed: tuple[int, int] = (0, 0),
) -> Measurement:
    """Run `network` over `split` once, counting right answers and spikes, which an ANN has none of. `spec` is its
    description where it has been made before.

    A network whose inference is random draws the same numbers for the same configuration and `seed` (of the task, and
    its replicate)."""
    timesteps = timesteps or network.configuration.timesteps
    if spec is None:
        reduction = reduction_of(network, timesteps)
        spec = describe_network(network.configuration, dataset, timesteps, reduction)
    recorder = None if network.is_ann else Recorder(spec, network.plan)
    network.eval()
    where = network.head.weight.device
    split = split.to(where)
    right, probe = [], ""
    with torch.no_grad(), drawing_from(_entropy(seed, network.configuration), where):
        for first in range(0, len(split), BATCH):
            indices = torch.arange(first, min(first + BATCH, len(split)), device=where)
            frames = split.batch(indices, timesteps[0])
            logits = network.run(frames, timesteps, recorder).logits
            if recorder is not None:
                recorder.add_samples(len(indices))
            probe = probe or logits_hash(logits)
            right.append(logits.argmax(1) == split.labels[indices])
    record = SpikeRecord({}, len(split)) if recorder is None else recorder.record()
    return Measurement(torch.cat(right).numpy(force=True), record, probe)


def _entropy(seed: tuple[int, int], configuration: Configuration) -> int:
    """What a measurement draws from: the seed and the key of the configuration."""
    return int(np.random.default_rng([*seed, int(configuration.key, 16)]).integers(2**62))


def logits_hash(logits: torch.Tensor) -> str:
    """16 hexadecimal digits of SHA-256 over the bytes of float32 logits."""
    return hashlib.sha256(logits.detach().float().cpu().contiguous().numpy().tobytes()).hexdigest()[:16]


@contextmanager
def one_thread() -> Iterator[None]:
    """Run on one thread: the order of floating-point sums, and so every bit of a result, does not depend on
    the machine's cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
