"""Short constructors for the usual layers: they work out the output shape and the fields that follow from the kind."""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.errors import HwcostError
from hwcost.network.kinds import conv_length
from hwcost.network.layer import LayerSpec
from hwcost.network.pruning import packed, weight_shape

Axis = int | tuple[int, ...]


def conv(
    name: str,
    in_shape: tuple[int, ...],
    channels: int,
    kernel: Axis,
    *,
    stage: int = 0,
    stride: Axis = 1,
    padding: Axis = 0,
    dilation: Axis = 1,
    **more: Any,
) -> LayerSpec:
    """A convolution over all axes of `in_shape` but the first; `more` are further fields of LayerSpec."""
    axes = len(in_shape) - 1
    k, s, p, d = (_each(value, axes) for value in (kernel, stride, padding, dilation))
    spatial = [conv_length(n, k[i], s[i], (p[i], p[i]), d[i]) for i, n in enumerate(in_shape[1:])]
    return LayerSpec(
        name,
        f"conv{axes}d",
        stage,
        in_shape,
        (channels, *spatial),
        kernel=k,
        stride=s,
        padding=p,
        dilation=d,
        **more,
    )


def linear(
    name: str, in_shape: int | tuple[int, ...], outputs: int, *, stage: int = 0, **more: Any
) -> LayerSpec:
    """A fully connected layer; a shape is flattened."""
    inputs = in_shape if isinstance(in_shape, int) else prod(in_shape)
    return LayerSpec(name, "linear", stage, (inputs,), (outputs,), **more)


def pool(
    name: str, in_shape: tuple[int, ...], kernel: Axis, *, stage: int = 0, mode: str = "avg", **more: Any
) -> LayerSpec:
    """An average ("avg") or maximum ("max") pool with stride = kernel; what does not fill a window is dropped."""
    axes = len(in_shape) - 1
    k = _each(kernel, axes)
    spatial = [n // k[i] for i, n in enumerate(in_shape[1:])]
    return LayerSpec(name, f"{mode}_pool{axes}d", stage, in_shape, (in_shape[0], *spatial), kernel=k, **more)


def pruned(layer: LayerSpec, mask: NDArray[Any]) -> LayerSpec:
    """The layer with the weights that a 0/1 mask keeps, in the shape of the weights: (out, in / groups, *kernel), of a
    transposed convolution (in, out / groups, *kernel), of a linear layer (out, in).

    Raises: HwcostError for a mask of another shape or with other values, and for a layer that has no such weights.
    """
    shape, mask = weight_shape(layer), np.asarray(mask)
    if mask.shape != shape:
        raise HwcostError(f"layer '{layer.name}': its weights are {shape}, the mask is {mask.shape}")
    if not ((mask == 0) | (mask == 1)).all():
        raise HwcostError(f"layer '{layer.name}': a mask holds 0 and 1")
    return replace(layer, kept="" if mask.all() else packed(mask))


def _each(value: Axis, axes: int) -> tuple[int, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)
