"""Windows of timesteps and tiles of positions: membranes, frames of numbers, mixing, bandwidth, time."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from machines import walked_biases

import hwcost as h

Build = Callable[..., h.Profile]


@pytest.mark.parametrize(
    ("dataflow", "window", "stateless", "reads"),
    [
        ("tick_batched", 6, True, 0),
        ("tick_batched", 6, False, 0),
        ("tick_batched", 4, True, 1),
        ("tick_batched", 2, True, 2),
        ("tick_batched", 2, False, 3),
        ("weight_stationary", 2, True, 2),
        ("output_stationary", 6, True, 5),
        ("none", 6, False, 6),
    ],
)
def test_membranes_move_once_per_window(
    array: Build, dataflow: str, window: int, stateless: bool, reads: int
) -> None:
    """n_o (n_w - el), and none where one window holds all 6 timesteps."""
    network = h.NetworkSpec((h.conv("c", (1, 4, 4), 2, 3, neuron="lif"),), (h.StageSpec(6),))
    profile = array(dataflow, window=window).where(stateless=stateless)
    cost = h.estimate(network, h.SpikeRecord.full(network), profile)
    assert cost.count("membrane_read") == cost.count("membrane_write") == 8 * reads
    assert h.estimate(network, h.SpikeRecord.full(network), profile, "pipelined").count(
        "membrane_read"
    ) == 8 * (6 - stateless)


def test_layers_that_hear_themselves_take_one_step_at_a_time(array: Build) -> None:
    """A step needs the spikes of the step before, so that no window helps: every operation reads its weight."""
    for layer in (
        h.LayerSpec("r", "recurrent", 0, (5,), (4,), neuron="lif"),
        h.LayerSpec("r", "lstm", 0, (5,), (4,), neuron="if"),
    ):
        network = h.NetworkSpec((layer,), (h.StageSpec(4),))
        record = h.SpikeRecord.constant(network, 0.5, 4)
        for dataflow in ("tick_batched", "output_stationary", "weight_stationary", "none"):
            cost = h.estimate(network, record, array(dataflow))
            assert cost.count("weight_read") == cost.sop > 0


def test_the_dense_twin_reads_weights_by_tile(array: Build) -> None:
    """W = n_p N_t, inputs once per pass over output channels: 36 positions in 9 tiles, 10 channels in 3 passes."""
    layer = h.conv("c", (3, 6, 6), 10, 3, padding=1, neuron="lif")
    network = h.NetworkSpec((layer, h.linear("fc", layer.out_shape, 7)), (h.StageSpec(4),))
    for dataflow in ("tick_batched", "output_stationary"):
        twin = h.ann_twins(network, array(dataflow)).dense
        assert twin.count("weight_read", "c") == layer.n_parameters * 9
        assert twin.count("activation_read", "c") == layer.n_inputs * 3
        assert twin.count("weight_read", "fc") == 360 * 7
        assert twin.count("activation_read", "fc") == 360 * 2
    stationary = h.ann_twins(network, array("weight_stationary")).dense
    assert stationary.count("weight_read", "c") == layer.n_parameters
    assert stationary.count("accumulator_read", "c") == h.n_synapses(layer)
    none = h.ann_twins(network, array("none")).dense
    assert none.count("weight_read", "c") == none.count("activation_read", "c") == h.n_synapses(layer)


def test_bandwidth_counts_reads_and_not_operations(array: Build) -> None:
    """Reuse shortens what waits for the memory: 16 operations and 32 words per cycle."""
    layer = h.conv("c", (8, 16, 16), 16, 3, padding=1, neuron="lif")
    network = h.NetworkSpec((layer,), (h.StageSpec(4),))
    record = h.SpikeRecord.constant(network, 0.25, 4)
    narrow = {"bits_per_cycle": h.Price(64, 64, 64)}
    cycles = {}
    for dataflow in ("none", "tick_batched", "weight_stationary"):
        profile = array(dataflow, positions=16, channels=16, window=4)
        profile = replace(profile, hardware={**profile.hardware, **narrow})
        cycles[dataflow] = h.estimate(network, record, profile).latency_cycles
    assert cycles["tick_batched"] < cycles["none"] / 4
    assert cycles["weight_stationary"] < cycles["none"]


def test_reads_follow_first_use_over_time(array: Build) -> None:
    """A window's weights are read at the timestep that first uses them, never more than its operations."""
    layer = h.conv("c", (4, 6, 6), 8, 3)
    network = h.NetworkSpec((layer,), (h.StageSpec(4),))
    record = h.SpikeRecord.constant(network, 0.3, 10)
    rows = h.estimate(network, record, array("tick_batched", window=4)).rows
    reads = next(row.steps for row in rows if row.item == "weight_read")
    operations = next(row.steps for row in rows if row.item == "synapse_ac")
    assert list(reads) == sorted(reads, reverse=True)
    assert all(0 < n <= most for n, most in zip(reads, operations, strict=True))


