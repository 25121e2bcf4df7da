"""What stays on the chip and what comes from DRAM; frames that wait; which dataflow a layer has."""

from dataclasses import replace

import pytest

import hwcost as h


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


def test_sums_of_all_timesteps_of_a_window_must_fit() -> None:
    """8 KiB beside 16 x 16 sums of 32 bits: windows of 8; of 16 bits: 16."""
    network = two_layers(16)
    record = h.SpikeRecord.full(network)
    assert h.estimate(network, record, "45nm_memory").count("membrane_read", "a") == 64
    assert h.estimate(network, record, "45nm_int8_memory").count("membrane_read", "a") == 0


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
