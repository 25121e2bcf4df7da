"""The spike record of nodes that kept what arrived at them and what they sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.activity.record import SpikeRecord
from hwcost.adapters.nodes import Node
from hwcost.network.network import NetworkSpec


def record_of(network: NetworkSpec, nodes: Sequence[Node], n_samples: int) -> SpikeRecord:
    """Counts of the maps of all nodes; a network that only reads numbers has none."""
    n_steps = network.stages[0].timesteps
    events = {node.name: _stacked(node.events, n_steps) for node in nodes if node.events}
    outputs = {node.name: _stacked(node.outputs, n_steps) for node in nodes if node.outputs}
    if not events and not outputs:
        return SpikeRecord.empty(network, n_samples)
    record = SpikeRecord.from_maps(network, events, outputs)
    layers = dict(record.layers)
    for node in nodes:
        if node.others:
            others = tuple(node.others[t] for t in sorted(node.others))
            layers[node.name] = replace(layers[node.name], extras=(("other", others),))
    return SpikeRecord(layers, n_samples)


def _stacked(steps: Mapping[int, NDArray[Any]], n_steps: int) -> NDArray[Any]:
    """[samples, T, ...] of maps [samples, ...] by timestep; events that never change arrive at every timestep."""
    times = sorted(steps) if len(steps) > 1 else [0] * n_steps
    return np.stack([steps[t] for t in times], axis=1)


def small(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest type that holds them."""
    largest = int(np.abs(values).max(initial=0))
    return values.astype(np.int8 if largest < 128 else np.int32)