@pytest.mark.parametrize(
    ("dataflow", "window", "order", "reads", "writes"),
    [
        ("tick_batched", 6, "conv_then_mix", 0, 0),
        ("tick_batched", 2, "conv_then_mix", 6 * 32, 6 * 32),
        ("output_stationary", 6, "conv_then_mix", 6 * 32, 6 * 32),
        ("none", 6, "conv_then_mix", 6 * 3 * 32, 6 * 32),
        ("tick_batched", 6, "mix_then_conv", 3 * 128, 3 * 128),
        ("none", 6, "mix_then_conv", 3 * 6 * 32 + 3 * 128 * 8, 3 * 6 * 32),
    ],
)
def test_sums_of_a_transformer_follow_the_dataflow(
    array: Build, dataflow: str, window: int, order: str, reads: int, writes: int
) -> None:
    """From 6 to 3 steps, 32 events per step, 128 inputs, 32 outputs with 32 inputs each: in an array, a mixed frame is
    written once, the layer's outputs wait once, or not at all.
    """
    a = h.conv("a", (1, 4, 8), 4, 1, neuron="lif")
    b = h.conv("b", a.out_shape, 8, (2, 4), stride=(2, 4), stage=1, in_class="binary")
    network = h.NetworkSpec((a, b), (h.StageSpec(6), h.StageSpec(3, "score_mix")))
    record = h.SpikeRecord.constant(network, 0.25, 4)
    cost = transformed(network, record, array(dataflow, channels=8, window=window), order)
    assert b.n_outputs == 32
    assert (cost.count("activation_read", "b"), cost.count("activation_write", "b")) == (reads, writes)


def transformed(network: h.NetworkSpec, record: h.SpikeRecord, profile: h.Profile, order: str) -> h.Cost:
    """The cost under one order, which is made the cheaper one by the prices of MACs and accumulates."""
    mac, ac = (1e-3, 1e6) if order == "mix_then_conv" else (1e3, 1e-3)
    prices = {**profile.prices, "mac": h.Price(mac, mac, mac), "ac": h.Price(ac, ac, ac)}
    cost = h.estimate(network, record, replace(profile, prices=prices))
    assert cost.mixing_orders == {"b": order}
    return cost


@pytest.mark.parametrize("dataflow", ["weight_stationary", "output_stationary", "tick_batched"])
def test_samples_that_differ_are_read_at_an_upper_end(array: Build, dataflow: str) -> None:
    """A quiet and a loud sample together: no fewer weight reads than the mean of the two apart."""
    layer = h.conv("c", (4, 8, 8), 6, 3, padding=1)
    network = h.NetworkSpec((layer,), (h.StageSpec(3),))
    quiet, loud = (h.SpikeRecord.constant(network, rate, 10) for rate in (0.01, 0.9))

    def reads(record: h.SpikeRecord) -> float:
        return h.estimate(network, record, array(dataflow)).count("weight_read")

    assert reads(quiet + loud) >= (reads(quiet) + reads(loud)) / 2 > 0
    assert reads(quiet + quiet) == reads(quiet)


@pytest.mark.parametrize(
    ("dataflow", "window", "reads"),
    [
        ("none", 6, 6 * 10 * 36),
        ("output_stationary", 6, 6 * 10 * 9),
        ("tick_batched", 6, 10 * 9),
        ("tick_batched", 4, 2 * 10 * 9),
        ("weight_stationary", 2, 3 * 10 * 9),
    ],
)
def test_biases_are_read_once_per_tile_and_window(
    array: Build, dataflow: str, window: int, reads: int
) -> None:
    """n_biases N_t n_w: 10 channels, 36 positions in tiles of 4, 6 timesteps; one per sum and step without an array.
    The array is walked: a bias is fetched when a tile of its window first needs it."""
    layer = h.conv("c", (3, 6, 6), 10, 3, padding=1, neuron="lif", bias=True)
    network = h.NetworkSpec((layer,), (h.StageSpec(6),))
    profile = array(dataflow, window=window)
    cost = h.estimate(network, h.SpikeRecord.full(network), profile)
    assert cost.count("bias_read") == reads == walked_biases(layer, dataflow, 6, positions=4, window=window)
    assert cost.count("bias_add") == 6 * 10 * 36
    both = h.SpikeRecord.full(network) + h.SpikeRecord.empty(network)
    assert h.estimate(network, both, profile).count("bias_read") == reads


def test_the_dense_twin_reads_biases_by_tile(array: Build) -> None:
    layer = h.conv("c", (3, 6, 6), 10, 3, padding=1, neuron="lif", bias=True)
    network = h.NetworkSpec((layer, h.linear("fc", layer.out_shape, 7, bias=True)), (h.StageSpec(4),))
    for dataflow, reads in (("tick_batched", 90), ("output_stationary", 90), ("none", 360)):
        twin = h.ann_twins(network, array(dataflow)).dense
        assert (twin.count("bias_read", "c"), twin.count("bias_read", "fc")) == (reads, 7)
