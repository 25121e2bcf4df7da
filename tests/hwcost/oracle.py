"""A brute-force oracle that walks every synapse, and random layers, networks and spikes."""

import itertools

import numpy as np
from hypothesis import strategies as st

import hwcost as h


def brute_force_fan_out(layer: h.LayerSpec) -> np.ndarray:
    """Synapses of every input neuron [C, *spatial], counted one output neuron and one kernel tap at a time."""
    fan_out = np.zeros(layer.in_shape, dtype=np.int64)
    if layer.kind == "linear":
        return fan_out + layer.n_outputs
    pads = [(p, p) if isinstance(p, int) else p for p in layer.padding]
    per_group_in, per_group_out = layer.in_shape[0] // layer.groups, layer.out_shape[0] // layer.groups
    transposed = layer.kind.startswith("conv_transpose")
    here, there = (layer.in_shape, layer.out_shape) if transposed else (layer.out_shape, layer.in_shape)
    for place in itertools.product(*map(range, here[1:])):
        for tap in itertools.product(*map(range, layer.kernel)):
            at = [
                y * s + i * d - p[0]
                for y, i, s, d, p in zip(place, tap, layer.stride, layer.dilation, pads, strict=True)
            ]
            if layer.padding_mode != "zeros":
                at = [_wrap(a, n, layer.padding_mode) for a, n in zip(at, there[1:], strict=True)]
            if any(not 0 <= a < n for a, n in zip(at, there[1:], strict=True)):
                continue
            for out in range(layer.out_shape[0]):
                for inside in range(per_group_in):
                    channel = out // per_group_out * per_group_in + inside
                    fan_out[(channel, *place) if transposed else (channel, *at)] += 1
    return fan_out


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
