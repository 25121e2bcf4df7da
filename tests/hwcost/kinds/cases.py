"""Random small layers of every kind, with what they need before and behind them, and random activity."""

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np
from hypothesis import strategies as st
from oracle import draw_conv, draw_maps
from walker import Seen

import hwcost as h

Draw = Callable[[st.SearchStrategy], object]


def _events(draw: Draw, classes: tuple[str, ...] = ("binary", "ternary", "graded")) -> dict[str, object]:
    in_class = draw(st.sampled_from(classes))
    return {"in_class": in_class, "in_max": draw(st.integers(1, 3)) if in_class == "graded" else 1}


def _convolution(draw: Draw, data: st.DataObject) -> h.LayerSpec:
    return draw_conv(data, "layer", **_events(draw, ("binary", "ternary", "graded", "analog")))


def _linear(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    sizes = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    return h.linear("layer", *sizes, **_events(draw, ("binary", "ternary", "graded", "analog")))


def _pool(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    axes = draw(st.integers(1, 2))
    kernel, stride = ([draw(st.integers(1, 3)) for _ in range(axes)] for _ in range(2))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    lengths = [k + draw(st.integers(0, 4)) for k in kernel]
    out = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(lengths, kernel, stride, padding, strict=True)]
    channels, what = draw(st.integers(1, 2)), draw(st.sampled_from(("avg", "max")))
    return h.LayerSpec(
        "layer", f"{what}_pool{axes}d", 0, (channels, *lengths), (channels, *out), kernel=kernel, stride=stride,
        padding=padding, **_events(draw, ("binary", "ternary", "graded", "analog")),
    )  # fmt: skip


def _recurrent(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    shapes = (draw(st.integers(1, 4)),), (draw(st.integers(1, 4)),)
    return h.LayerSpec(
        "layer", "recurrent", 0, *shapes, neuron="lif", **_events(draw, ("binary", "graded", "analog"))
    )


def _lstm(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    shapes = (draw(st.integers(1, 4)),), (draw(st.integers(1, 4)),)
    operands = (("passes", draw(st.integers(1, 3))), ("analog_gates", draw(st.integers(0, 1))))
    return h.LayerSpec(
        "layer", "lstm", 0, *shapes, operands=operands, **_events(draw, ("binary", "graded", "analog"))
    )


def _windows(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """A map (C, H, W), as many windows (groups * C, rows, columns) as cover it, and how many there are."""
    channels, groups = draw(st.integers(1, 2)), draw(st.sampled_from((1, 2, 4)))
    window = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    across = {1: (1, 1), 2: (1, 2), 4: (2, 2)}[groups]
    whole = tuple(draw(st.integers(n, n * many)) for n, many in zip(window, across, strict=True))
    return (channels, *whole), (groups * channels, *window), groups


def _gate(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    whole, windows, _ = _windows(draw)
    operands = (("draws", draw(st.integers(0, 1))),)
    return h.LayerSpec("layer", "gate", 0, whole, windows, in_class="analog", operands=operands)


def _condense(kind: str, classes: tuple[str, ...]) -> Callable[..., h.LayerSpec]:
    def build(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
        whole, windows, _ = _windows(draw)
        operands = (("overlap", draw(st.sampled_from((1, 2, 4)))),)
        return h.LayerSpec("layer", kind, 0, windows, whole, operands=operands, **_events(draw, classes))

    return build


def _flows(draw: Draw, n_outputs: int) -> tuple[tuple[str, int], ...]:
    names = ("inflow", "outflow", "lookups", "multiplies", "adds", "compares")
    return tuple((name, draw(st.integers(0, n_outputs if name == "outflow" else 9))) for name in names)


def _sequence(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    groups, directions, units = (
        draw(st.sampled_from((1, 2, 4))),
        draw(st.integers(1, 2)),
        draw(st.integers(1, 2)),
    )
    window = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    shapes = (groups * draw(st.integers(1, 2)), *window), (groups * directions * units, *window)
    cell = (("gates", draw(st.sampled_from((1, 3, 4)))), ("directions", directions))
    return h.LayerSpec(
        "layer", "sequence", 0, *shapes, groups=groups, neuron="lif",
        operands=(*cell, *_flows(draw, prod(shapes[1]))), **_events(draw, ("binary", "graded", "analog")),
    )  # fmt: skip


def _window_convolution(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    groups, out = draw(st.sampled_from((1, 2, 4))), draw(st.integers(1, 2))
    shape = groups * draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    flows = _flows(draw, groups * out * shape[1] * shape[2])
    return h.conv(
        "layer", shape, groups * out, 3, padding=1, groups=groups, neuron="lif",
        operands=(("shares_weights", 1), *flows), **_events(draw, ("binary", "graded", "analog")),
    )  # fmt: skip


def _same_shape(*kinds: str, classes: tuple[str, ...]) -> Callable[..., h.LayerSpec]:
    def build(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
        shape = tuple(draw(st.integers(1, 4)) for _ in range(draw(st.integers(1, 3))))
        kind, neuron = draw(st.sampled_from(kinds)), "if" if kinds == ("neurons",) else None
        return h.LayerSpec("layer", kind, 0, shape, shape, neuron=neuron, **_events(draw, classes))

    return build


def _flatten(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    classes = ("binary", "ternary", "graded", "analog")
    return h.LayerSpec("layer", "flatten", 0, shape, (prod(shape),), **_events(draw, classes))


def _embedding(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
    words, width, tokens = (draw(st.integers(1, 4)) for _ in range(3))
    in_class = draw(st.sampled_from(("binary", "analog")))
    return h.LayerSpec("layer", "embedding", 0, (words, tokens), (width, tokens), in_class=in_class)


def _attention(kind: str) -> Callable[..., h.LayerSpec]:
    def build(draw: Draw, data: st.DataObject) -> h.LayerSpec:  # noqa: ARG001
        heads, width, tokens = (draw(st.integers(1, n)) for n in (2, 3, 4))
        shape = heads * width, tokens
        operands = (("heads", heads), ("kv_first", draw(st.integers(0, 1))))
        in_class = draw(st.sampled_from(("binary", "analog")))
        return h.LayerSpec("layer", kind, 0, (3, *shape), shape, operands=operands, in_class=in_class)

    return build


ANY = ("binary", "ternary", "graded", "analog")
KINDS: dict[str, Callable[..., h.LayerSpec]] = {
    "convolution": _convolution,
    "linear": _linear,
    "pool": _pool,
    "recurrent": _recurrent,
    "lstm": _lstm,
    "sew": _same_shape("sew_add", "sew_and", "sew_iand", classes=("binary", "graded")),
    "membrane_shortcut": _same_shape("membrane_shortcut", classes=("analog",)),
    "batch_norm": _same_shape("batch_norm", classes=("binary", "graded", "analog")),
    "neurons": _same_shape("neurons", classes=("analog",)),
    "concat": _same_shape("concat", classes=ANY),
    "flatten": _flatten,
    "embedding": _embedding,
    "attention": _attention("attention"),
    "mask_attention": _attention("mask_attention"),
    "gate": _gate,
    "condense_or": _condense("condense_or", ("binary",)),
    "condense_add": _condense("condense_add", ("binary", "graded", "analog")),
    "sequence": _sequence,
    "window_convolution": _window_convolution,
}


def draw_case(data: st.DataObject, kind: str) -> tuple[h.NetworkSpec, h.SpikeRecord, Seen]:
    """A layer of the kind behind the input, with what it needs before and behind it, and random activity."""
    draw: Draw = data.draw
    layer = KINDS[kind](draw, data)
    flowing = kind in ("sequence", "window_convolution")
    needs_neuron = kind in ("recurrent", "neurons") or flowing
    cannot = kind in ("lstm", "flatten", "gate", "condense_or", "condense_add")
    neuron = draw(st.sampled_from(("lif", "if", *(() if needs_neuron else (None,)))))
    n_samples = 1 if kind == "sew" else draw(st.integers(1, 2))  # samples of a sum are compared together
    steps = draw(st.integers(1, 3))
    layer = replace(
        layer,
        neuron=None if cannot else neuron,
        reset=draw(st.sampled_from(("soft", "hard"))),
        bias=draw(st.booleans())
        if flowing or kind in ("convolution", "linear", "recurrent", "lstm")
        else False,
        mask=tuple(draw(st.integers(0, 1)) for _ in range(steps)) if draw(st.booleans()) else (),
        source="input",
    )
    maps = lambda shape, largest=1: draw_maps(data, (n_samples, steps, *shape), largest)  # noqa: E731
    runs = np.array(layer.mask or (1,) * steps)
    events = None if layer.is_analog else maps(layer.in_shape, layer.in_max)
    if events is not None and layer.in_class == "ternary":
        events = events * np.where(maps(layer.in_shape) > 0, -1, 1)
    if events is not None and kind == "embedding":
        events = events * (events.cumsum(axis=2) == 1)  # at most one word per token
    others, before = None, []
    if kind == "sew" or (kind == "membrane_shortcut" and draw(st.booleans())):
        others = maps(layer.in_shape)
        before = [_other(layer, "lif")]
    elif kind == "membrane_shortcut" and draw(st.booleans()):
        before = [_other(layer, None)]
    layer = replace(layer, other_source="other" if before else "")
    running = runs.reshape(1, steps, *(1 for _ in layer.out_shape))
    outputs = maps(layer.out_shape) * running if layer.fires else None
    stages = (h.StageSpec(steps),)
    reader, given_maps = None, None
    if draw(st.booleans()) or kind == "flatten":
        alone = h.NetworkSpec((*before, layer), stages)
        reader = _reader(layer, alone.largest_output(layer))
        if layer.gives_events and not layer.fires:
            gives = np.array(alone.output_mask(layer)).reshape(running.shape)
            given_maps = maps(layer.out_shape, alone.largest_output(layer)) * gives
    network = h.NetworkSpec((*before, layer, *([reader] if reader else [])), stages)
    arrive = {"layer": events, "reader": outputs if layer.fires else given_maps}
    if before and not before[0].is_analog:
        arrive["other"] = maps(before[0].in_shape)
    if reader and arrive["reader"] is not None:
        arrive["reader"] = arrive["reader"].reshape(n_samples, steps, *reader.in_shape)
    fired = {"layer": outputs, "other": others if before and before[0].neuron else None}
    if reader and reader.neuron:
        fired["reader"] = maps(reader.out_shape)
    some = [m for m in (*arrive.values(), *fired.values()) if m is not None]
    if not some:
        return network, h.SpikeRecord.empty(network, n_samples), Seen(n_samples, steps)
    known = {layer.name for layer in network.layers}
    record = h.SpikeRecord.from_maps(
        network,
        {name: m for name, m in arrive.items() if m is not None and name in known},
        {name: m for name, m in fired.items() if m is not None},
    )
    record = h.SpikeRecord(
        {**record.layers, "layer": _more(record.layers["layer"], layer, events)}, n_samples
    )
    return network, record, Seen(n_samples, steps, events, others, outputs, given_maps)


def _other(layer: h.LayerSpec, neuron: str | None) -> h.LayerSpec:
    kind = h.LayerSpec("other", "batch_norm", 0, layer.in_shape, layer.in_shape, source="input")
    return replace(kind, neuron=neuron)


def _reader(layer: h.LayerSpec, largest: int) -> h.LayerSpec:
    """A layer that takes what `layer` gives."""
    if not layer.gives_events:
        return h.LayerSpec(
            "reader", "neurons", 0, layer.out_shape, layer.out_shape, in_class="analog", neuron="if"
        )
    keeps_sign = layer.in_class == "ternary" and not layer.fires and not layer.kind.startswith("avg")
    in_class = "ternary" if keeps_sign else "graded" if largest > 1 else "binary"
    return h.linear("reader", layer.n_outputs, 2, in_class=in_class, in_max=largest)


def _more(spikes: h.LayerSpikes, layer: h.LayerSpec, events: np.ndarray | None) -> h.LayerSpikes:
    """The record of an attention knows which events meet."""
    if events is None or "attention" not in layer.kind:
        return spikes
    q, k, v = (events[:, :, i] for i in range(3))
    if layer.kind == "mask_attention":
        return replace(spikes, extras=tuple(h.mask_attention_counts(q, k, v).items()))
    heads = layer.operand("heads", 1)
    shaped = (
        x.reshape(*x.shape[:2], heads, x.shape[2] // heads, x.shape[3]).swapaxes(3, 4) for x in (q, k, v)
    )
    return replace(spikes, extras=tuple(h.attention_counts(*shaped).items()))


def counted(cost: h.Cost, layer: str) -> dict[str, int]:
    """Totals by item of one layer."""
    totals: dict[str, int] = {}
    for row in cost.rows:
        if row.layer == layer and any(row.steps):
            totals[row.item] = totals.get(row.item, 0) + sum(row.steps)
    return totals
