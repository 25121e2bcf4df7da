"""A brute-force oracle that walks every synapse, and random layers, networks and spikes."""

import collections
import itertools
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

import hwcost as h

Place = tuple[int, ...]


def brute_force_fan_out(layer: h.LayerSpec, kept: np.ndarray | None = None) -> np.ndarray:
    """Synapses of every input neuron [C, *spatial], counted one output neuron and one kernel tap at a time.

    `kept` is the 0/1 mask of a pruned layer's weights, in the shape that torch gives them.
    """
    fan_out = np.zeros(layer.in_shape, dtype=np.int64)
    if layer.kind == "linear":
        return fan_out + (layer.n_outputs if kept is None else kept.sum(axis=0).reshape(layer.in_shape))
    per_group_in, per_group_out = layer.in_shape[0] // layer.groups, layer.out_shape[0] // layer.groups
    for inside, _, tap in connections(layer):
        for out, within in itertools.product(range(layer.out_shape[0]), range(per_group_in)):
            channel = out // per_group_out * per_group_in + within
            is_transposed = layer.kind.startswith("conv_transpose")
            weight = (channel, out % per_group_out, *tap) if is_transposed else (out, within, *tap)
            fan_out[(channel, *inside)] += 1 if kept is None else int(kept[weight])
    return fan_out


def connections(layer: h.LayerSpec) -> Iterator[tuple[Place, Place, Place]]:
    """(input position, output position, kernel tap) of a convolution, each that exists, one at a time."""
    pads = [(p, p) if isinstance(p, int) else p for p in layer.padding]
    transposed = layer.kind.startswith("conv_transpose")
    here, there = (layer.in_shape, layer.out_shape) if transposed else (layer.out_shape, layer.in_shape)
    for place in itertools.product(*map(range, here[1:])):
        for tap in itertools.product(*map(range, layer.kernel)):
            at = tuple(
                y * s + i * d - p[0]
                for y, i, s, d, p in zip(place, tap, layer.stride, layer.dilation, pads, strict=True)
            )
            if layer.padding_mode != "zeros":
                at = tuple(_wrap(a, n, layer.padding_mode) for a, n in zip(at, there[1:], strict=True))
            if all(0 <= a < n for a, n in zip(at, there[1:], strict=True)):
                yield (place, at, tap) if transposed else (at, place, tap)


def _wrap(at: int, length: int, mode: str) -> int:
    """Where numpy's padding of the same name takes its value from."""
    reach = max(abs(at), abs(at - length)) + 1
    name = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}[mode]
    return int(np.pad(np.arange(length), reach, mode=name)[at + reach])


def draw_conv(data: st.DataObject, name: str = "conv", max_axes: int = 2, **fixed: object) -> h.LayerSpec:
    """A random small convolution, plain or transposed, whose output is not empty."""

    def draw(strategy: st.SearchStrategy) -> object:
        return data.draw(strategy)

    axes = draw(st.integers(1, max_axes))
    transposed = fixed.pop("transposed", None)
    transposed = draw(st.booleans()) if transposed is None else transposed
    groups = draw(st.sampled_from((1, 1, 2, 3)))
    channels = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    length, kernel = (
        [draw(st.integers(1, 6)) for _ in range(axes)],
        [draw(st.integers(1, 4)) for _ in range(axes)],
    )
    stride, dilation = (
        [draw(st.integers(1, 4)) for _ in range(axes)],
        [draw(st.integers(1, 2)) for _ in range(axes)],
    )
    padding = [(draw(st.integers(0, 4)), draw(st.integers(0, 4))) for _ in range(axes)]
    mode = (
        "zeros"
        if transposed
        else draw(st.sampled_from(("zeros", "zeros", "circular", "replicate", "reflect")))
    )
    out = []
    for i in range(axes):
        reach = dilation[i] * (kernel[i] - 1)
        if transposed:
            n = (
                (length[i] - 1) * stride[i]
                - sum(padding[i])
                + reach
                + 1
                + draw(st.integers(0, stride[i] - 1))
            )
            if n < 1:
                padding[i], n = (0, 0), (length[i] - 1) * stride[i] + reach + 1
        else:
            short = reach + 1 - length[i] - sum(padding[i])
            padding[i] = (padding[i][0], padding[i][1] + max(short, 0))
            n = (length[i] + sum(padding[i]) - reach - 1) // stride[i] + 1
        out.append(n)
    return h.LayerSpec(
        name,
        f"conv_transpose{axes}d" if transposed else f"conv{axes}d",
        0,
        (channels[0], *length),
        (channels[1], *out),
        kernel=tuple(kernel),
        stride=tuple(stride),
        padding=tuple(padding),
        dilation=tuple(dilation),
        groups=groups,
        padding_mode=mode,
        **fixed,
    )


