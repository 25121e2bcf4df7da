"""Counts of a layer from whole event maps, or from a constant rate."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.errors import HwcostError
from hwcost.network.fan_out import class_sizes, fan_out_classes
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec


def spikes_from_map(
    layer: LayerSpec, events: NDArray[Any] | None, outputs: NDArray[Any] | None
) -> LayerSpikes:
    """Counts of whole event maps [samples, timesteps, *shape].

    Args:
        events: Maps that arrive; None for an analog input.
        outputs: Spike maps that the layer sends; None where it has no neurons.

    Raises: HwcostError, naming the layer, for a wrong shape or values outside the declared class.
    """
    for maps, shape in ((events, layer.in_shape), (outputs, layer.out_shape)):
        if maps is not None and maps.shape[2:] != shape:
            raise HwcostError(
                f"layer '{layer.name}': maps of [samples, timesteps, *{shape}] expected, got {maps.shape}"
            )
    fired: tuple[int, ...] = ()
    if outputs is not None:
        per_step = outputs.astype(np.int64).sum(axis=(0, *range(2, outputs.ndim)))
        fired = tuple(int(n) for n in per_step)
    if events is None or layer.is_analog:
        return LayerSpikes(outputs=fired)
    if not np.array_equal(events, np.rint(events)):
        raise HwcostError(
            f"layer '{layer.name}': declared {layer.in_class}, but the events are no whole numbers"
        )
    negative = layer.in_class != "ternary" and events.min(initial=0) < 0
    if negative or np.abs(events).max(initial=0) > layer.in_max:
        raise HwcostError(
            f"layer '{layer.name}': declared {layer.in_class} up to {layer.in_max}, but the events reach from "
            f"{events.min():g} to {events.max():g}"
        )
    values = np.abs(events).astype(np.int64)
    return LayerSpikes(_histogram(layer, values != 0), _histogram(layer, values), fired)


def _histogram(layer: LayerSpec, maps: NDArray[Any]) -> Counts:
    """Events by timestep and fan-out class."""
    values, index = fan_out_classes(layer)
    per_position = (
        maps.reshape(maps.shape[0], maps.shape[1], -1, index.size).astype(np.int64).sum(axis=(0, 2))
    )
    return tuple(
        tuple(int(row[index.ravel() == k].sum()) for k in range(len(values))) for row in per_position
    )


def constant_spikes(network: NetworkSpec, layer: LayerSpec, rate: float, n_samples: int) -> LayerSpikes:
    """Counts of a layer whose inputs and neurons fire at `rate` events per step, every event as large as it can be."""
    share = Fraction(rate) * n_samples
    mask = network.input_mask(layer)
    active_steps = layer.mask or (1,) * network.timesteps(layer)
    outputs = tuple(int(share * layer.n_outputs) * step for step in active_steps) if layer.fires else ()
    counts = _constant_extras(network, layer, share)
    extras = tuple((name, tuple(n * step for step in active_steps)) for name, n in counts.items())
    if layer.is_analog:
        return LayerSpikes(outputs=outputs, extras=extras)
    row = tuple(int(share * size) for size in class_sizes(layer))
    events = tuple(tuple(n * step for n in row) for step in mask)
    sums = tuple(tuple(n * layer.in_max for n in step) for step in events)
    return LayerSpikes(events, sums, outputs, extras)


def _constant_extras(network: NetworkSpec, layer: LayerSpec, share: Fraction) -> dict[str, int]:
    """Further counts at a constant rate; pairs of events in an attention are as many as there can be."""
    other = network.other_source(layer)
    if layer.kind == "sew_add" or (other and other.gives_events):
        return {"other": int(share * layer.n_outputs)}
    if layer.kind not in ("attention", "mask_attention"):
        return {}
    neurons, heads, tokens = layer.n_outputs, layer.operand("heads", 1), layer.out_shape[1]
    most = {"qk": neurons * tokens, "av": neurons * tokens, "kv": neurons * neurons // heads // tokens}
    if layer.kind == "mask_attention":
        most["kv"] = neurons
    return {name: int(share * n) for name, n in ({"q": neurons, "k": neurons, "v": neurons} | most).items()}
