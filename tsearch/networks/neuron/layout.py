"""Steps of any shape and memory format as rows of neurons, and back."""

import torch
from torch import Tensor


def step_layout(current: Tensor, *, channels_last: bool) -> Tensor:
    """A step `[1, B, C, ...]` without content whose strides say how steps lie in memory: densely, channels last or in
    the order of `current` `[S, B, C, ...]`."""
    if channels_last:
        return current[:1].movedim(2, -1).to("meta").contiguous().movedim(-1, 2)
    return torch.empty_like(current[:1], device="meta")


def as_rows(x: Tensor, layout: Tensor) -> Tensor:
    """`x` `[S, ...]` as `[S, N]`, each step in the order of memory of `layout`; copied only where its memory has
    another order."""
    n = layout.numel()
    if x.stride()[1:] != layout.stride()[1:] or (len(x) > 1 and x.stride(0) != n):
        x = from_rows(x.new_empty(len(x), n), layout).copy_(x)
    return x.as_strided((len(x), n), (n, 1))


def from_rows(rows: Tensor, layout: Tensor) -> Tensor:
    """The inverse of `as_rows`: `[S, ...]` of the layout's shape, from rows `[S, N]` or `[S, M, L]`."""
    return rows.as_strided((len(rows), *layout.shape[1:]), (layout.numel(), *layout.stride()[1:]))