def draw_maps(data: st.DataObject, shape: tuple[int, ...], largest: int = 1) -> np.ndarray:
    """Random whole-number events of the given shape, from silence to all neurons at their largest value."""
    seed, rate = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.sampled_from((0.0, 0.05, 0.3, 0.7, 1.0)))
    rng = np.random.default_rng(seed)
    return (rng.random(shape) < rate) * rng.integers(1, largest + 1, shape)


def draw_network(
    data: st.DataObject, n_stages: int = 3, modes: tuple[str, ...] = ("score_mix", "bucket")
) -> h.NetworkSpec:
    """A small convolutional network with falling timesteps and a random transformer wherever they change."""
    timesteps = sorted((data.draw(st.integers(1, 6)) for _ in range(n_stages)), reverse=True)
    stages, layers, shape = [], [], (2, 6, 6)
    neuron, bias = data.draw(st.sampled_from(("lif", "if"))), data.draw(st.booleans())
    for i, steps in enumerate(timesteps):
        changes = i > 0 and steps != timesteps[i - 1]
        stages.append(h.StageSpec(steps, data.draw(st.sampled_from(modes)) if changes else None))
        more = {"in_class": "graded", "in_max": 4} if data.draw(st.booleans()) else {}
        layers.append(
            h.conv(
                f"conv{i}", shape, 3 + i, 3, stage=i, padding=1, stride=2, neuron=neuron, bias=bias, **more
            )
        )
        shape = layers[-1].out_shape
    layers.append(h.linear("fc", shape, 5, stage=n_stages - 1))
    return h.NetworkSpec(tuple(layers), tuple(stages))


def draw_record(data: st.DataObject, network: h.NetworkSpec, n_samples: int = 2) -> h.SpikeRecord:
    """Random activity of a network, as a record."""
    events, outputs = draw_activity(data, network, n_samples)
    return h.SpikeRecord.from_maps(network, events, outputs)


