"""Whether layers and stages follow each other as they must."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hwcost.errors import HwcostError

if TYPE_CHECKING:
    from hwcost.network import NetworkSpec


def check_order(network: NetworkSpec) -> None:
    """Names are unique, stages run from 0 to the last without gaps, and timesteps change only at a transformer."""
    names = [layer.name for layer in network.layers]
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise HwcostError(f"layer names must be unique; twice: {', '.join(sorted(double))}")
    stages = [layer.stage for layer in network.layers]
    if stages != sorted(stages) or set(stages) != set(range(len(network.stages))):
        raise HwcostError(
            f"layers must fill the stages 0 to {len(network.stages) - 1} in order, got {stages}"
        )
    if network.stages[0].transformer is not None:
        raise HwcostError("stage 0: a temporal transformer stands between two stages, the first has none")
    for index, (before, after) in enumerate(pairwise(network.stages), start=1):
        if after.transformer is None and before.timesteps != after.timesteps:
            raise HwcostError(
                f"stage {index}: timesteps change from {before.timesteps} to {after.timesteps} without a transformer"
            )
        if after.transformer in ("truncate", "bucket") and before.timesteps < after.timesteps:
            raise HwcostError(
                f"stage {index}: {after.transformer} cannot make {after.timesteps} timesteps of {before.timesteps}"
            )
    for index, layer in enumerate(network.layers):
        if layer.source and layer.source not in names[:index]:
            raise HwcostError(f"layer '{layer.name}': source '{layer.source}' is no earlier layer")
