"""Fan-out: how many existing synapses leave an input neuron, exact for every border, stride, dilation and group.

Along one axis the fan-out of a position is the number of (output position, kernel tap) pairs that read it; axes
multiply.
"""

from dataclasses import replace
from functools import lru_cache
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

from hwcost.network.kinds import CONVOLUTIONS, POOLS, SEQUENCE, TRANSPOSED, WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.network.pruning import by_input_channel, most_by_output

Whole = NDArray[np.int64]


def fan_out_classes(layer: LayerSpec) -> tuple[Whole, Whole]:
    """The distinct fan-outs of a layer's input positions, ascending, and the class of every position.

    Returns: `values` [K], synapses per input neuron of that class, and `index`, integers in [0, K) shaped like one
        channel of the input: [H, W] for (C, H, W), [N] for (N,); of a pruned layer, whose channels differ, like the
        whole input. A histogram of events by `index` is all that exact pricing needs.
    """
    values, index = _table(layer)
    return values.copy(), index.copy()


@lru_cache(maxsize=4096)
def class_values(layer: LayerSpec) -> tuple[int, ...]:
    """The distinct fan-outs as Python integers, ascending."""
    return tuple(int(value) for value in _table(layer)[0])


@lru_cache(maxsize=4096)
def class_sizes(layer: LayerSpec) -> tuple[int, ...]:
    """Input neurons (over all channels) of each fan-out class."""
    values, index = _table(layer)
    if len(values) == 1:
        return (layer.n_inputs,)
    channels = layer.n_inputs // index.size
    return tuple(int(n) * channels for n in np.bincount(index.ravel(), minlength=len(values)))


@lru_cache(maxsize=4096)
def n_synapses(layer: LayerSpec) -> int:
    """Existing synapses: taps that fall on padding do not count."""
    return sum(v * n for v, n in zip(class_values(layer), class_sizes(layer), strict=True))


@lru_cache(maxsize=4096)
def n_padded_synapses(layer: LayerSpec) -> int:
    """The textbook count, which also counts taps on padding."""
    if not layer.kernel:
        return n_synapses(layer)
    if layer.kept:
        return layer.n_parameters * prod(
            (layer.in_shape if layer.kind in TRANSPOSED else layer.out_shape)[1:]
        )
    if layer.kind in POOLS:
        return prod(layer.kernel) * layer.n_outputs
    if layer.kind in TRANSPOSED:
        return prod(layer.kernel) * layer.out_shape[0] // layer.groups * layer.n_inputs
    return prod(layer.kernel) * layer.in_shape[0] // layer.groups * layer.n_outputs


def axis_reads(layer: LayerSpec, axis: int) -> list[tuple[int, ...]]:
    """For every output position along one spatial axis of a convolution, the fan-outs along it of the distinct input
    positions that it reads.
    """
    family, mode, _, _, axes = _geometry(layer)
    length, n_out, kernel, stride, (before, _after), dilation = axes[axis]
    taps = np.arange(kernel) * dilation
    if family == "transposed":
        along = _transposed_axis(axes[axis])
        lands = np.arange(length)[:, None] * stride + taps - before
        read = [{int(i) for i in np.nonzero((lands == y).any(axis=1))[0]} for y in range(n_out)]
    else:
        along = _axis(axes[axis], mode)
        source = _source(np.arange(n_out)[:, None] * stride + taps - before, length, mode)
        read = [{int(i) for i in row if i >= 0} for row in source]
    return [tuple(int(along[i]) for i in places) for places in read]


