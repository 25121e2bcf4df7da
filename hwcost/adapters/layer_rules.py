"""What the layers of torch mean for the cost: one rule per kind, in `LAYERS`. SpikingJelly's are their subclasses."""

from typing import Any

from hwcost.adapters.registry import Fields, Rule, Shape
from hwcost.errors import HwcostError


def convolution(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """Geometry and bias of a convolution, transposed or not."""
    del out_shape
    axes = len(in_shape) - 1
    transposed = "transpose" if getattr(module, "transposed", False) else ""
    return {
        "kind": f"conv_transpose{axes}d" if transposed else f"conv{axes}d",
        "kernel": each(module.kernel_size, axes),
        "stride": each(module.stride, axes),
        "padding": padding(module, axes),
        "dilation": each(module.dilation, axes),
        "groups": module.groups,
        "padding_mode": module.padding_mode,
        "bias": module.bias is not None,
        "weight": module.weight,
    }


def linear(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """A fully connected layer."""
    del in_shape, out_shape
    return {"kind": "linear", "bias": getattr(module, "bias", None) is not None, "weight": module.weight}


def batch_norm(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """A scale and a shift per channel, which become part of a convolution or linear layer before it."""
    del module, in_shape, out_shape
    return {"kind": "batch_norm"}


def max_pool(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """The largest value of windows."""
    if getattr(module, "return_indices", False):
        raise HwcostError("return_indices=True is not known; the indices are no events")
    return pool("max", module, in_shape, out_shape)


def average_pool(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """The average of windows; events leave it in units of 1 / the size of a window."""
    axes = len(in_shape) - 1
    pads = any(each(module.padding, axes))
    if pads and not getattr(module, "count_include_pad", True):
        raise HwcostError("count_include_pad=False with padding divides border windows by other numbers")
    fields = pool("avg", module, in_shape, out_shape)
    return fields | {"divisor": getattr(module, "divisor_override", None)}


def pool(mode: str, module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """Geometry of a pool."""
    axes = len(in_shape) - 1
    kernel, pads = each(module.kernel_size, axes), each(module.padding, axes)
    stride = each(module.stride or module.kernel_size, axes)
    dilation = each(getattr(module, "dilation", 1), axes)
    spans = [
        n + 2 * p - d * (k - 1) - 1 for n, p, d, k in zip(in_shape[1:], pads, dilation, kernel, strict=True)
    ]
    if tuple(n // s + 1 for n, s in zip(spans, stride, strict=True)) != out_shape[1:]:
        raise HwcostError(f"ceil_mode makes {out_shape[1:]} of {in_shape[1:]}; only whole windows are known")
    return {
        "kind": f"{mode}_pool{axes}d",
        "kernel": kernel,
        "stride": stride,
        "padding": pads,
        "dilation": dilation,
    }


def adaptive_average_pool(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """A pool with windows of one size, where the input can be cut into such."""
    return _adaptive("avg", module, in_shape, out_shape)


def adaptive_max_pool(module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    """The same for the maximum."""
    return _adaptive("max", module, in_shape, out_shape)


def _adaptive(mode: str, module: Any, in_shape: Shape, out_shape: Shape) -> Fields:
    del module
    if in_shape == out_shape:
        return {}
    if any(n % m for n, m in zip(in_shape[1:], out_shape[1:], strict=True)):
        raise HwcostError(f"{in_shape[1:]} cannot be cut into {out_shape[1:]} windows of one size")
    kernel = tuple(n // m for n, m in zip(in_shape[1:], out_shape[1:], strict=True))
    return {"kind": f"{mode}_pool{len(kernel)}d", "kernel": kernel}


def each(value: Any, axes: int) -> tuple[int, ...]:
    """One number per axis."""
    return tuple(int(v) for v in value) if isinstance(value, tuple | list) else (int(value),) * axes


def padding(module: Any, axes: int) -> tuple[int | tuple[int, int], ...]:
    """Padding per axis."""
    if module.padding == "valid":
        return (0,) * axes
    if module.padding != "same":
        return each(module.padding, axes)
    pairs = same_padding(each(module.kernel_size, axes), each(module.dilation, axes))
    return tuple(before if before == after else (before, after) for before, after in pairs)


def same_padding(kernel: Shape, dilation: Shape) -> tuple[tuple[int, int], ...]:
    """Padding before and after, per axis, that keeps lengths; an even kernel gets one more behind."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


LAYERS: dict[str, Rule] = {
    **{f"torch.Conv{axes}d": convolution for axes in (1, 2, 3)},
    **{f"torch.ConvTranspose{axes}d": convolution for axes in (1, 2, 3)},
    "torch.Linear": linear,
    "torch._BatchNorm": batch_norm,
    **{f"torch.MaxPool{axes}d": max_pool for axes in (1, 2, 3)},
    **{f"torch.AvgPool{axes}d": average_pool for axes in (1, 2, 3)},
    **{f"torch.AdaptiveAvgPool{axes}d": adaptive_average_pool for axes in (1, 2, 3)},
    **{f"torch.AdaptiveMaxPool{axes}d": adaptive_max_pool for axes in (1, 2, 3)},
}
_SPATIAL = ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool", "BatchNorm")
# Dimensions of one sample that a layer reads, besides its channels.
AXES = {f"torch.{name}{axes}d": axes for axes in (1, 2, 3) for name in _SPATIAL} | {"torch.Linear": 0}
del AXES["torch.BatchNorm1d"]  # takes flat samples as well
