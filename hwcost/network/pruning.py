"""Pruned layers: which weights are left, and what the places of those that are left cost.

A pruned layer stores its kept weights only, input channel by input channel (of a flat input: input by input), as
events need them. Beside each stands its address among the weights of its channel, ceil(log2) of their number in bits:
compressed sparse columns, as in EIE (Han et al., ISCA 2016), which stores distances of 4 bits instead and fills up
longer ones with zeros. Where a channel begins is part of addressing.
"""

import base64
import binascii
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from hwcost.errors import HwcostError
from hwcost.network.fields import LayerFields
from hwcost.network.kinds import MIXABLE, TRANSPOSED

Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]


def weight_shape(layer: LayerFields) -> tuple[int, ...]:
    """Shape of the weights: (out, in / groups, *kernel), transposed (in, out / groups, *kernel), linear (out, in)."""
    inputs, outputs = layer.in_shape[0], layer.out_shape[0]
    if layer.kind == "linear":
        return layer.n_outputs, layer.n_inputs
    first, second = (inputs, outputs) if layer.kind in TRANSPOSED else (outputs, inputs)
    return first, second // layer.groups, *layer.kernel


def packed(mask: Mask) -> str:
    """A 0/1 mask as a layer holds it."""
    return base64.b64encode(np.packbits(np.asarray(mask, dtype=bool)).tobytes()).decode()


def kept_weights(layer: LayerFields) -> Mask:
    """The mask of a pruned layer's weights, True where one is kept; not to be written to."""
    return _unpacked(layer.kept, weight_shape(layer))


def check_kept(layer: LayerFields) -> None:
    """Raises: HwcostError, naming the layer, where `kept` is no mask of its weights."""
    where = f"layer '{layer.name}'"
    if layer.kind not in MIXABLE:
        raise HwcostError(f"{where}: pruning is known of {', '.join(MIXABLE)}, not of {layer.kind}")
    shape = weight_shape(layer)
    try:
        n_bytes = len(base64.b64decode(layer.kept, validate=True))
    except (binascii.Error, ValueError):
        raise HwcostError(f"{where}: 'kept' is no base64; hwcost.pruned(layer, mask) writes it") from None
    if n_bytes != -(-prod(shape) // 8):
        raise HwcostError(
            f"{where}: 'kept' has {n_bytes} bytes, a mask of weights {shape} has {-(-prod(shape) // 8)}"
        )
    if not kept_weights(layer).any():
        raise HwcostError(f"{where}: 'kept' keeps no weight; leave the layer out")


def n_kept(layer: LayerFields) -> int:
    """Weights that are left."""
    return int(np.count_nonzero(kept_weights(layer)))


def index_bits(layer: LayerFields) -> int:
    """Bits of a kept weight's address among the weights of its input channel; 0 for a layer that is not pruned."""
    inputs = layer.in_shape[0] if layer.n_axes else layer.n_inputs
    return (prod(weight_shape(layer)) // inputs - 1).bit_length() if layer.kept else 0


def by_input_channel(layer: LayerFields) -> Whole:
    """Kept weights that read an input channel, by kernel tap: [in, *kernel], of a linear layer [in]."""
    kept, groups = kept_weights(layer).astype(np.int64), layer.groups
    if layer.kind == "linear" or layer.kind in TRANSPOSED:
        return _sum(kept, 0 if layer.kind == "linear" else 1)
    of_group = kept.reshape(groups, len(kept) // groups, *kept.shape[1:])
    return _sum(of_group, 1).reshape(layer.in_shape[0], *layer.kernel)


def most_by_output(layer: LayerFields) -> int:
    """Kept weights of the output channel that has most of them."""
    kept = kept_weights(layer)
    if layer.kind in TRANSPOSED:
        of_group = kept.reshape(layer.groups, -1, *kept.shape[1:]).sum(axis=1)
        return int(of_group.reshape(layer.out_shape[0], -1).sum(axis=1).max())
    return int(kept.reshape(len(kept), -1).sum(axis=1).max())


def _sum(counts: Whole, axis: int) -> Whole:
    total: Whole = counts.sum(axis=axis)
    return total


@lru_cache(maxsize=64)
def _unpacked(kept: str, shape: tuple[int, ...]) -> Mask:
    bits = np.unpackbits(np.frombuffer(base64.b64decode(kept), dtype=np.uint8), count=prod(shape))
    mask = bits.astype(bool).reshape(shape)
    mask.flags.writeable = False
    return mask
