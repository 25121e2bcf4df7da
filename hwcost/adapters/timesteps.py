"""Which timesteps nodes run and read: all of them, each at its own."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hwcost.adapters.nodes import Node
from hwcost.adapters.signals import Rows
from hwcost.errors import HwcostError


class OneStepError(HwcostError):
    """The model runs one timestep per call, but got all of them."""


def check_times(nodes: Sequence[Node], timesteps: int) -> None:
    """Refuse nodes that ran at some timesteps only, or that read another timestep than their own.

    Raises: OneStepError where everything ran once: the model does one timestep per call.
    """
    if timesteps > 1 and nodes and all(node.n_steps == 1 for node in nodes):
        raise OneStepError(f"one call of the model runs one timestep, not {timesteps}; give loop=True")
    for node in nodes:
        still = [source.n_steps == 1 for source in node.sources]
        is_once = node.n_steps == 1 and all(still) and "neuron" not in node.fields
        if node.n_steps != timesteps and not is_once:
            raise HwcostError(
                f"'{node.name}' runs {node.n_steps} of {timesteps} timesteps; all layers run all of them"
            )
        for own, source_step, k in node.reads:
            if source_step != (0 if still[k] else own):
                raise HwcostError(
                    f"'{node.name}' reads timestep {source_step} of '{node.sources[k].name}' at its own timestep "
                    f"{own}; delays and recurrence are not known"
                )


def check_time_first(seen: Rows, tensor: Tensor, where: str) -> None:
    """Refuse anything but time in the first dimension of what neurons get that run all timesteps in one call."""
    in_order = torch.equal(seen.own_steps, seen.own_steps.sort().values)
    if len(tensor) != seen.n_steps or not in_order:
        raise HwcostError(
            f"{where} takes its first dimension as time, but of {tuple(tensor.shape)} that is not; "
            "give a batch [T, samples, ...] and loop=False"
        )


def step_pairs(seen: Rows) -> list[tuple[int, int]]:
    """(own, source) timesteps."""
    both = torch.unique(torch.stack([seen.own_steps, seen.source_steps], dim=1), dim=0)
    return [(int(own), int(source)) for own, source in both.tolist()]
