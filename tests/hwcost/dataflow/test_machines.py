"""Counts under the four dataflows equal machines that are walked event by event, wherever they are exact."""

import base64
from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import walk
from oracle import draw_conv, draw_maps

import hwcost as h

Build = Callable[..., h.Profile]
ADDRESS = "spike_read"
EXACT = ("none", "weight_stationary")
TILED = ("output_stationary", "tick_batched")
KINDS = {
    "plain": h.conv("conv", (3, 5, 5), 6, 3, padding=1),
    "strided": h.conv("conv", (2, 7, 6), 5, 3, stride=2, dilation=1),
    "grouped": h.conv("conv", (4, 5, 5), 8, 3, groups=2),
    "grouped, larger than the array": h.conv("conv", (4, 4, 4), 20, 2, groups=2),
    "depthwise": h.conv("conv", (6, 5, 5), 6, 3, padding=1, groups=6),
    "transposed": h.LayerSpec(
        "conv", "conv_transpose2d", 0, (3, 4, 4), (4, 8, 8), kernel=(2, 2), stride=(2, 2)
    ),
    "one axis": h.conv("conv", (2, 11), 3, 4, stride=2, padding=1),
    "linear": h.linear("conv", 9, 7),
}


def counted(
    layer: h.LayerSpec, maps: np.ndarray, profile: h.Profile, execution: str = "layer_serial"
) -> dict[str, float]:
    """Counts of one sample; spikes are sent as addresses, so that the bits tell the events that are read."""
    network = h.NetworkSpec((layer,), (h.StageSpec(len(maps)),))
    record = h.SpikeRecord.from_maps(network, {layer.name: maps[None]})
    cost = h.estimate(network, record, profile, execution)
    items = ("weight_read", "weight_buffer_read", "accumulator_read", "accumulator_write")
    counts = {item: cost.count(item) for item in items}
    address = max(1, (layer.n_inputs - 1).bit_length())
    return {item: n for item, n in {**counts, "event_read": cost.count(ADDRESS) / address}.items() if n}


def events(layer: h.LayerSpec, rate: float, steps: int = 5, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((steps, *layer.in_shape)) < rate).astype(int)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.2, 1.0])
@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize("dataflow", EXACT)
@pytest.mark.parametrize("kind", KINDS)
def test_exact_counts_equal_the_machine(
    array: Build, kind: str, dataflow: str, window: int, rate: float
) -> None:
    layer, size = KINDS[kind], {"positions": 4, "channels": 4, "window": window}
    maps = events(layer, rate)
    assert counted(layer, maps, array(dataflow, **size)) == +walk(layer, maps, dataflow, **size)


