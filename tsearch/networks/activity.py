"""What layers of neurons of one type do, timestep by timestep: histograms of their activations beside those of ReLU,
and of the currents that drive them.

DTSS (arXiv 2311.16456) compares histograms of a spiking network with those of one without spikes to choose the types of
layers whose timesteps are masked; how is not public to us. Our reading: the ReLU of the mean current of every neuron,
in units of its threshold, is what the layer would give without time, and its mean spikes come near to it or not.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from tsearch.networks.modules import FiringModule
from tsearch.networks.plan import Plan, Pool, Sum
from tsearch.networks.randomness import drawing_from

if TYPE_CHECKING:
    from tsearch.data import Split
    from tsearch.networks.build import Network

Rows = tuple[tuple[float, ...], ...]
BATCH = 32
N_VALUES = 8  # bins of activations above 0 and up to 1
CURRENT_EDGES = tuple(n / 4 for n in range(-8, 13))  # of bins of currents, in thresholds


@dataclass(frozen=True)
class Activity:
    """Of the layers of one type, over their neurons and all samples; parts in [0, 1]. Timesteps that only some of the
    layers have count these.

    Args:
        layers: Their names.
        spikes: Spikes per neuron at every timestep [T].
        values: Part of the neurons by their mean spikes up to and with a timestep, [T][10]: 0, eight bins up to 1, and
            above 1, where there are none; an upper end belongs to its bin.
        relu: The same of the ReLU of their mean current over all timesteps, in thresholds [10].
        currents: Part of the neurons by their current at a timestep, in thresholds, [T][22]: below -2, bins of a
            quarter, and from 3 on.
        distances: Mean distance between mean spikes up to and with a timestep, and that ReLU where it is at most 1 [T].
    """

    layers: tuple[str, ...]
    spikes: tuple[float, ...]
    values: Rows
    relu: tuple[float, ...]
    currents: Rows
    distances: tuple[float, ...]


@dataclass(frozen=True)
class Activities:
    """By type of layer, in the order of the network; and of residual streams, the part of their values by timestep that
    are 0, 1, 2 ... when rounded [T][n]."""

    types: dict[str, Activity]
    streams: Rows
    n_samples: int


def activities_of(network: "Network", split: "Split", n_samples: int) -> Activities:
    """Of `network`, with the timesteps of its last phase, over at most `n_samples` samples spread evenly over `split`.
    Masked layers are shown as they are before the mask, behind those that are masked."""
    timesteps, found, streams = network.configuration.timesteps, dict[str, _Type](), _Histogram()
    hooks = []
    for node in network.plan.nodes[:-1]:
        module = network.module_of(node)
        if node.neuron is not None and isinstance(module, FiringModule):
            seen = found.setdefault(node.layer_type, _Type())
            hooks.append(module.register_forward_hook(seen.see))

    sums = _sums_of_spikes(network.plan)

    def observe(name: str, value: Tensor) -> None:
        if name in sums:
            for t, step in enumerate(value):
                streams.add(t, step.round())

    where = network.head.weight.device
    split, indices = split.to(where), torch.linspace(0, len(split) - 1, min(n_samples, len(split))).long()
    network.eval()
    try:
        with torch.no_grad(), drawing_from(0, where):
            for batch in torch.split(indices, BATCH):
                network.run(split.batch(batch, timesteps[0]), timesteps, observe, skips=False)
    finally:
        for hook in hooks:
            hook.remove()
    return Activities({name: seen.activity() for name, seen in found.items()}, streams.parts(), len(indices))


def _sums_of_spikes(plan: Plan) -> set[str]:
    """Names of the sums that add spikes, or such sums, to each other."""
    counts: set[str] = set()  # nodes that give whole numbers
    for node in plan.nodes:
        hands_on = isinstance(node, Sum) or (isinstance(node, Pool) and node.mode == "max")
        if node.neuron is not None or (hands_on and counts >= set(node.sources)):
            counts.add(node.name)
    return {node.name for node in plan.nodes if isinstance(node, Sum) and node.neuron is None} & counts


class _Histogram:
    """How often whole numbers were seen, row by row."""

    def __init__(self, n_bins: int = 1) -> None:
        self._n_bins = n_bins
        self._rows: list[Tensor] = []

    def add(self, row: int, bins: Tensor) -> None:
        """Whole numbers of any shape and type, from 0."""
        while len(self._rows) <= row:
            self._rows.append(torch.zeros(self._n_bins, dtype=torch.int64))
        counts = torch.bincount(bins.long().flatten(), minlength=self._n_bins).cpu()
        longer, shorter = sorted((counts, self._rows[row]), key=len, reverse=True)
        self._rows[row] = longer + functional.pad(shorter, (0, len(longer) - len(shorter)))

    def parts(self) -> Rows:
        """Every row in parts of 1, all of one length."""
        n_bins = max(map(len, self._rows), default=0)
        rows = [functional.pad(row, (0, n_bins - len(row))).double() for row in self._rows]
        return tuple(tuple((row / row.sum()).tolist()) for row in rows)


class _Mean:
    """Means of values, row by row."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[float, int]] = {}

    def add(self, row: int, values: Tensor) -> None:
        total, n = self._sums.get(row, (0.0, 0))
        self._sums[row] = total + values.double().sum().item(), n + values.numel()

    def values(self) -> tuple[float, ...]:
        return tuple(total / n for total, n in self._sums.values())


class _Type:
    """Sums over layers and samples, from which an `Activity` follows."""

    def __init__(self) -> None:
        self._layers: dict[str, None] = {}
        self._values, self._relu = _Histogram(N_VALUES + 2), _Histogram(N_VALUES + 2)
        self._currents = _Histogram(len(CURRENT_EDGES) + 1)
        self._spikes, self._distances = _Mean(), _Mean()

    def see(self, module: FiringModule, inputs: tuple[Any, ...], spikes: Tensor) -> None:
        """A forward hook: `spikes` [T, B, C, H, W] of what arrives."""
        *values, timesteps = inputs
        self._layers[module.node.name] = None
        current = module.current(*values).float() / module.neurons.values()["threshold"]
        current = current.expand(timesteps, *current.shape[1:])
        relu = current.mean(0).relu()
        self._relu.add(0, _value_bins(relu))
        sent = torch.zeros_like(relu)
        for t in range(timesteps):
            sent += spikes[t]
            mean = sent / (t + 1)
            self._spikes.add(t, spikes[t])
            self._values.add(t, _value_bins(mean))
            self._distances.add(t, (mean - relu.clamp(max=1)).abs())
            self._currents.add(t, _current_bins(current[t]))

    def activity(self) -> Activity:
        """What was seen."""
        return Activity(
            tuple(self._layers),
            self._spikes.values(),
            self._values.parts(),
            self._relu.parts()[0],
            self._currents.parts(),
            self._distances.values(),
        )


def _value_bins(values: Tensor) -> Tensor:
    """0 for 0, then bins of 1/8, an upper end in its own; the last above 1."""
    return (values * N_VALUES).ceil().clamp(max=N_VALUES + 1)


def _current_bins(currents: Tensor) -> Tensor:
    """0 below the first edge, the number of the last edge that is reached above."""
    return ((currents - CURRENT_EDGES[0]) * 4).floor().clamp(-1, len(CURRENT_EDGES) - 1) + 1
