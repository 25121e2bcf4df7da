"""Masks of timesteps as a bundle holds them: what was learned, without the scores that it was learned by."""

from collections.abc import Mapping

from tsearch.configuration import Configuration
from tsearch.networks.plan import Plan, stage_of_blocks

LayerTimesteps = Mapping[str, int | tuple[int, ...]]


def frozen(masks: Mapping[str, tuple[int, ...]]) -> dict[str, int | tuple[int, ...]]:
    """By the name of a layer, how many first timesteps it runs; of a mask that is no prefix, all of it."""
    return {
        name: sum(mask) if list(mask) == sorted(mask, reverse=True) else mask for name, mask in masks.items()
    }


def masks_of(
    layer_timesteps: LayerTimesteps, configuration: Configuration, plan: Plan
) -> dict[str, tuple[int, ...]]:
    """The masks of all layers of neurons, one 0 or 1 per timestep of its stage; none where none are learned.

    Raises: ValueError, naming the layer, where they are not those of the network."""
    if not configuration.masks.are_learned:
        if layer_timesteps:
            raise ValueError("'layer_timesteps' of a network that learns no masks")
        return {}
    stage = stage_of_blocks(configuration.stages)
    total = {node.name: configuration.timesteps[stage[node.block]] for node, _ in plan.neurons()}
    for name in total.keys() ^ layer_timesteps.keys():
        where = "of no layer of neurons" if name in layer_timesteps else "missing for a layer of neurons"
        raise ValueError(f"'layer_timesteps' {where}: '{name:.80}'")
    return {name: _mask(name, kept, total[name]) for name, kept in layer_timesteps.items()}


def _mask(name: str, kept: int | tuple[int, ...], total: int) -> tuple[int, ...]:
    if isinstance(kept, int):
        if not 1 <= kept <= total:
            raise ValueError(f"'layer_timesteps' of '{name}' is 1 to the {total} of its stage, found {kept}")
        return (1,) * kept + (0,) * (total - kept)
    if len(kept) != total or not set(kept) <= {0, 1} or kept[0] != 1:
        raise ValueError(
            f"'layer_timesteps' of '{name}' has a 0 or 1 for each of {total} timesteps, 1 for the first"
        )
    return kept