def draw_activity(
    data: st.DataObject, network: h.NetworkSpec, n_samples: int = 2
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Random event maps of every layer: what arrives and what leaves."""
    events, outputs = {}, {}
    for layer in network.layers:
        if not layer.is_analog:
            shape = (n_samples, network.input_timesteps(layer), *layer.in_shape)
            events[layer.name] = draw_maps(data, shape, layer.in_max)
        if layer.neuron:
            outputs[layer.name] = draw_maps(data, (n_samples, network.timesteps(layer), *layer.out_shape))
    return events, outputs


Counts = dict[tuple[str, str], int]


def walk_network(
    network: h.NetworkSpec,
    events: dict[str, np.ndarray],
    outputs: dict[str, np.ndarray],
    orders: dict[str, str],
) -> Counts:
    """Counts by (layer, item) of a network of convolutions, linear layers and membrane shortcuts, where spikes are sent
    as addresses and every synaptic operation reads its weight and its sum: one event, one synapse, one neuron and one
    timestep at a time.

    Args:
        events: Layer name -> binary [samples, input timesteps, *in_shape], what arrives at a weighted layer.
        outputs: Layer name -> binary [samples, own timesteps, *out_shape] of every layer with neurons.
        orders: Layer name -> order at its temporal transformer, which is a `score_mix`.
    """
    counts: Counts = collections.Counter()
    scored: set[str] = set()
    mixed: set[str] = set()
    n_samples = len(next(iter(outputs.values())))
    for layer in network.layers:
        if layer.kind == "membrane_shortcut":
            _walk_sum(network, layer, outputs, n_samples, counts)
        elif layer.name in orders:
            _walk_entry(network, layer, events[layer.name], orders[layer.name], counts, scored, mixed)
        else:
            _walk_events(layer, events[layer.name], counts)
        _walk_outputs(network, layer, outputs.get(layer.name), n_samples, counts)
    return {key: n for key, n in counts.items() if n}


def _walk_events(layer: h.LayerSpec, maps: np.ndarray, counts: Counts) -> None:
    fan_out = brute_force_fan_out(layer)
    for _sample, _t, *place in np.argwhere(maps):
        counts[layer.name, "spike_read"] += _address_bits(layer.n_inputs)
        for _synapse in range(fan_out[tuple(place)]):
            for item in ("synapse_ac", "weight_read", "accumulator_read", "accumulator_write"):
                counts[layer.name, item] += 1


def _walk_entry(
    network: h.NetworkSpec,
    layer: h.LayerSpec,
    maps: np.ndarray,
    order: str,
    counts: Counts,
    scored: set[str],
    mixed: set[str],
) -> None:
    n_samples, n_in = maps.shape[:2]
    n_out, source = network.timesteps(layer), network.source(layer).name
    if source not in scored:
        counts[layer.name, "score_ac"] += np.count_nonzero(maps)
        counts[layer.name, "score_mac"] += n_samples * (3 * n_in + n_in * n_in + n_in * n_in * n_out)
        counts[layer.name, "score_lookup"] += n_samples * (1 + n_in * n_out)
        scored.add(source)
    if order == "conv_then_mix":
        _walk_events(layer, maps, counts)
        counts[layer.name, "activation_write"] += n_samples * n_in * layer.n_outputs
        for _one in itertools.product(range(n_samples), range(n_out), range(n_in), range(layer.n_outputs)):
            counts[layer.name, "mix_mac"] += 1
            counts[layer.name, "activation_read"] += 1
        return
    if source not in mixed:
        for _event, _t in itertools.product(np.argwhere(maps), range(n_out)):
            for item in ("mix_ac", "activation_read", "activation_write"):
                counts[layer.name, item] += 1
        counts[layer.name, "spike_read"] += np.count_nonzero(maps) * _address_bits(layer.n_inputs)
        mixed.add(source)
    for _synapse in range(n_samples * n_out * int(brute_force_fan_out(layer).sum())):
        for item in ("synapse_mac", "weight_read", "activation_read"):
            counts[layer.name, item] += 1


def _walk_sum(
    network: h.NetworkSpec, layer: h.LayerSpec, outputs: dict[str, np.ndarray], n_samples: int, counts: Counts
) -> None:
    """The branch's numbers are read; the shortcut is added spike by spike, or number by number."""
    for _value in range(n_samples * network.timesteps(layer) * layer.n_inputs):
        counts[layer.name, "activation_read"] += 1
        if layer.other_source not in outputs:
            counts[layer.name, "activation_read"] += 1
            counts[layer.name, "residual_add"] += 1
    for _spike in np.argwhere(outputs.get(layer.other_source, np.zeros(0))):
        counts[layer.name, "spike_read"] += _address_bits(layer.n_inputs)
        counts[layer.name, "residual_add"] += 1


def _walk_outputs(
    network: h.NetworkSpec, layer: h.LayerSpec, spikes: np.ndarray | None, n_samples: int, counts: Counts
) -> None:
    steps = n_samples * network.timesteps(layer)
    for _value in range(steps * layer.n_outputs):
        if layer.bias:
            counts[layer.name, "bias_add"] += 1
        for item in ("neuron_multiply", "neuron_add", "neuron_compare") if layer.neuron else ():
            counts[layer.name, item] += 1
        is_last = layer is network.layers[-1]
        if not layer.neuron and not is_last:
            counts[layer.name, "activation_write"] += 1
        if not layer.neuron and is_last and network.timesteps(layer) > 1:
            counts[layer.name, "neuron_add"] += 1
    for _spike in np.argwhere(spikes if spikes is not None else np.zeros(0)):
        counts[layer.name, "neuron_add"] += 1
        counts[layer.name, "spike_write"] += _address_bits(layer.n_outputs)


def _address_bits(neurons: int) -> int:
    return max(1, (neurons - 1).bit_length())