@pytest.mark.parametrize("dataflow", ["none", "weight_stationary", "output_stationary", "tick_batched"])
def test_random_convolutions(array: Build, dataflow: str) -> None:
    """Equal where exact; where expected, between the bounds that hold for the machine too."""

    @settings(max_examples=25, derandomize=True, database=None)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        layer = draw_conv(data, transposed=data.draw(st.booleans()))
        maps, window = draw_maps(data, (3, *layer.in_shape)), data.draw(st.integers(1, 3))
        size = {"positions": data.draw(st.integers(1, 5)), "channels": data.draw(st.integers(1, 5))}
        longest = window if dataflow != "output_stationary" else 1
        profile = array(dataflow, **size, window=window)
        if layer.padding_mode != "zeros":
            return
        ours, truth = counted(layer, maps, profile), +walk(layer, maps, dataflow, **size, window=longest)
        if dataflow in EXACT:
            assert ours == truth
            return
        assert ours.get("event_read") == truth.get("event_read")
        tiles = -(-prod(layer.out_shape[1:]) // size["positions"])
        operations = walk(layer, maps, "none", **size, window=1)["weight_read"]
        least = operations / (size["positions"] * longest)
        most = min(operations, layer.n_parameters * tiles * -(-3 // longest))
        for reads in (ours, truth):
            assert least * (1 - 1e-9) <= reads.get("weight_read", 0) <= most * (1 + 1e-9)

    run()


@pytest.mark.parametrize("dataflow", TILED)
@pytest.mark.parametrize("kind", KINDS)
def test_one_position_at_a_time_reads_every_operation(array: Build, kind: str, dataflow: str) -> None:
    """P = 1 and windows of one timestep: W = SOP, whatever the layer."""
    layer, maps = KINDS[kind], events(KINDS[kind], 0.3)
    size = {"positions": 1, "channels": 4, "window": 1}
    ours, truth = counted(layer, maps, array(dataflow, **size)), walk(layer, maps, dataflow, **size)
    assert ours["weight_read"] == pytest.approx(truth["weight_read"], rel=1e-9)
    assert truth["weight_read"] == walk(layer, maps, "none", **size)["weight_read"]


@pytest.mark.parametrize("dataflow", TILED)
def test_full_activity_reads_all_weights_in_every_tile(array: Build, dataflow: str) -> None:
    """r = 1, no padding: W = n_p x tiles x windows; 9 positions in tiles of 4, 4 and 1."""
    layer = h.conv("conv", (2, 5, 5), 6, 3)
    maps, window = np.ones((4, 2, 5, 5), dtype=int), 4 if dataflow == "tick_batched" else 1
    size = {"positions": 4, "channels": 4, "window": window}
    ours = counted(layer, maps, array(dataflow, **size))["weight_read"]
    assert ours == walk(layer, maps, dataflow, **size)["weight_read"]
    assert ours == layer.n_parameters * 3 * (4 // window)


@pytest.mark.parametrize("dataflow", ["weight_stationary", *TILED])
def test_few_events_reuse_nothing(array: Build, dataflow: str) -> None:
    """r to 0: W to SOP."""
    layer = h.conv("conv", (4, 40, 40), 4, 3, padding=1)
    maps = np.zeros((4, 4, 40, 40), dtype=int)
    maps[1, 2, 20, 20] = maps[3, 0, 5, 31] = 1
    ours = counted(layer, maps, array(dataflow, window=4))["weight_read"]
    assert ours == pytest.approx(2 * 9 * 4, rel=2e-3)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("positions", [1, 4, 9])
@pytest.mark.parametrize("dataflow", TILED)
def test_expected_reads_equal_a_monte_carlo(array: Build, dataflow: str, positions: int, rate: float) -> None:
    """Bernoulli spikes, 60 samples; 16 positions in tiles of 9 and 7 too."""
    layer = h.conv("conv", (3, 6, 6), 4, 3)
    window = 3 if dataflow == "tick_batched" else 1
    size = {"positions": positions, "channels": 4, "window": window}
    _compare(array(dataflow, **size), layer, dataflow, size, np.full((3, 1, 1), rate), tolerance=0.03)


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        ("strided", 0.03),
        ("grouped", 0.03),
        ("linear", 0.03),
        ("plain", 0.12),
        ("depthwise", 0.12),
        ("transposed", 0.25),
    ],
)
def test_expected_reads_of_other_layers(array: Build, kind: str, tolerance: float) -> None:
    """Too high by a tenth where most of a 5x5 map is border, and by a quarter in the worst transposed convolution: the
    outputs that a tap reaches lie in every other row, so that half of the tiles meet it twice as often.
    """
    layer, size = KINDS[kind], {"positions": 4, "channels": 4, "window": 3}
    rates = np.full((layer.in_shape[0], *(1 for _ in layer.in_shape[1:])), 0.15)
    _compare(array("tick_batched", **size), layer, "tick_batched", size, rates, tolerance=tolerance)


@pytest.mark.parametrize("dataflow", TILED)
def test_uneven_channels_are_summed_by_their_own_rates(array: Build, dataflow: str) -> None:
    """Lognormal rates: with events by channel the expectation holds, without them it is too high."""
    layer = h.conv("conv", (12, 6, 6), 2, 3)
    rates = np.minimum(1, 0.06 * np.random.default_rng(4).lognormal(0, 1.5, (12, 1, 1)))
    window = 3 if dataflow == "tick_batched" else 1
    size = {"positions": 8, "channels": 4, "window": window}
    profile = array(dataflow, **size)
    record, truth = _compare(profile, layer, dataflow, size, rates, tolerance=0.03)
    spikes = record.layers["conv"]
    even = h.LayerSpikes(spikes.events, spikes.sums, spikes.outputs)
    network = h.NetworkSpec((layer,), (h.StageSpec(3),))
    without = h.estimate(network, h.SpikeRecord({"conv": even}, record.n_samples), profile)
    assert without.count("weight_read") > 1.08 * truth


@pytest.mark.parametrize("window", [1, 3])
def test_expected_channels_equal_a_monte_carlo(array: Build, window: int) -> None:
    """weight_stationary without recorded channels."""
    layer = h.conv("conv", (8, 4, 4), 3, 2)
    size = {"positions": 4, "channels": 4, "window": window}
    maps = (np.random.default_rng(0).random((40, 3, *layer.in_shape)) < 0.15).astype(int)
    network = h.NetworkSpec((layer,), (h.StageSpec(3),))
    spikes = h.SpikeRecord.from_maps(network, {"conv": maps}).layers["conv"]
    totals = h.SpikeRecord({"conv": h.LayerSpikes(spikes.events)}, 40)
    cost = h.estimate(network, totals, array("weight_stationary", **size))
    active = sum(maps[:, start : start + window].any(axis=(1, 3, 4)).sum() for start in range(0, 3, window))
    assert cost.count("weight_read") == pytest.approx(active * 4 * 3 / 40, rel=0.03)


def _compare(
    profile: h.Profile,
    layer: h.LayerSpec,
    dataflow: str,
    size: dict[str, int],
    rates: np.ndarray,
    tolerance: float,
) -> tuple[h.SpikeRecord, float]:
    rng = np.random.default_rng(1)
    if len(layer.in_shape) == 1:
        rates = rates.reshape(-1)
    maps = (rng.random((60, 3, *layer.in_shape)) < rates).astype(int)
    network = h.NetworkSpec((layer,), (h.StageSpec(3),))
    record = h.SpikeRecord.from_maps(network, {layer.name: maps})
    cost = h.estimate(network, record, profile)
    truth = float(np.mean([walk(layer, sample, dataflow, **size)["weight_read"] for sample in maps]))
    assert cost.count("weight_read") == pytest.approx(truth, rel=tolerance)
    return record, truth


def test_pruned_weights_are_read_as_far_as_they_are_kept(array: Build) -> None:
    """A quarter of the weights, 36 positions in tiles of 16, 16 and 4, one window."""
    rng = np.random.default_rng(0)
    layer, mask = h.conv("conv", (6, 8, 8), 8, 3), rng.random((8, 6, 3, 3)) < 0.25
    kept = base64.b64encode(np.packbits(mask.ravel()).tobytes()).decode()
    pruned = replace(layer, kept=kept)
    maps = (rng.random((20, 3, 6, 8, 8)) < 0.1).astype(int)
    network = h.NetworkSpec((pruned,), (h.StageSpec(3),))
    record = h.SpikeRecord.from_maps(network, {"conv": maps})
    cost = h.estimate(network, record, array("tick_batched", positions=16, window=3))
    patches = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), axis=(3, 4))
    seen = patches.transpose(0, 1, 3, 4, 2, 5, 6).reshape(20, 3, 36, 6, 3, 3)
    used = [seen[:, :, tile : tile + 16].any(axis=(1, 2)) for tile in (0, 16, 32)]
    truth = sum(int((tile[:, None] & mask).sum()) for tile in used) / 20
    assert cost.count("weight_read") == pytest.approx(truth, rel=0.02)
