"""Execution that leaves out the timesteps that masks turn off, outside training: values with fewer steps.

A value [n, B, ...] of a stage of T timesteps holds the first n; at the others it is zero, and nothing is stored or
computed there. Neurons that run for longer than anything arrives are driven by what their layer makes of zeros: the
bias, and BatchNorm of zero, one number per channel, the same at the border of a map as inside. Source: arXiv 2311.16456
skips masked timesteps; that neurons without input are driven by BatchNorm of zero is our reading, and exact.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tsearch.networks.modules import FiringModule, SumModule
from tsearch.networks.steps import Steps


def computed(module: nn.Module, values: Sequence[Tensor], steps: Steps, mask: Sequence[int] = ()) -> Tensor:
    """What `module` gives at its first `steps.runs` timesteps, [runs, B, ...], or [1, B, ...] where it is constant.

    Args:
        values: Of its sources, each as long as it is computed, [1, B, ...] where it is constant.
        mask: One 0 or 1 per timestep, where the spikes of its neurons count; empty for all.
    """
    silent = module.silent() if isinstance(module, FiringModule) else None
    if not isinstance(module, FiringModule) or silent is None:  # it may do anything with time
        whole = [
            value if is_constant else padded(value, steps.total)
            for value, is_constant in zip(values, steps.constant_sources, strict=True)
        ]
        value = module(*whole, steps.total)
        return masked(value if steps.is_constant else value[: steps.runs], mask)
    if steps.runs == 0:
        return values[0].new_zeros(0, values[0].shape[1], *module.node.shape)
    current = _current(module, values, steps)
    if not all(steps.constant_sources) and len(current) < steps.runs:
        current = _with_silent(current, silent, steps.runs)
    return masked(module.fired(current, steps.runs, None), mask)


def masked(spikes: Tensor, mask: Sequence[int]) -> Tensor:
    """`spikes` [n, B, ...] without those of timesteps that the mask turns off; itself where it turns none off."""
    counts = mask[: len(spikes)]
    if all(counts):
        return spikes
    return spikes * spikes.new_tensor(counts).view(-1, *(1,) * (spikes.dim() - 1))


def padded(value: Tensor, timesteps: int) -> Tensor:
    """`value` [n, ...] with zeros behind it, [timesteps, ...]."""
    return _with_silent(value, value.new_zeros(()), timesteps) if len(value) < timesteps else value


def _current(module: FiringModule, values: Sequence[Tensor], steps: Steps) -> Tensor:
    """What drives the neurons as long as something arrives, [reads, B, ...]; [1, B, ...] where all of it is
    constant."""
    if all(steps.constant_sources):
        return module.current(*values)
    arriving = [
        value.expand(steps.reads, *value.shape[1:]) if is_constant else value[: steps.reads]
        for value, is_constant in zip(values, steps.constant_sources, strict=True)
    ]
    if steps.reads == 0:
        return arriving[0].new_empty(0, arriving[0].shape[1], *module.node.shape)
    return _sum(*arriving) if isinstance(module, SumModule) else module.current(*arriving)


def _sum(a: Tensor, b: Tensor) -> Tensor:
    """The sum of two values, as long as the longer one."""
    if len(a) == len(b):
        return a + b
    shorter, longer = (a, b) if len(a) < len(b) else (b, a)
    added = longer.clone()
    added[: len(shorter)] += shorter
    return added


def _with_silent(current: Tensor, silent: Tensor, timesteps: int) -> Tensor:
    """`current` [n, B, C, H, W] continued by `silent`, one number or [C, 1, 1]."""
    layout = torch.empty(1, *current.shape[1:], device="meta")
    if len(current):
        layout = torch.empty_like(current[:1], device="meta")
    longer = current.new_empty_strided(
        (timesteps, *current.shape[1:]), (layout.numel(), *layout.stride()[1:])
    )
    longer[: len(current)] = current
    longer[len(current) :] = silent
    return longer
