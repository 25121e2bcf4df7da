"""What stays on the chip and what comes from DRAM; frames that wait; membranes of windows."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import hwcost as h

Build = Callable[..., h.Profile]


def small_chip(bits: int, **semantics: object) -> h.Profile:
    """The memory-aware profile with so many bits on the chip."""
    profile = h.load_profile("45nm_memory").where(codec="aer", **semantics)
    assert profile.memory is not None
    return replace(profile, memory=replace(profile.memory, limit_bits=bits))


def two_layers(timesteps: int = 4) -> h.NetworkSpec:
    """Linear layers of 64x64 and 64x32 weights of 32 bits."""
    layers = (h.linear("a", 64, 64, neuron="lif"), h.linear("b", 64, 32))
    return h.NetworkSpec(layers, (h.StageSpec(timesteps),))


WEIGHTS = 64 * 64 + 64 * 32


def priced(profile: h.Profile, execution: str = "layer_serial", timesteps: int = 4) -> h.Cost:
    network = two_layers(timesteps)
    return h.estimate(network, h.SpikeRecord.constant(network, 0.25, 64), profile, execution)


def test_weights_of_all_layers_share_the_chip() -> None:
    """Each layer fits by itself; together they fit only to the bit."""
    assert priced(small_chip(32 * WEIGHTS)).count("dram_read") == 0
    cost = priced(small_chip(32 * WEIGHTS - 1))
    assert (cost.count("dram_read", "a"), cost.count("dram_read", "b")) == (64 * 64, 64 * 32)
    price = next(row.price for row in cost.rows if row.item == "dram_read")
    assert price is not None
    assert price.value == 32 * 30.0
    weights = next(row.price for row in cost.rows if row.item == "weight_read")
    assert weights is not None
    assert weights.value < 32 * 1.6


@pytest.mark.parametrize("execution", ["lock_step", "pipelined", "event_driven"])
def test_layers_that_take_turns_stream_at_every_timestep(execution: str) -> None:
    assert priced(small_chip(32 * WEIGHTS - 1), execution).count("dram_read") == 4 * WEIGHTS
    once = [row.steps for row in priced(small_chip(32 * WEIGHTS - 1)).rows if row.item == "dram_read"]
    assert once == [(64 * 64 * 64, 0, 0, 0), (64 * 32 * 64, 0, 0, 0)]  # 64 samples


def test_not_one_read_of_dram_per_synaptic_operation() -> None:
    """A layer of 17 MiB: before, every synaptic operation read DRAM."""
    layer = h.linear("big", 2048, 2304, neuron="lif")
    network = h.NetworkSpec((layer,), (h.StageSpec(8),))
    cost = h.estimate(network, h.SpikeRecord.constant(network, 0.5, 2), "45nm_memory")
    assert cost.sop == 8 * 1024 * 2304
    assert cost.count("dram_read") == layer.n_parameters
    assert "DRAM" in " ".join(cost.notes)


def test_a_layer_that_does_not_fit_reads_its_input_once_per_portion() -> None:
    """Layer a in portions: 64 channels in 4 passes of 16, or in 7 portions of weights."""
    whole, parts = small_chip(32 * WEIGHTS), small_chip(32 * 64 * 64 // 7 + 1)
    reads = [priced(p).count("spike_read", "a") for p in (whole, parts)]
    assert reads[1] / reads[0] == pytest.approx(7 / 4)
    core = [
        priced(small_chip(bits, dataflow="none")).count("spike_read", "a")
        for bits in (32 * WEIGHTS, 32 * 64 * 64 // 7 + 1)
    ]
    assert core[1] / core[0] == pytest.approx(7)
    still_fits = small_chip(32 * 64 * 64)
    assert priced(still_fits).count("spike_read", "a") == reads[0]


def test_weights_in_dram_keep_their_meaning() -> None:
    """Yan et al.: every weight read is a read of DRAM, and nothing streams besides."""
    cost = priced(h.load_profile("yan2024"))
    assert cost.count("dram_read") == 0
    assert cost.count("weight_read") == cost.sop
    assert cost.by_item()["weight_read"] == pytest.approx(cost.sop * 8 * 20)


def test_without_a_price_for_dram_a_large_network_is_refused() -> None:
    chip = small_chip(32 * WEIGHTS - 1)
    assert chip.memory is not None
    with pytest.raises(h.HwcostError, match="no price for DRAM"):
        priced(replace(chip, memory=replace(chip.memory, dram=None)))


def test_the_frames_that_layer_serial_must_hold() -> None:
    """9,728 bits were two frames of every layer; all 8 frames of the spikes that neurons send are 28,672 bits, and the
    input and the pooled copies wait as well.
    """
    more = {"padding": 1, "neuron": "lif"}
    c1 = h.conv("c1", (2, 16, 16), 8, 3, **more)
    p1 = h.pool("p1", c1.out_shape, 2, mode="max")
    c2 = h.conv("c2", p1.out_shape, 16, 3, **more)
    p2 = h.pool("p2", c2.out_shape, 2, mode="max")
    c3 = h.conv("c3", p2.out_shape, 32, 3, **more)
    network = h.NetworkSpec((c1, p1, c2, p2, c3, h.linear("fc", c3.out_shape, 10)), (h.StageSpec(8),))
    record = h.SpikeRecord.empty(network)
    spikes = {e: h.estimate(network, record, "45nm_memory", e).footprint["spikes"] for e in h.EXECUTIONS}
    sent = 8 * (c1.n_outputs + c2.n_outputs + c3.n_outputs)
    assert sent == 28_672
    assert spikes["layer_serial"] == sent + 8 * (c1.n_inputs + p1.n_outputs + p2.n_outputs) == 38_912
    assert {spikes[e] for e in ("lock_step", "pipelined", "event_driven")} == {9_728}


def test_waiting_frames_make_the_memory_of_spikes_dearer() -> None:
    network = h.NetworkSpec((h.linear("a", 4096, 16, neuron="lif"), h.linear("b", 16, 4)), (h.StageSpec(8),))
    record = h.SpikeRecord.constant(network, 0.25, 16)

    def price(execution: str) -> float:
        rows = h.estimate(network, record, "45nm_memory", execution).rows
        return next(row.price.value for row in rows if row.item == "spike_read" and row.price)

    assert price("layer_serial") == pytest.approx(price("lock_step") * 8**0.5)


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


def test_sums_of_all_timesteps_of_a_window_must_fit() -> None:
    """8 KiB beside 16 x 16 sums of 32 bits: windows of 8; of 16 bits: 16."""
    network = two_layers(16)
    record = h.SpikeRecord.full(network)
    assert h.estimate(network, record, "45nm_memory").count("membrane_read", "a") == 64
    assert h.estimate(network, record, "45nm_int8_memory").count("membrane_read", "a") == 0


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


def test_a_layer_chooses_its_own_dataflow() -> None:
    network = two_layers()
    a = replace(network.layer("a"), dataflow="none")
    mixed = replace(network, layers=(a, network.layer("b")))
    cost = h.estimate(mixed, h.SpikeRecord.constant(mixed, 0.25, 64), "45nm_memory")
    assert cost.dataflows == {"a": "none", "b": "tick_batched"}
    assert cost.count("accumulator_read", "a") > 0 == cost.count("accumulator_read", "b")
    with pytest.raises(
        h.HwcostError, match=r"'a': unknown dataflow 'tick_batch'. Did you mean 'tick_batched'\?"
    ):
        replace(a, dataflow="tick_batch")


def test_the_execution_model_makes_a_dataflow_usual() -> None:
    usual = {e: set(priced(h.load_profile("45nm_memory"), e).dataflows.values()) for e in h.EXECUTIONS}
    assert usual == {
        "layer_serial": {"tick_batched"},
        "lock_step": {"output_stationary"},
        "pipelined": {"output_stationary"},
        "event_driven": {"none"},
    }


def test_an_array_without_a_size_is_refused() -> None:
    profile = h.load_profile("45nm_memory")
    bare = {name: n for name, n in profile.hardware.items() if name not in ("array_positions", "window")}
    with pytest.raises(h.HwcostError, match=r"'hardware' lacks array_positions, window.*dataflow: none"):
        priced(replace(profile, hardware=bare))
    assert priced(replace(profile, hardware=bare), "event_driven").total_pj > 0


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
