"""What the events of a layer cause on its cores: messages, hops, and how evenly the cores are loaded.

A spike is sent once to each core that holds one of its targets. The record knows events by fan-out class, so that means
are over the input neurons of a class: exact where all of them reach equally many cores, else an expectation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcost.mapping.layer_cores import Placed
from hwcost.mapping.mesh import distances, has_mesh
from hwcost.mapping.reach import Reach, Whole
from hwcost.network.fan_out import fan_out_classes
from hwcost.network.kinds import POOLS, WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile

Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Traffic:
    """Means over the input neurons of each fan-out class k.

    Args:
        first_core: Number of the layer's first core.
        messages, hops: Of one event, [K].
        fewest, most: Messages, and then hops, of the event that causes fewest or most, all classes together.
        core_messages, core_synapses: Messages and synaptic operations of one event at each core, [K, cores].
        core_neurons: Neurons of each core, [cores].
        own_messages, own_hops: Of one spike that a recurrent layer sends to itself; 0 for other kinds.
        farthest: Most links between a sender and a core of the layer.
    """

    first_core: int
    messages: tuple[int | float, ...]
    hops: tuple[int | float, ...]
    fewest: tuple[int, int | float]
    most: tuple[int, int | float]
    core_messages: Real
    core_synapses: Real
    core_neurons: Whole
    own_messages: int
    own_hops: float
    farthest: int

    @property
    def n_cores(self) -> int:
        """Cores of the layer."""
        return len(self.core_neurons)


def traffic(
    network: NetworkSpec,
    layer: LayerSpec,
    profile: Profile,
    placed: Mapping[str, Placed],
    first: Mapping[str, int],
) -> Traffic:
    """Traffic of a layer, given where it and all layers before it lie, and the number of their first core."""
    reach, n_cores = placed[layer.name].reach, placed[layer.name].n_cores
    index = fan_out_classes(layer)[1].ravel() if layer.kernel else np.zeros(1, dtype=np.int64)
    of_class = index[reach.position]
    sizes = np.bincount(index) * layer.groups  # input neurons of a class that differ in what they reach
    links = _links(profile, layer, reach, sources(network, layer, placed, first), first[layer.name])
    by_input, n_inputs = reach.group * len(index) + reach.position, layer.groups * len(index)
    fan_out = np.bincount(by_input, minlength=n_inputs)
    paths = np.bincount(by_input, links.mean(axis=1), n_inputs)
    own = _own_links(profile, layer, placed[layer.name], first[layer.name])
    return Traffic(
        first_core=first[layer.name],
        messages=_means(np.bincount(of_class, minlength=len(sizes)), sizes),
        hops=_means(np.bincount(of_class, links.mean(axis=1), len(sizes)), sizes),
        fewest=(int(fan_out.min()), float(paths.min(initial=0))),
        most=(int(fan_out.max()), float(paths.max(initial=0))),
        core_messages=_by_core(of_class, reach, sizes, n_cores, None),
        core_synapses=_by_core(of_class, reach, sizes, n_cores, reach.synapses),
        core_neurons=np.bincount(placed[layer.name].cores.ravel()),
        own_messages=n_cores if layer.kind == "recurrent" else 0,
        own_hops=float(own.sum(axis=1).mean()),
        farthest=int(max(links.max(initial=0), own.max(initial=0))),
    )


def sources(
    network: NetworkSpec, layer: LayerSpec, placed: Mapping[str, Placed], first: Mapping[str, int]
) -> Whole:
    """The core that sends the events of each input neuron, flat; core 0 for the network's input.

    Of a sum of two branches it is the core of the first summand; of a pool, that of the first neuron of each window.
    """
    source = network.source(layer)
    if source is None:
        return np.zeros(layer.n_inputs, dtype=np.int64)
    if source.kind in WEIGHTED:
        cores: Whole = placed[source.name].cores.ravel() + first[source.name]
    else:
        cores = sources(network, source, placed, first)
    if source.kind in POOLS:
        first_of = (
            np.minimum(np.arange(n) * s, most - 1)
            for n, s, most in zip(source.out_shape[1:], source.stride, source.in_shape[1:], strict=True)
        )
        cores = cores.reshape(source.in_shape)[np.ix_(np.arange(source.in_shape[0]), *first_of)].ravel()
    return np.resize(cores, layer.n_inputs)


def _links(profile: Profile, layer: LayerSpec, reach: Reach, sender: Whole, first_core: int) -> Whole:
    """Links from the sender of every channel of a row's group to the row's core, [rows, channels]."""
    if not has_mesh(profile):
        return np.zeros((len(reach.core), 1), dtype=np.int64)
    senders = sender.reshape(layer.groups, reach.channels, -1)
    return distances(profile, senders[reach.group, :, reach.position], reach.core[:, None] + first_core)


def _own_links(profile: Profile, layer: LayerSpec, placed: Placed, first_core: int) -> Whole:
    """Links from every neuron of a recurrent layer to every core of it, [neurons, cores]."""
    if layer.kind != "recurrent" or not has_mesh(profile):
        return np.zeros((1, 1), dtype=np.int64)
    cores = placed.cores.reshape(-1, 1) + first_core
    return distances(profile, cores, np.arange(placed.n_cores)[None, :] + first_core)


def _by_core(of_class: Whole, reach: Reach, sizes: Whole, n_cores: int, weights: Whole | None) -> Real:
    """Mean of rows (or of their weights) over the input neurons of a class, by core, [K, cores]."""
    totals = np.bincount(of_class * n_cores + reach.core, weights, len(sizes) * n_cores)
    return totals.reshape(len(sizes), n_cores) / sizes[:, None]


def _means(totals: NDArray[np.generic], sizes: Whole) -> tuple[int | float, ...]:
    """Totals over sizes, as whole numbers where they are."""
    means = [float(total) / int(size) for total, size in zip(totals, sizes, strict=True)]
    return tuple(int(mean) if mean.is_integer() else mean for mean in means)
