"""From maps to windows and back; values of windows are [T, B, groups * C, rows, columns]."""

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
    parts = by_window(x, windows).unbind(2)
    total = parts[0].new_zeros(*parts[0].shape[:3], *windows.map)
    for part, (rows, columns) in zip(parts, _slices(windows), strict=True):
        total[..., rows, columns] += part
    return total / torch.tensor(windows.covering(), dtype=total.dtype, device=total.device)


def _slices(windows: Windows) -> list[tuple[slice, slice]]:
    height, width = windows.size
    return [(slice(top, top + height), slice(left, left + width)) for top, left in windows.starts]
