"""Temporal transformers: closed forms of both orders, and the choice between them."""

from dataclasses import replace

import pytest

import hwcost as h


def boundary(mode: str, n_in: int = 6, n_out: int = 3, **more: object) -> h.NetworkSpec:
    """conv a at `n_in` steps, a transformer, conv b at `n_out` steps."""
    a = h.conv("a", (2, 8, 8), 4, 3, padding=1, neuron="if")
    b = h.conv("b", a.out_shape, 5, 3, padding=1, stage=1, neuron="if", **more)
    return h.NetworkSpec((a, b), (h.StageSpec(n_in), h.StageSpec(n_out, mode)))


def entry(network: h.NetworkSpec, rate: float, profile: str = "45nm_paper_simple") -> dict[str, float]:
    """Mean counts of layer b by item."""
    cost = h.estimate(network, h.SpikeRecord.constant(network, rate, 64), profile)
    return {
        item: cost.count(item, "b")
        for item in ("synapse_ac", "synapse_mac", "mix_ac", "mix_mac", "score_mac")
    } | {"order": cost.mixing_orders.get("b")}


def test_scores_and_mixing_after_the_convolution() -> None:
    network, n_out = boundary("score_mix"), 5 * 8 * 8
    b = network.layer("b")
    counts = entry(network, 0.125)
    assert counts["order"] == "conv_then_mix"
    assert counts["synapse_ac"] == 6 * h.n_synapses(b) / 8
    assert counts["mix_mac"] == 6 * 3 * n_out
    assert counts["score_mac"] == 3 * 6 + 6 * 6 + 6 * 3 * 6  # normalised over time, then two layers
    assert counts["synapse_mac"] == 0


def test_a_dense_input_is_mixed_first() -> None:
    """Six full binary frames into one: one MAC per synapse is cheaper than six accumulates."""
    network = boundary("static_mix", 6, 1)
    b = replace(network.layer("b"), out_shape=(400, 8, 8))
    wide = replace(network, layers=(network.layer("a"), b))
    counts = entry(wide, 1.0)
    assert counts["order"] == "mix_then_conv"
    assert counts["mix_ac"] == 6 * b.n_inputs
    assert counts["synapse_mac"] == h.n_synapses(b)
    assert counts["score_mac"] == 0


def test_the_cheaper_order_is_taken_and_named(demo) -> None:
    for profile in ("45nm_memory", "45nm_paper_simple"):
        network = demo((6, 3, 1))
        cost = h.estimate(network, h.SpikeRecord.constant(network, 0.1, 8), profile)
        assert cost.mixing_orders == dict.fromkeys(("conv2", "conv3"), "conv_then_mix")
        assert any("conv2: conv_then_mix" in note for note in cost.notes)


def test_equal_buckets_stay_events() -> None:
    counts = entry(boundary("bucket", 6, 3), 0.125)
    assert counts["order"] == "mix_then_conv"
    assert counts["synapse_mac"] == counts["mix_mac"] == 0
    uneven = entry(boundary("bucket", 5, 3), 0.125)
    assert uneven["mix_mac"] > 0


@pytest.mark.parametrize(
    ("mode", "n_in"), [("bucket", 4), ("bucket", 1), ("score_mix", 1), ("static_mix", 1)]
)
def test_what_hands_its_input_on_costs_nothing(mode: str, n_in: int) -> None:
    network = boundary(mode, n_in, n_in)
    without = replace(network, stages=(h.StageSpec(n_in), h.StageSpec(n_in)))
    record = h.SpikeRecord.constant(network, 0.25, 64)
    with_it, bare = (h.estimate(n, record, "45nm_memory") for n in (network, without))
    assert with_it.total_pj == bare.total_pj
    assert with_it.latency_cycles == bare.latency_cycles
    assert not with_it.mixing_orders


def test_mixing_costs_even_where_timesteps_stay() -> None:
    assert entry(boundary("score_mix", 3, 3), 0.125)["mix_mac"] == 3 * 3 * 5 * 8 * 8
    assert entry(boundary("rank1_score", 1, 1), 0.125)["order"] is not None


@pytest.mark.parametrize(
    ("n_in", "n_out", "edges"), [(6, 3, (0, 2, 4, 6)), (5, 2, (0, 3, 5)), (8, 3, (0, 3, 5, 8))]
)
def test_bucket_edges(n_in: int, n_out: int, edges: tuple[int, ...]) -> None:
    assert h.bucket_edges(n_in, n_out) == edges


def test_truncation_drops_steps_and_costs_nothing_else() -> None:
    counts = entry(boundary("truncate"), 0.125)
    assert counts["order"] is None
    assert counts["synapse_ac"] == 3 * h.n_synapses(boundary("truncate").layer("b")) / 8
    assert counts["mix_ac"] == counts["mix_mac"] == 0


def test_truncation_lets_the_next_stage_start_at_once() -> None:
    network = boundary("truncate", 6, 1)
    record = h.SpikeRecord.constant(network, 0.25, 64)
    pipelined = h.estimate(network, record, "45nm_memory", "pipelined")
    first_layer = pipelined.cycles_by_layer["a"]
    assert pipelined.latency_cycles < first_layer + pipelined.cycles_by_layer["b"]


def test_the_stage_behind_waits_for_the_last_step() -> None:
    network = boundary("score_mix", 6, 1)
    record = h.SpikeRecord.constant(network, 0.25, 64)
    serial, pipelined = (h.estimate(network, record, "45nm_memory", e) for e in ("layer_serial", "pipelined"))
    assert pipelined.latency_cycles < serial.latency_cycles
    alone = h.NetworkSpec((network.layer("a"),), (h.StageSpec(6),))
    first = h.estimate(alone, h.SpikeRecord({"a": record.layers["a"]}, 64), "45nm_memory", "pipelined")
    assert pipelined.latency_cycles > first.latency_cycles


def test_waiting_frames_are_part_of_the_footprint() -> None:
    six, three = (
        h.estimate(network, h.SpikeRecord.empty(network), "45nm_memory").footprint["transformers"]
        for network in (boundary("bucket", 6, 3), boundary("bucket", 3, 3))
    )
    assert six > 0
    assert three == 0


def test_changing_timesteps_need_a_transformer_in_front_of_a_weighted_layer() -> None:
    with pytest.raises(h.HwcostError, match=r"stage 1.*from 6 to 3 without"):
        replace(boundary("bucket"), stages=(h.StageSpec(6), h.StageSpec(3)))
    with pytest.raises(h.HwcostError, match="bucket cannot make 6 timesteps of 3"):
        boundary("bucket", 3, 6)
    with pytest.raises(h.HwcostError, match="stage 0"):
        h.NetworkSpec((h.linear("l", 2, 2),), (h.StageSpec(2, "bucket"),))
    a = h.conv("a", (2, 8, 8), 4, 3, padding=1, neuron="if")
    pool = h.pool("pool", a.out_shape, 2, stage=1)
    with pytest.raises(h.HwcostError, match=r"'pool'.*followed by a convolution"):
        h.NetworkSpec((a, pool), (h.StageSpec(2), h.StageSpec(1, "score_mix")))
