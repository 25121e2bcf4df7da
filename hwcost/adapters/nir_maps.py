"""What arrives at every node of a graph, from what its neurons and its input send."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.adapters.maps import small
from hwcost.adapters.nodes import Node
from hwcost.errors import HwcostError
from hwcost.network.kinds import INPUT

Maps = Mapping[str, NDArray[Any]]


def fill_maps(nodes: Sequence[Node], maps: Maps) -> None:
    """Give every node the maps of the events that arrive and, where it has neurons, of the spikes that it sends."""
    sent: dict[int, NDArray[Any]] = {}
    for node in nodes:
        arrived = [_sent(source, sent, maps) for source in node.sources]
        if arrived[0] is not None:
            node.events = _by_step(arrived[0].reshape(*arrived[0].shape[:2], *node.in_shape))
        if len(arrived) > 1 and arrived[1] is not None:
            node.others = {t: int((m != 0).sum()) for t, m in _by_step(arrived[1]).items()}
        if "neuron" in node.fields:
            sent[id(node)] = _of(maps, node.name, node.out_shape)
            node.outputs = _by_step(sent[id(node)])
        elif node.gives[0] != "analog" and arrived[0] is not None:
            sent[id(node)] = _handed_on(node, arrived)


def _sent(source: Node, sent: Mapping[int, NDArray[Any]], maps: Maps) -> NDArray[Any] | None:
    """Events of a node, [samples, T, ...]; None for numbers."""
    if source.gives[0] == "analog":
        return None
    if source.kind == INPUT:
        return _of(maps, source.name, source.out_shape)
    return sent[id(source)]


def _of(maps: Maps, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    if name not in maps:
        raise HwcostError(
            f"spikes: node '{name}' has none; every node of neurons needs its spikes, [samples, T, ...]"
        )
    array: NDArray[Any] = np.asarray(maps[name])
    if array.dtype.kind not in "biuf" or not (array == np.round(array)).all():
        raise HwcostError(f"spikes: node '{name}' sends whole numbers, but its maps hold others")
    if array[0, 0].size != prod(shape):
        raise HwcostError(f"spikes: node '{name}' gives {shape}, but its maps are {array.shape[2:]}")
    return np.reshape(array, (*array.shape[:2], *shape))


def _handed_on(node: Node, arrived: Sequence[NDArray[Any] | None]) -> NDArray[Any]:
    """Events behind a sum or a pool."""
    first = arrived[0]
    assert first is not None
    if node.kind == "sew_add":
        assert arrived[1] is not None
        added: NDArray[Any] = first + arrived[1].reshape(first.shape)
        return added
    pads = [(0, 0)] * 3 + [(p, p) for p in node.fields["padding"]]
    axes = tuple(range(3, first.ndim))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(first, pads), node.fields["kernel"], axes)
    steps = (slice(None),) * 3 + tuple(slice(None, None, s) for s in node.fields["stride"])
    summed: NDArray[Any] = windows[steps].sum(axis=tuple(range(first.ndim, windows.ndim)))
    return summed


def _by_step(maps: NDArray[Any]) -> dict[int, NDArray[Any]]:
    return {t: small(maps[:, t]) for t in range(maps.shape[1])}
