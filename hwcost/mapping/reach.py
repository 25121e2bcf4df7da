"""How many synapses lead from every input position of a layer to every core of its neurons.

Positions are those of one channel; all channels of a group reach the same cores. A fully connected layer has one
position and as many channels as inputs.
"""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcost.network.kinds import CONVOLUTIONS, TRANSPOSED
from hwcost.network.layer import LayerSpec

Whole = NDArray[np.int64]
_PAD = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}


class Reach(NamedTuple):
    """One row for every group of channels, input position and core that are connected.

    `synapses` [rows] lead from one input neuron there to the core. A group has `channels` input channels.
    """

    group: Whole
    position: Whole
    core: Whole
    synapses: Whole
    channels: int


def cores_of_outputs(layer: LayerSpec, n_cores: int, *, by_channel: bool) -> Whole:
    """The core of every output neuron, [channels, positions]: `n_cores` parts of nearly equal size.

    Neurons are cut in the order of positions, all channels of a position together (slabs), or `by_channel`: channel
    after channel.
    """
    channels, positions = out_form(layer)
    c, p = np.arange(channels)[:, None], np.arange(positions)[None, :]
    rank = c * positions + p if by_channel else p * channels + c
    cores: Whole = rank * n_cores // layer.n_outputs
    return cores


def reach(layer: LayerSpec, cores: Whole) -> Reach:
    """Synapses from input neurons to cores; `cores` [channels, positions] holds the core of every output neuron."""
    group = np.arange(cores.shape[0]) * layer.groups // cores.shape[0]
    held_group, held_position, held_core, n_channels = _held(cores, group)
    row, inputs = _taps(layer, held_position)
    groups, core, channels = held_group[row], held_core[row], n_channels[row]
    if (
        prod(layer.kernel) > 1 or layer.padding_mode != "zeros"
    ):  # several synapses may join an input and a core
        n_cores, positions = int(cores.max()) + 1, in_form(layer)[1]
        key, index = np.unique((groups * positions + inputs) * n_cores + core, return_inverse=True)
        channels = np.bincount(index, weights=channels).astype(np.int64)
        groups, inputs, core = key // n_cores // positions, key // n_cores % positions, key % n_cores
    return Reach(groups, inputs, core, channels, in_form(layer)[0] // layer.groups)


def _held(cores: Whole, group: Whole) -> tuple[Whole, Whole, Whole, Whole]:
    """Group, position and core of neighbouring output channels on one core, and how many they are."""
    same = (cores[1:] == cores[:-1]) & (group[1:] == group[:-1])[:, None]
    begins = np.vstack([np.ones((1, cores.shape[1]), dtype=bool), ~same])
    position, channel = np.nonzero(begins.T)
    ends = np.append(channel[1:], cores.shape[0])
    ends[np.append(position[1:], -1) != position] = cores.shape[0]
    return group[channel], position, cores[channel, position], ends - channel


def in_form(layer: LayerSpec) -> tuple[int, int]:
    """Input channels, and positions of each."""
    return _form(layer, layer.in_shape)


def out_form(layer: LayerSpec) -> tuple[int, int]:
    """Output channels, and positions of each."""
    return _form(layer, layer.out_shape)


def _form(layer: LayerSpec, shape: tuple[int, ...]) -> tuple[int, int]:
    size = int(np.prod(shape))
    return (shape[0], size // shape[0]) if layer.kernel else (size, 1)


def _taps(layer: LayerSpec, outputs: Whole) -> tuple[Whole, Whole]:
    """For each of some output positions, its index in `outputs` and the input position of each of its taps."""
    inputs, at = _pairs(layer)
    order = np.argsort(at, kind="stable")
    starts = np.searchsorted(at[order], np.arange(out_form(layer)[1] + 1))
    n_taps = np.diff(starts)[outputs]
    row = np.repeat(np.arange(len(outputs)), n_taps)
    before = np.cumsum(n_taps) - n_taps
    return row, inputs[order][np.arange(len(row)) + (starts[outputs] - before)[row]]


def _pairs(layer: LayerSpec) -> tuple[Whole, Whole]:
    """Input and output position of every kernel tap that meets an input."""
    inputs = outputs = np.zeros(1, dtype=np.int64)
    along = _transposed_axis if layer.kind in TRANSPOSED else _axis
    if layer.kind not in (*CONVOLUTIONS, *TRANSPOSED):
        return inputs, outputs
    for axis in range(layer.n_axes):
        i, o = along(layer, axis)
        inputs = (inputs[:, None] * layer.in_shape[axis + 1] + i).ravel()
        outputs = (outputs[:, None] * layer.out_shape[axis + 1] + o).ravel()
    return inputs, outputs


def _axis(layer: LayerSpec, axis: int) -> tuple[Whole, Whole]:
    source = np.arange(layer.in_shape[axis + 1])
    more = {"constant_values": -1} if layer.padding_mode == "zeros" else {}
    padded = np.pad(source, layer.pads[axis], mode=_PAD[layer.padding_mode], **more)  # type: ignore[call-overload]
    outputs = np.arange(layer.out_shape[axis + 1])
    read = padded[_lands(outputs, layer, axis)]
    inside = read >= 0
    return read[inside], np.nonzero(inside)[0]


def _transposed_axis(layer: LayerSpec, axis: int) -> tuple[Whole, Whole]:
    lands = _lands(np.arange(layer.in_shape[axis + 1]), layer, axis) - layer.pads[axis][0]
    inside = (lands >= 0) & (lands < layer.out_shape[axis + 1])
    return np.nonzero(inside)[0], lands[inside]


def _lands(at: Whole, layer: LayerSpec, axis: int) -> Whole:
    taps: Whole = at[:, None] * layer.stride[axis] + np.arange(layer.kernel[axis]) * layer.dilation[axis]
    return taps
