"""Neurons of windows: membranes that go from group to group and from layer to layer, and their spikes.

At one timestep nothing is reset, as in arXiv 2401.10843. Several timesteps are our reading, the own membrane: each
neuron of each window keeps its own from one timestep to the next, after its reset, and adds it to what the groups and
layers before hand on. With one group and no layer before, this is a LIF layer; with one timestep, the paper.
"""

from typing import Any

import torch
from torch import Tensor, nn

from tsearch.networks.modules import FiringModule
from tsearch.networks.plan import Neuron
from tsearch.networks.window_modules.fusion import FUSIONS
from tsearch.networks.window_modules.views import by_window, cropped
from tsearch.networks.windows.geometry import Windows
from tsearch.networks.windows.nodes import GroupMembranes, GroupSpikes


class GroupMembranesModule(nn.Module):
    """Membranes before their reset, in order of timesteps, and of groups within them."""

    is_causal = True  # no timestep depends on a later one, so those behind the last need not run

    def __init__(self, node: GroupMembranes) -> None:
        super().__init__()
        self.node = node

    def forward(self, current: Tensor, *lower_and_timesteps: Any) -> Tensor:
        """`current` [T, B, groups * F, rows, columns], or one step of it. Of the layer before come the membranes of the
        same windows ("lagged"), or a map [T, B, F, H, W] of them. Returns [T, B, groups * F, rows, columns]."""
        *sources, timesteps = lower_and_timesteps
        windows, route = self.node.windows, self.node.route
        lower = [x if route == "lagged" else cropped(x, windows) for x in sources]
        steps = [_steps(x.float(), timesteps, windows) for x in (current, *lower)]
        kept: list[Tensor] | None = None
        membranes = []
        for t, currents in enumerate(steps[0]):
            below = steps[1][t] if lower else [torch.zeros_like(c) for c in currents]
            found = self._groups(currents, below, kept)
            kept = [_after_reset(m, self.node.dynamics) for m in found] if t + 1 < timesteps else None
            membranes.append(torch.cat(found, dim=1)[None])
        return torch.cat(membranes) if timesteps > 1 else membranes[0]

    def _groups(self, currents: list[Tensor], below: list[Tensor], kept: list[Tensor] | None) -> list[Tensor]:
        """The membranes of all groups at one timestep, all [B, F, rows, columns]; `kept` from the timestep before."""
        leak = 1 - 1 / self.node.dynamics.tau
        found: list[Tensor] = []
        for p, current in enumerate(currents):
            before = self._inflow(p, found, below)
            if kept is not None:
                before = kept[p] if before is None else before + kept[p]
            found.append(current if before is None else torch.add(current, before, alpha=leak))
        return found

    def _inflow(self, p: int, found: list[Tensor], below: list[Tensor]) -> Tensor | None:
        """What enters group `p`, from 0: of the groups before, `found`, and of the layer before, `below`; None for
        nothing."""
        route = self.node.route
        if p == 0:
            if route == "crossed" and len(below) > 1:
                return self._fused(below[0], below[1])
            return None if route in ("group", "lagged") else below[0]
        if route == "group":
            return found[-1]
        if route == "lagged":
            return self._fused(below[p - 1], found[-1])
        if route == "crossed" and p > 1:
            return self._fused(below[p], found[-1])
        return self._fused(found[-1], below[p])

    def _fused(self, first: Tensor, second: Tensor) -> Tensor:
        return FUSIONS[self.node.fusion](first, second, self.node.theta)


class GroupSpikesModule(FiringModule):
    """A spike where a membrane is at the threshold, with the neurons' surrogate; the paper's fire above it."""

    is_causal = True
    node: GroupSpikes

    def forward(self, membranes: Tensor, timesteps: int) -> Tensor:
        """`membranes` [T, B, ...]. Returns spikes shaped like them."""
        return self.fired(membranes, timesteps, None)

    def current(self, *values: Tensor) -> Tensor:
        """The membranes, which are all that drives the spikes."""
        return values[0]

    def fired(self, current: Tensor, timesteps: int, norm: nn.BatchNorm2d | None) -> Tensor:  # noqa: ARG002
        """Each timestep by itself: leak and reset are those of the membranes, which have been through time."""
        steps = super().fired(current.flatten(0, 1)[None], 1, None)
        return steps.view(current.shape)


def _steps(x: Tensor, timesteps: int, windows: Windows) -> list[list[Tensor]]:
    """By timestep and group, each [B, C, rows, columns]."""
    return [list(step.unbind(1)) for step in by_window(x.expand(timesteps, *x.shape[1:]), windows).unbind(0)]


def _after_reset(membrane: Tensor, neuron: Neuron) -> Tensor:
    """Soft: less by the threshold where it fired; hard: 0 there. No gradient goes to the spikes."""
    fired = membrane.detach() >= neuron.threshold
    if neuron.reset == "hard":
        return membrane.masked_fill(fired, 0.0)
    return membrane - neuron.threshold * fired
