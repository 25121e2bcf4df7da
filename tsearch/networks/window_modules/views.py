"""From maps to windows and back; values of windows are [T, B, groups * C, rows, columns]."""

from typing import Any

import torch
from torch import Tensor

from tsearch.networks.windows.geometry import Windows


def cropped(x: Tensor, windows: Windows) -> Tensor:
    """The windows of maps `x` [T, B, C, H, W], as [T, B, groups * C, rows, columns]."""
    return torch.cat([x[..., rows, columns] for rows, columns in _slices(windows)], dim=2)


def by_window(x: Tensor, windows: Windows) -> Tensor:
    """Values of windows as [T, B, groups, C, rows, columns]."""
    return x.view(*x.shape[:2], windows.groups, -1, *x.shape[3:])


def mean_of_windows(x: Tensor, windows: Windows) -> Tensor:
    """The map [T, B, C, H, W] whose pixels are means over the windows that hold them, of values of windows `x`."""
    mean: Tensor = _Mean.apply(x, windows)  # type: ignore[no-untyped-call]
    return mean


class _Mean(torch.autograd.Function):
    """A gradient goes back in one piece: the windows of that of the sum."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, windows: Windows) -> Tensor:
        ctx.windows, parts = windows, by_window(x, windows).unbind(2)
        total = x.new_zeros(*parts[0].shape[:3], *windows.map)
        for part, (rows, columns) in zip(parts, _slices(windows), strict=True):
            total[..., rows, columns] += part
        return total.div_(_covering(windows, x))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return cropped(grad / _covering(ctx.windows, grad), ctx.windows), None


def _covering(windows: Windows, like: Tensor) -> Tensor:
    return torch.tensor(windows.covering, dtype=like.dtype, device=like.device)


def _slices(windows: Windows) -> list[tuple[slice, slice]]:
    height, width = windows.size
    return [(slice(top, top + height), slice(left, left + width)) for top, left in windows.starts]
