"""A trained ANN becomes a spiking network: its weights stay, and every layer gets the threshold that its currents ask
for.

Source: A3 of IIR-SNN (arXiv 2110.05929) and its released code. There one batch with augmentation is run; here the
samples are taken as they are, in batches, and one layer after the other is done for all of them."""

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from tsearch.configuration import Configuration, Task
from tsearch.data import Dataset
from tsearch.data.dataset import epoch_of
from tsearch.networks.build import Network
from tsearch.networks.modules import FiringModule
from tsearch.networks.plan import INPUT, Node, Sum
from tsearch.training.schedule import Position

LEAST = 0.1  # the threshold of a layer whose currents ask for none above 0
OF_RESIDUAL_BLOCKS = 0.4  # where they are not calibrated
_BATCH = 64


def convert(network: Network, dataset: Dataset, task: Task, position: Position) -> None:
    """Make the ANN in `network` the spiking network of the phase at `position`, in place.

    Weights stay; with `fold_norm`, BatchNorm becomes part of them. Learned leaks start at the neuron's, thresholds at
    what `Conversion` asks for, found on samples that depend on (seed, replicate, prefix of the ANN) alone. An image is
    shown for `Conversion.timesteps` in all stages; events come with the timesteps of the phase, whose frames hold as
    many as those that are trained on."""
    configuration, how = network.configuration, network.configuration.conversion
    network.enter(position.index)
    network.eval()
    timesteps = position.phase.timesteps
    if dataset.is_static:
        timesteps = (how.timesteps,) * len(timesteps)
    seed = [*task.seeds, int(_origin(configuration, position.index), 16)]
    where = network.head.weight.device
    order = epoch_of(dataset.train, np.random.default_rng(seed))[: how.samples]
    split = dataset.train.to(where)
    batches = torch.split(torch.as_tensor(order, device=where), _BATCH)
    with torch.no_grad():
        frames = [split.batch(indices, timesteps[0]) for indices in batches]
        calibrate(network, frames, timesteps, has_boundaries=not dataset.is_static)


def calibrate(
    network: Network, frames: Sequence[Tensor], timesteps: tuple[int, ...], *, has_boundaries: bool
) -> None:
    """Set every threshold of `network`, in the order of its layers, for `frames` [T or 1, B, C, H, W] of several
    batches. Without boundaries, which need the timesteps of a phase, stages hand on what they give. Needs a byte for
    every sample, timestep and neuron of a block."""
    how, residual = network.configuration.conversion, _residual_blocks(network)
    stored: list[dict[str, Tensor]] = [{INPUT: batch} for batch in frames]  # by node, for every batch
    outputs = {network.plan.block_output(node.block).name for node in network.plan.nodes[:-1]}
    for node in network.plan.nodes[:-1]:
        module, steps = cast(FiringModule, network.module_of(node)), timesteps[network.stage_of(node)]
        if node.neuron is not None:
            if node.block in residual and not how.residual:
                threshold = OF_RESIDUAL_BLOCKS
            else:
                currents = _currents(network, node, stored, steps)
                threshold = how.scale * threshold_of(currents, how.percentile)
            assert module.neurons.threshold is not None
            module.neurons.threshold.fill_(threshold)
            for values in stored:
                sources = (_value(network, source, values) for source in node.sources)
                values[node.name] = module(*sources, steps).to(torch.uint8)
        if node.name in outputs:
            for values in stored:
                value = _value(network, node.name, values)
                values.clear()
                values[node.name] = network.across(node, value, timesteps, []) if has_boundaries else value


def threshold_of(currents: Iterator[Tensor] | Sequence[Tensor], percentile: float) -> float:
    """The largest percentile of the currents of any timestep, each a tensor; `LEAST` where that is not above 0."""
    largest = max(percentile_of(current, percentile) for current in currents)
    return largest if largest > 0 else LEAST


def percentile_of(values: Tensor, percentile: float) -> float:
    """The k-th smallest of n `values` of any shape, k = 1 + round(percentile / 100 (n - 1))."""
    rank = 1 + round(percentile / 100 * (values.numel() - 1))
    return values.flatten().kthvalue(rank).values.item()


def _currents(network: Network, node: Node, stored: list[dict[str, Tensor]], steps: int) -> Iterator[Tensor]:
    """The currents of `node` in all samples, timestep by timestep; once where they are the same at all of them."""
    is_constant = node.sources == (INPUT,) and all(len(values[INPUT]) == 1 for values in stored)
    for t in range(1 if is_constant else steps):
        yield torch.cat([_current(network, node, values, t).flatten() for values in stored])


def _current(network: Network, node: Node, values: dict[str, Tensor], t: int | None) -> Tensor:
    module = cast(FiringModule, network.module_of(node))
    return module.current(*(_value(network, source, values, t) for source in node.sources))


def _value(network: Network, name: str, values: dict[str, Tensor], t: int | None = None) -> Tensor:
    """The value of a node at timestep `t`, or at all: stored, or made of such without any neurons between."""
    if name not in values:
        return _current(network, network.plan.by_name[name], values, t)
    value = values[name]
    return (value if t is None or len(value) == 1 else value[t : t + 1]).float()


def _origin(configuration: Configuration, phase: int) -> str:
    """What the ANN before `phase` is known by: its prefix, or the content of its file."""
    if phase or configuration.init is None:
        return configuration.prefix_key(phase - 1)
    return configuration.init.content


def _residual_blocks(network: Network) -> set[int]:
    return {node.block for node in network.plan.nodes if isinstance(node, Sum)}
