"""Whether layers and stages follow each other as they must."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hwcost.errors import HwcostError
from hwcost.network.kinds import INPUT
from hwcost.network.layer import LayerSpec
from hwcost.network.stage import StageSpec
from hwcost.network.temporal import SHRINKING


def check_order(layers: Sequence[LayerSpec], stages: Sequence[StageSpec]) -> None:
    """Names are unique, stages run from 0 to the last without gaps, timesteps change only at a transformer, and a
    layer reads its own stage or the one before.
    """
    if not layers or not stages:
        raise HwcostError(f"a network needs layers and stages, got {len(layers)} and {len(stages)}")
    _check_names(layers)
    indices = [layer.stage for layer in layers]
    if indices != sorted(indices) or set(indices) != set(range(len(stages))):
        raise HwcostError(f"layers must fill the stages 0 to {len(stages) - 1} in order, got {indices}")
    _check_stages(stages)
    earlier: dict[str, LayerSpec] = {}
    for layer in layers:
        _check_sources(layer, earlier)
        earlier[layer.name] = layer
        _check_mask(layer, stages[layer.stage].timesteps)


def _check_names(layers: Sequence[LayerSpec]) -> None:
    names = [layer.name for layer in layers]
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise HwcostError(f"layer names must be unique; twice: {', '.join(sorted(double))}")


def _check_stages(stages: Sequence[StageSpec]) -> None:
    if stages[0].transformer is not None:
        raise HwcostError("stage 0: a temporal transformer stands between two stages, the first has none")
    for index, (before, after) in enumerate(pairwise(stages), start=1):
        if after.transformer is None and before.timesteps != after.timesteps:
            raise HwcostError(
                f"stage {index}: timesteps change from {before.timesteps} to {after.timesteps} without a transformer"
            )
        if after.transformer in SHRINKING and before.timesteps < after.timesteps:
            raise HwcostError(
                f"stage {index}: {after.transformer} cannot make {after.timesteps} timesteps of {before.timesteps}"
            )


def _check_sources(layer: LayerSpec, earlier: Mapping[str, LayerSpec]) -> None:
    reads_input = layer.source == INPUT and INPUT not in earlier
    for name in (layer.other_source, "" if reads_input else layer.source):
        if name and name not in earlier:
            raise HwcostError(f"layer '{layer.name}': source '{name}' is no earlier layer")
    if reads_input and layer.stage > 0:
        raise HwcostError(
            f"layer '{layer.name}': stage {layer.stage} reads the network's input; only stage 0 can"
        )
    if layer.source and not reads_input and earlier[layer.source].stage < layer.stage - 1:
        raise HwcostError(
            f"layer '{layer.name}': source '{layer.source}' lies in stage {earlier[layer.source].stage}, more than "
            f"one before its own, {layer.stage}; only the stage before can be read"
        )
    if not layer.other_source:
        return
    other = earlier[layer.other_source]
    if other.stage != layer.stage:
        raise HwcostError(
            f"layer '{layer.name}': other_source '{other.name}' lies in stage {other.stage}, not in {layer.stage}; "
            "describe a shortcut that enters a stage as a 1x1 convolution"
        )
    if layer.kind != "membrane_shortcut" and not other.gives_events:
        raise HwcostError(
            f"layer '{layer.name}': other_source '{other.name}' gives numbers, a {layer.kind} takes events; "
            "a membrane_shortcut adds numbers"
        )
    if other.out_shape != layer.in_shape:
        raise HwcostError(
            f"layer '{layer.name}': other_source '{other.name}' gives {other.out_shape}, not {layer.in_shape}"
        )


def _check_mask(layer: LayerSpec, timesteps: int) -> None:
    if layer.mask and len(layer.mask) != timesteps:
        raise HwcostError(f"layer '{layer.name}': mask has {len(layer.mask)} steps, its stage {timesteps}")