def fan_in(layer: LayerSpec) -> int:
    """Synapses of an output neuron that has most of them, away from borders: its own spikes of the step before count,
    and all four gates of an LSTM unit. 0 for a layer without weights. Of a pruned transposed convolution, an upper
    bound.
    """
    if layer.kept:
        return min(most_by_output(layer), fan_in(replace(layer, kept="")))
    if layer.kind in TRANSPOSED:
        axes = zip(layer.kernel, layer.stride, layer.dilation, layer.in_shape[1:], strict=True)
        taps = (min(-(-k * gcd(s, d) // s), n) for k, s, d, n in axes)
        return prod(taps) * layer.in_shape[0] // layer.groups
    if layer.kind in CONVOLUTIONS:
        return layer.n_parameters * layer.weight_passes // layer.out_shape[0]
    if layer.kind == SEQUENCE:
        return layer.n_parameters * layer.groups // layer.out_shape[0]
    return layer.n_parameters // layer.n_outputs if layer.kind in WEIGHTED else 0


def _table(layer: LayerSpec) -> tuple[Whole, Whole]:
    return _pruned_classes(layer) if layer.kept else _classes(_geometry(layer))


@lru_cache(maxsize=256)
def _pruned_classes(layer: LayerSpec) -> tuple[Whole, Whole]:
    """A kept weight is a synapse wherever its tap is read: along each axis, taps [in, *kernel] become positions."""
    fan_out = by_input_channel(layer)
    family, mode, _, _, axes = _geometry(layer)
    for axis in axes:
        taps = _transposed_taps(axis) if family == "transposed" else _taps(axis, mode)
        fan_out = np.tensordot(fan_out, taps, axes=(1, 0))
    values, index = np.unique(fan_out.reshape(layer.in_shape), return_inverse=True)
    return values, index.reshape(layer.in_shape).astype(np.int64)


_Axis = tuple[int, int, int, int, tuple[int, int], int]
_Geometry = tuple[str, str, int, tuple[int, ...], tuple[_Axis, ...]]


def _geometry(layer: LayerSpec) -> _Geometry:
    """What the fan-out depends on, so that equal layers share one table."""
    if layer.kind not in (*CONVOLUTIONS, *TRANSPOSED, *POOLS):
        if layer.kind == SEQUENCE:
            met = layer.operand("gates", 1) * layer.out_shape[0] // layer.groups
            return ("dense", "", met, layer.in_shape, ())
        per_output = {"linear": 1, "recurrent": 1, "lstm": 4}.get(layer.kind, 0)
        return ("dense", "", layer.n_outputs * per_output or 1, layer.in_shape, ())
    family = "transposed" if layer.kind in TRANSPOSED else "forward"
    channels = 1 if layer.kind in POOLS else layer.out_shape[0] // layer.groups
    axes = zip(
        layer.in_shape[1:],
        layer.out_shape[1:],
        layer.kernel,
        layer.stride,
        layer.pads,
        layer.dilation,
        strict=True,
    )
    return (family, layer.padding_mode, channels, layer.in_shape[1:], tuple(axes))


@lru_cache(maxsize=4096)
def _classes(geometry: _Geometry) -> tuple[Whole, Whole]:
    family, mode, channels, shape, axes = geometry
    if family == "dense":
        return np.array([channels], dtype=np.int64), np.zeros(shape, dtype=np.int64)
    fan_out = np.array(channels, dtype=np.int64)
    for axis in axes:
        along = _transposed_axis(axis) if family == "transposed" else _axis(axis, mode)
        fan_out = fan_out[..., None] * along
    values, index = np.unique(fan_out, return_inverse=True)
    return values, index.reshape(fan_out.shape).astype(np.int64)


def _axis(axis: _Axis, mode: str) -> Whole:
    """Fan-out along one axis of a convolution: reads of every position by all taps."""
    along: Whole = _taps(axis, mode).sum(axis=0)
    return along


def _taps(axis: _Axis, mode: str) -> Whole:
    """Reads of every input position by every kernel tap [kernel, length], summed over its copies in the padding."""
    length, n_out, kernel, stride, (before, _), dilation = axis
    first = np.arange(n_out) * stride - before
    read = [_source(first + tap * dilation, length, mode) for tap in range(kernel)]
    return np.stack([np.bincount(source[source >= 0], minlength=length) for source in read]).astype(np.int64)


def _source(position: Whole, length: int, mode: str) -> Whole:
    """The input position that each padded position copies; -1 for a zero pad."""
    if mode == "circular":
        return position % length
    if mode == "replicate":
        return position.clip(0, length - 1)
    if mode == "reflect":
        period = max(2 * (length - 1), 1)
        folded = position % period
        return np.where(folded < length, folded, period - folded)
    return np.where((position >= 0) & (position < length), position, -1)


def _transposed_axis(axis: _Axis) -> Whole:
    """Fan-out along one axis of a transposed convolution: kernel taps that land inside the output."""
    along: Whole = _transposed_taps(axis).sum(axis=0)
    return along


def _transposed_taps(axis: _Axis) -> Whole:
    """1 where a kernel tap of an input position lands inside the output [kernel, length]."""
    length, n_out, kernel, stride, (before, _), dilation = axis
    lands = np.arange(length) * stride + np.arange(kernel)[:, None] * dilation - before
    return ((lands >= 0) & (lands < n_out)).astype(np.int64)
