"""Four machines that are walked event by event: every spike, tile of output positions, window and weight.

Nothing here uses the cost model: synapses are found by looking at every output neuron and every kernel tap.
"""

import itertools
from collections import Counter

import numpy as np

import hwcost as h

Synapse = tuple[int, int, tuple[int, ...]]  # output position, output channel, weight


def synapses(layer: h.LayerSpec) -> dict[tuple[int, ...], list[Synapse]]:
    """What an event at every input neuron meets."""
    met: dict[tuple[int, ...], list[Synapse]] = {}
    if not layer.kernel:
        for number, place in enumerate(np.ndindex(layer.in_shape)):
            met[place] = [(0, out, (out, number)) for out in range(layer.n_outputs)]
        return met
    is_transposed = layer.kind.startswith("conv_transpose")
    ins, outs = layer.in_shape[0] // layer.groups, layer.out_shape[0] // layer.groups
    before = [p if isinstance(p, int) else p[0] for p in layer.padding]
    here, there = (layer.in_shape, layer.out_shape) if is_transposed else (layer.out_shape, layer.in_shape)
    for place in np.ndindex(here[1:]):
        for tap in np.ndindex(layer.kernel):
            steps = zip(place, layer.stride, tap, layer.dilation, before, strict=True)
            other = tuple(y * s + i * d - p for y, s, i, d, p in steps)
            if any(not 0 <= a < n for a, n in zip(other, there[1:], strict=True)):
                continue
            from_, to = (place, other) if is_transposed else (other, place)
            position = int(np.ravel_multi_index(to, layer.out_shape[1:]))
            for out, inner in itertools.product(range(layer.out_shape[0]), range(ins)):
                channel = out // outs * ins + inner
                met.setdefault((channel, *from_), []).append((position, out, (out, inner, *tap)))
    return met


def walk(
    layer: h.LayerSpec, maps: np.ndarray, dataflow: str, *, positions: int, channels: int, window: int
) -> Counter[str]:
    """Accesses of one sample.

    Args:
        maps: Binary events [timesteps, *in_shape].
        positions, channels: Of the array.
        window: Timesteps that are processed together.
    """
    met, counts = synapses(layer), Counter[str]()
    for start in range(0, len(maps), window):
        steps = maps[start : start + window]
        spikes = [(t, tuple(place)) for t, *place in np.argwhere(steps)]
        reads = {
            "none": _reads_of_event_core,
            "weight_stationary": _reads_of_stationary_weights,
            "output_stationary": _reads_of_tiles,
            "tick_batched": _reads_of_tiles,
        }[dataflow](layer, spikes, met, positions)
        operations = sum(len(met.get(place, ())) for _, place in spikes)
        counts["weight_read"] += min(reads, operations)
        for _ in range(operations if dataflow in ("none", "weight_stationary") else 0):
            counts["accumulator_read"] += 1
            counts["accumulator_write"] += 1
        if dataflow == "weight_stationary":
            counts["weight_buffer_read"] += operations
        for _, place in spikes:
            for kept in [set(range(layer.out_shape[0]))] if dataflow == "none" else passes(layer, channels):
                counts["event_read"] += bool(kept & reached(layer, place[0]))
    return counts


def _reads_of_event_core(layer, spikes, met, positions) -> int:  # noqa: ARG001
    return sum(1 for _, place in spikes for _ in met.get(place, ()))


def _reads_of_stationary_weights(layer, spikes, met, positions) -> int:  # noqa: ARG001
    """The weights of a channel are brought as soon as it has its first event, those for padding included."""
    reads, held = 0, set()
    for _, place in spikes:
        channel = place[0] if layer.kernel else place
        if channel not in held:
            held.add(channel)
            taps = int(np.prod(layer.kernel)) if layer.kernel else 1
            reads += sum(taps for _ in reached(layer, place[0]))
    return reads


def _reads_of_tiles(layer, spikes, met, positions) -> int:  # noqa: ARG001
    """A weight is fetched once for a tile and stays there for the window."""
    fetched = set()
    for _, place in spikes:
        for position, _, weight in met.get(place, ()):
            fetched.add((position // positions, weight))
    return len(fetched)


def walked_biases(layer: h.LayerSpec, dataflow: str, n_steps: int, *, positions: int, window: int) -> int:
    """Reads of biases by a machine that adds one to every output neuron at every timestep."""
    reads, held = 0, set()
    length = 1 if dataflow == "output_stationary" else window
    for t, (channel, *place) in itertools.product(range(n_steps), np.ndindex(layer.out_shape)):
        position = int(np.ravel_multi_index(place, layer.out_shape[1:]))
        bias = (t // length, position // positions, channel)
        reads += dataflow == "none" or bias not in held
        held.add(bias)
    return reads


def reached(layer: h.LayerSpec, channel: int) -> set[int]:
    """Output channels that an input channel meets."""
    if not layer.kernel:
        return set(range(layer.out_shape[0]))
    outs = layer.out_shape[0] // layer.groups
    group = channel // (layer.in_shape[0] // layer.groups)
    return set(range(group * outs, (group + 1) * outs))


def passes(layer: h.LayerSpec, channels: int) -> list[set[int]]:
    """Output channels that the array computes together: whole groups, or pieces of one."""
    groups = layer.groups if layer.kernel else 1
    outs = layer.out_shape[0] // groups
    if outs >= channels:
        starts = [g * outs + k for g in range(groups) for k in range(0, outs, channels)]
        return [set(range(s, min(s + channels, (s // outs + 1) * outs))) for s in starts]
    together = channels // outs * outs
    return [set(range(s, min(s + together, groups * outs))) for s in range(0, groups * outs, together)]
