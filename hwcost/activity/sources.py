"""Counts of a layer from whole event maps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcost.activity.layer_spikes import Counts, LayerSpikes, PerSample
from hwcost.activity.samples import (
    MOST_CHANNEL_EVENTS,
    MOST_CHANNELS,
    active_channels,
    busy_samples,
    channels_by_gap,
    events_by_channel,
    extremes,
    per_sample_counts,
)
from hwcost.errors import HwcostError
from hwcost.network.fan_out import fan_out_classes
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec


def spikes_from_map(
    network: NetworkSpec,
    layer: LayerSpec,
    events: NDArray[Any] | None,
    outputs: NDArray[Any] | None,
    other: NDArray[Any] | None = None,
) -> LayerSpikes:
    """Counts of whole event maps [samples, timesteps, *shape].

    Args:
        events: Maps that arrive; None for an analog input.
        outputs: Spike maps that the layer sends; None where it has no neurons.
        other: Spike maps of the second summand of a residual sum, where they are known.

    Raises: HwcostError, naming the layer, for a wrong shape or values outside the declared class.
    """
    for maps, shape in ((events, layer.in_shape), (outputs, layer.out_shape)):
        if maps is not None and maps.shape[2:] != shape:
            raise HwcostError(
                f"layer '{layer.name}': maps of [samples, timesteps, *{shape}] expected, got {maps.shape}"
            )
    sent = None if outputs is None else _spikes(layer, outputs)
    fired = () if sent is None else tuple(map(int, sent.sum(axis=0)))
    if events is None or layer.is_analog:
        more = None if sent is None else PerSample(outputs=extremes(sent))
        return LayerSpikes(outputs=fired, per_sample=more)
    _check_values(layer, events)
    values = np.abs(events).astype(np.int64)
    seen = values != 0
    arrived, active = per_sample_counts(seen), active_channels(seen)
    moved = _moved(network, layer, arrived, sent, other)
    return LayerSpikes(
        _histogram(layer, seen),
        _histogram(layer, values),
        fired,
        channels=channels_by_gap(active) if active.shape[2] <= MOST_CHANNELS else (),
        channel_events=events_by_channel(seen) if active.shape[2] <= MOST_CHANNEL_EVENTS else (),
        per_sample=PerSample(
            () if moved is None else busy_samples(moved),
            extremes(arrived),
            extremes(per_sample_counts(values)),
            extremes(sent),
        ),
    )


def _check_values(layer: LayerSpec, events: NDArray[Any]) -> None:
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


def _spikes(layer: LayerSpec, outputs: NDArray[Any]) -> NDArray[np.int64]:
    """Output spikes of every sample and timestep."""
    if not ((outputs == 0) | (outputs == 1)).all():
        raise HwcostError(
            f"layer '{layer.name}': output spikes are 0 or 1, but the outputs reach from {outputs.min():g} to "
            f"{outputs.max():g}"
        )
    return per_sample_counts(outputs)


def _moved(
    network: NetworkSpec,
    layer: LayerSpec,
    arrived: NDArray[np.int64],
    sent: NDArray[np.int64] | None,
    other: NDArray[Any] | None,
) -> NDArray[np.bool_] | None:
    """Whether anything happens in a sample at an own timestep that runs: an event arrives (from the layer before, the
    second summand, or the layer itself a step earlier) or a spike is sent; [samples, own timesteps].

    None behind a temporal transformer that mixes, where every step gets input, and where the summand is not known.
    """
    steps = network.timesteps(layer)
    is_known = other is not None or not layer.other_source
    if network.mixes(layer) or not is_known or arrived.shape[1] < steps:
        return None
    moved: NDArray[np.bool_] = arrived[:, :steps] > 0
    if sent is not None:
        moved |= sent > 0
        if layer.feeds_back:
            moved[:, 1:] |= sent[:, :-1] > 0
    if other is not None:
        moved |= per_sample_counts(other)[:, :steps] > 0
    return moved & (np.array(layer.mask or (1,) * steps) > 0)


def _histogram(layer: LayerSpec, maps: NDArray[Any]) -> Counts:
    """Events by timestep and fan-out class."""
    values, index = fan_out_classes(layer)
    per_position = (
        maps.reshape(maps.shape[0], maps.shape[1], -1, index.size).astype(np.int64).sum(axis=(0, 2))
    )
    return tuple(
        tuple(int(row[index.ravel() == k].sum()) for k in range(len(values))) for row in per_position
    )
