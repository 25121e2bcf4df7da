"""What a record keeps of single channels and samples, against naive loops over the event maps."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import draw_activity, draw_network

import hwcost as h


def by_gap(seen: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """`channels` of [samples, timesteps, channels, places], one channel at a time."""
    rows = [[0] * (t + 1) for t in range(seen.shape[1])]
    for sample in seen:
        for channel in range(sample.shape[1]):
            latest = 0
            for t in range(len(rows)):
                if sample[t, channel].any():
                    rows[t][latest] += 1
                    latest = t + 1
    return tuple(map(tuple, rows))


def busy(seen: np.ndarray, sent: np.ndarray | None) -> tuple[tuple[int, ...], ...]:
    """`per_sample.busy` of [samples, timesteps, places], one sample at a time."""
    rows = [[0, 0, 0] for _ in range(seen.shape[1])]
    for s in range(len(seen)):
        steps = [t for t in range(len(rows)) if seen[s, t].any() or (sent is not None and sent[s, t].any())]
        for chosen, column in ((steps, 0), (steps[:1], 1), (steps[-1:], 2)):
            for t in chosen:
                rows[t][column] += 1
    return tuple(map(tuple, rows))


@settings(max_examples=40, derandomize=True)
@given(st.data())
def test_channels_and_samples_equal_naive_loops(data: st.DataObject) -> None:
    network = draw_network(data)
    n_samples = data.draw(st.integers(1, 4))
    events, outputs = draw_activity(data, network, n_samples)
    record = h.SpikeRecord.from_maps(network, events, outputs)
    for layer in network.layers:
        maps, spikes = events[layer.name], record.layers[layer.name]
        flat = maps.reshape(*maps.shape[:2], -1)
        sent = outputs[layer.name].reshape(n_samples, -1) if layer.name in outputs else None
        assert spikes.channels == by_gap(maps.reshape(*maps.shape[:3], -1) != 0)
        assert spikes.channel_events == tuple(
            int((maps[:, :, c] != 0).sum()) for c in range(layer.in_shape[0])
        )
        known = spikes.per_sample
        for table, values in ((known.events, flat != 0), (known.sums, flat)):
            each = [[int(sample[t].sum()) for sample in values] for t in range(maps.shape[1])]
            assert table == tuple((min(row), max(row)) for row in each)
        if sent is None:
            assert known.outputs == ()
        else:
            per_step = outputs[layer.name].reshape(*outputs[layer.name].shape[:2], -1)
            each = [[int(sample[t].sum()) for sample in per_step] for t in range(per_step.shape[1])]
            assert known.outputs == tuple((min(row), max(row)) for row in each)
        if network.mixes(layer):
            assert known.busy == ()
        else:
            per_step = None if sent is None else sent.reshape(n_samples, network.timesteps(layer), -1)
            assert known.busy == busy(flat[:, : network.timesteps(layer)], per_step)


@settings(max_examples=40, derandomize=True)
@given(st.data())
def test_active_channels_of_every_window_follow_from_the_gaps(data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 6))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    maps = (rng.random((3, steps, 5, 4)) < 0.2).astype(int)
    layer = h.conv("l", (5, 4), 2, 3)
    record = h.SpikeRecord.from_maps(h.NetworkSpec((layer,), (h.StageSpec(steps),)), {"l": maps})
    channels = record.layers["l"].channels
    for a in range(steps):
        for b in range(a + 1, steps + 1):
            active = maps[:, a:b].any(axis=(1, 3)).sum()
            assert active == sum(channels[t][j] for t in range(a, b) for j in range(a + 1))


@settings(max_examples=40, derandomize=True)
@given(st.data())
def test_merged_records_equal_one_record_of_all_samples(data: st.DataObject) -> None:
    network = draw_network(data)
    events, outputs = draw_activity(data, network, 5)
    cut = data.draw(st.integers(1, 4))

    def part(chosen: slice) -> h.SpikeRecord:
        return h.SpikeRecord.from_maps(
            network, {n: m[chosen] for n, m in events.items()}, {n: m[chosen] for n, m in outputs.items()}
        )

    whole = part(slice(None))
    assert part(slice(0, cut)) + part(slice(cut, 5)) == whole
    assert h.SpikeRecord.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole
    h.estimate(network, whole, "45nm_memory")


def recurrent(**more: object) -> h.NetworkSpec:
    layer = h.LayerSpec("r", "recurrent", 0, (3,), (2,), neuron="lif", **more)
    return h.NetworkSpec((layer,), (h.StageSpec(4),))


def test_own_spikes_of_the_step_before_keep_a_recurrent_layer_busy() -> None:
    events, outputs = np.zeros((2, 4, 3)), np.zeros((2, 4, 2))
    events[0, 0, 0] = outputs[0, 1, 1] = 1
    record = h.SpikeRecord.from_maps(recurrent(), {"r": events}, {"r": outputs})
    assert record.layers["r"].per_sample.busy == ((1, 1, 0), (1, 0, 0), (1, 0, 1), (0, 0, 0))


def test_a_masked_step_is_not_busy() -> None:
    layer = h.linear("l", 3, 2, neuron="lif", mask=(0, 1, 1))
    network = h.NetworkSpec((layer,), (h.StageSpec(3),))
    record = h.SpikeRecord.from_maps(network, {"l": np.ones((2, 3, 3))}, {"l": np.zeros((2, 3, 2))})
    assert record.layers["l"].per_sample.busy == ((0, 0, 0), (2, 2, 0), (2, 0, 2))


@pytest.mark.parametrize("rate", [0, 1])
def test_full_and_empty_equal_records_of_such_maps(rate: int, demo) -> None:
    network = demo((3, 2, 2))
    masked = replace(network.layer("conv2"), mask=(1, 0))
    layers = tuple(masked if layer.name == "conv2" else layer for layer in network.layers)
    network = replace(network, layers=layers)
    record = (h.SpikeRecord.empty, h.SpikeRecord.full)[rate](network, 3)

    def gated(steps: tuple[int, ...], shape: tuple[int, ...], value: int) -> np.ndarray:
        gate = np.array(steps).reshape(1, -1, *(1 for _ in shape))
        return np.broadcast_to(gate * value * rate, (3, len(steps), *shape))

    events = {x.name: gated(network.input_mask(x), x.in_shape, x.in_max) for x in network.layers}
    own = {x.name: x.mask or (1,) * network.timesteps(x) for x in network.layers if x.neuron}
    outputs = {name: gated(steps, network.layer(name).out_shape, 1) for name, steps in own.items()}
    assert record == h.SpikeRecord.from_maps(network, events, outputs)


def test_a_record_without_channels_and_samples_still_merges() -> None:
    network = recurrent()
    full = h.SpikeRecord.full(network)
    stored = h.LayerSpikes(full.layers["r"].events, (), full.layers["r"].outputs)
    merged = (full + h.SpikeRecord({"r": stored}, 1)).layers["r"]
    assert (merged.channels, merged.channel_events, merged.per_sample) == ((), (), None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": ((3,), (0, 3))},
        {"channels": ((3,), (0, 3), (0, 0, 3), (0, 0, 0, 0))},
        {"channel_events": (4, 4)},
        {"channel_events": (4, 4, 3)},
        {"per_sample": h.PerSample(events=((1, 1),) * 4)},
        {"per_sample": h.PerSample(outputs=((3, 2),) * 4)},
        {"per_sample": h.PerSample(busy=((1, 1, 0),) * 4)},
        {"per_sample": h.PerSample(busy=((1, 1, 1),) * 3)},
    ],
)
def test_counts_that_contradict_the_events_are_refused(wrong: dict[str, object]) -> None:
    network = recurrent()
    full = h.SpikeRecord.full(network)
    record = replace(full, layers={"r": replace(full.layers["r"], **wrong)})
    with pytest.raises(h.HwcostError, match=rf"'r': '{next(iter(wrong))}"):
        h.estimate(network, record, "45nm_memory")


def test_outputs_that_are_no_spikes_are_refused() -> None:
    with pytest.raises(h.HwcostError, match="'r': output spikes are 0 or 1"):
        h.SpikeRecord.from_maps(recurrent(), {"r": np.zeros((1, 4, 3))}, {"r": np.full((1, 4, 2), 0.9)})
