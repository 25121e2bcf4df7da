"""Subjects of `iir.py`: networks, their data, the paths that they are trained along, and what is measured on the way.

A path such as 5-3-1 is a schedule: where the network has an ANN, first that, then a phase per timestep. All paths of a
subject have the same total of epochs, and paths that begin alike share these trainings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from trained_table import Job, Row

from hwcost import NetworkSpec, SpikeRecord, ann_twins, estimate, without_reuse
from tsearch.configuration import Configuration, Conversion, DataSpec, Phase, Task, Training
from tsearch.data import Dataset, load_dataset
from tsearch.data.dataset import epoch_size
from tsearch.flags import pack
from tsearch.networks.build import Network, build
from tsearch.networks.plan import Neuron
from tsearch.networks.weights import load_weights
from tsearch.pricing.describe import describe_network
from tsearch.training.checkpoints import unpack_weights
from tsearch.training.evaluate import measure, one_thread, train_and_price
from tsearch.training.schedule import Position, positions
from tsearch.training.transition import begin_phase

Path = tuple[int, ...]

LONG, SHORT, JUMP, DIRECT = (5, 4, 3, 2, 1), (5, 3, 1), (5, 1), (1,)
MEMORY, SIMPLE = "45nm_memory", "45nm_paper_simple"
WORDS = {
    "membrane": ("membrane_read", "membrane_write"),
    "weights": ("weight_read", "dram_read"),
}

VGG16 = {
    "widths": (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512),
    "pool_after": (2, 4, 7, 10),
}
VGG6 = {"widths": (64, 128, 128), "pool_after": (1, 3)}
_DENSE = (4096, 4096)
NO_LEAK = 1e30


def vgg(shape: dict[str, Any], share: int, norm: str) -> dict[str, Any]:
    """VGG16 or VGG6 of IIR-SNN with one in `share` of the channels and hidden neurons."""
    widths, dense = ([width // share for width in all_] for all_ in (shape["widths"], _DENSE))
    return shape | {"name": "vgg", "widths": widths, "dense": dense, "norm": norm}


class Subject(NamedTuple):
    """A network on a data set. `ann_epochs` 0: it has no ANN and begins as a spiking network. `scale` multiplies the
    learning rate of spiking phases."""

    name: str
    data: DataSpec
    backbone: dict[str, Any]
    neuron: Neuron
    paths: tuple[Path, ...]
    ann_epochs: int
    training: Training
    conversion: Conversion = Conversion()
    scale: float = 1.0

    def configuration(self, path: Path, epochs: int, total: int) -> Configuration:
        """`epochs` in every phase before the last one, which has those that are left of `total`."""
        left = total - epochs * (len(path) - 1)
        n = self.ann_epochs
        ann = [Phase(timesteps=(1,), epochs=n, network="ann")] if n else []
        ends = [*[epochs] * (len(path) - 1), left]
        spiking = [
            Phase(timesteps=(t,), epochs=end, learning_rate_scale=self.scale)
            for t, end in zip(path, ends, strict=True)
        ]
        depth = len(self.backbone["widths"]) + len(self.backbone["dense"])
        return Configuration(
            backbone=self.backbone,
            stages=(depth,),
            schedule=(*ann, *spiking),
            neuron=self.neuron,
            training=self.training,
            conversion=self.conversion,
        )


@dataclass(frozen=True)
class Family(Job):
    """All paths of one subject and replicate; `configuration` is that of the first one."""

    others: tuple[Configuration, ...] = ()

    @property
    def content(self) -> list[Any]:
        return [*super().content, *(other.key for other in self.others)]

    @property
    def work(self) -> float:
        """How long it takes, in no unit: timesteps of all blocks of every shared phase once, times pixels."""
        phases = {c.prefix_key(index): phase for c, index, phase in self.phases()}
        dataset, n_blocks = load_dataset(self.task.data), self.configuration.backbone.depth
        steps = sum(phase.epochs * phase.timesteps[0] for phase in phases.values()) * n_blocks
        return float(steps) * epoch_size(dataset.train) * float(np.prod(dataset.shape))

    def phases(self) -> Iterator[tuple[Configuration, int, Phase]]:
        """Every phase of every path: configuration, index, phase."""
        for configuration in (self.configuration, *self.others):
            for index, phase in enumerate(configuration.schedule):
                yield configuration, index, phase


def family(subject: Subject, replicate: int, epochs: int, total: int) -> Family:
    """The job of a subject and replicate; `epochs` and `total` as in `Subject.configuration`."""
    first, *others = (subject.configuration(path, epochs, total) for path in subject.paths)
    task = Task(data=subject.data, replicate=replicate)
    return Family(f"{subject.name}, replicate {replicate}", first, task, tuple(others))


def stop_name(configuration: Configuration, index: int) -> str:
    """ "ann", "5", "5-4" ...: the timesteps of the spiking phases up to `index`."""
    phases = [p for p in configuration.schedule[: index + 1] if not p.is_ann]
    return "-".join(str(p.timesteps[0]) for p in phases) or "ann"


def walk(job: Job) -> Row:
    """Train all paths of a family, and measure on test data where each phase begins and ends: `stops` by name, each
    {"before", "after", "neurons", "seconds"}, see `_measured`; `twin`, energies of the same shapes without spikes."""
    assert isinstance(job, Family)
    dataset, stops, checkpoints = load_dataset(job.task.data), dict[str, Any](), dict[str, bytes]()
    checkpoint: bytes | None = None
    for configuration, index, phase in job.phases():
        key = configuration.prefix_key(index)
        if index == 0:
            checkpoint = None
        if key not in checkpoints:
            end = sum(p.epochs for p in configuration.schedule[: index + 1])
            result = train_and_price(configuration, end, checkpoint, job.task)
            assert result.checkpoint is not None
            checkpoints[key] = result.checkpoint
            stop = {"neurons": result.neurons, "seconds": result.seconds}
            with one_thread():
                if checkpoint is not None and not phase.is_ann:
                    network = _entered(configuration, index, checkpoint, dataset, job.task)
                    stop["before"] = _measured(network, dataset, phase.timesteps, is_priced=False)
                network = _network(configuration, index, dataset)
                load_weights(network, unpack_weights(result.checkpoint))
                stop["after"] = _measured(network, dataset, phase.timesteps, is_priced=True)
            stops[stop_name(configuration, index)] = stop
        checkpoint = checkpoints[key]
    return {"stops": stops, "twin": _twin(job.configuration, dataset)}


def _network(configuration: Configuration, index: int, dataset: Dataset) -> Network:
    shape, n_classes = dataset.shape, dataset.n_classes
    return build(configuration, shape, n_classes, phase=index, is_static=dataset.is_static)


def _entered(
    configuration: Configuration, index: int, checkpoint: bytes, dataset: Dataset, task: Task
) -> Network:
    """The network where phase `index` begins, behind the `checkpoint` of the phase before."""
    network = _network(configuration, index, dataset)
    network.enter(index - 1)
    load_weights(network, unpack_weights(checkpoint))
    position: Position = next(p for p in positions(configuration) if p.index == index)
    begin_phase(network, dataset, task, position)
    return network


def _measured(network: Network, dataset: Dataset, timesteps: tuple[int, ...], *, is_priced: bool) -> Row:
    """`right` of `n` test samples; of a spiking network also its `rates`, spikes per neuron and timestep, by layer.
    Where it `is_priced` also energies in pJ by profile, and the words that membranes and weights take from memory and
    bring there where every operation fetches its own."""
    spec = describe_network(network.configuration, dataset, timesteps)
    found = measure(network, dataset, dataset.test, timesteps, spec)
    row = {"right": pack(found.right), "n": found.n_samples, "timesteps": timesteps[0]}
    if network.is_ann:
        return row
    row["rates"] = _rates(spec, found.record, timesteps[0])
    if not is_priced:
        return row
    fetching = without_reuse(spec, found.record, MEMORY)
    words = {name: sum(map(fetching.count, items)) for name, items in WORDS.items()}
    energies = {name: estimate(spec, found.record, name).total_pj for name in (MEMORY, SIMPLE)}
    return row | {"energy": energies, "words": words}


def _rates(spec: NetworkSpec, record: SpikeRecord, timesteps: int) -> dict[str, float]:
    n = record.n_samples * timesteps
    layers = [layer for layer in spec.layers if layer.neuron is not None]
    return {layer.name: sum(record.layers[layer.name].outputs) / (n * layer.n_outputs) for layer in layers}


def _twin(configuration: Configuration, dataset: Dataset) -> dict[str, float]:
    """pJ by profile of the same shapes without spikes."""
    spec = describe_network(configuration, dataset, (1,))
    return {name: ann_twins(spec, name).dense.total_pj for name in (MEMORY, SIMPLE)}
