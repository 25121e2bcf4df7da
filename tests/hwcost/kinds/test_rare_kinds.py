"""Embeddings, norms with several parameter sets, ternary events, attention in an array, shapes that kinds refuse."""

import numpy as np
import pytest

import hwcost as h

PROFILE = h.load_profile("45nm_memory").where(codec="aer", dataflow="none")


def alone(layer: h.LayerSpec, timesteps: int = 1) -> h.NetworkSpec:
    return h.NetworkSpec((layer,), (h.StageSpec(timesteps),))


def test_an_embedding_reads_one_row_per_token() -> None:
    """1,000 words of width 16, six tokens: six rows of 16, a table of 16,000 weights."""
    layer = h.LayerSpec("words", "embedding", 0, (1000, 6), (16, 6))
    network = alone(layer)
    cost = h.estimate(network, h.SpikeRecord({"words": h.LayerSpikes([[6]])}, 1), PROFILE)
    assert cost.count("weight_read") == 6 * 16
    assert cost.footprint["weights"] == 16_000 * 32
    assert (cost.ac, cost.mac, cost.sop) == (0, 0, 0)
    twice = h.estimate(network, h.SpikeRecord({"words": h.LayerSpikes([[9]])}, 1), PROFILE)
    assert (twice.count("weight_read"), twice.ac) == (9 * 16, 3 * 16)
    with pytest.raises(h.HwcostError, match=r"'words': an embedding maps \(words, \*tokens\)"):
        h.LayerSpec("words", "embedding", 0, (1000, 6), (16, 5))


def test_a_norm_with_a_parameter_set_per_timestep_stores_them_all() -> None:
    layer = h.LayerSpec(
        "norm", "batch_norm", 0, (4, 3), (4, 3), in_class="analog", operands=(("parameter_sets", 5),)
    )
    cost = h.estimate(alone(layer, 5), h.SpikeRecord.empty(alone(layer, 5)), PROFILE)
    assert cost.footprint["weights"] == 2 * 4 * 5 * 32
    assert cost.count("weight_read") == 2 * 5 * 12
    assert cost.count("norm_mac") == 5 * 12


def test_a_ternary_event_carries_its_sign() -> None:
    """Three events among eight inputs: three address bits and a sign each; two bits per place in a bitmap."""
    layer = h.linear("l", 8, 2, in_class="ternary")
    record = h.SpikeRecord.from_maps(alone(layer), {"l": np.array([[[1, -1, 0, 0, -1, 0, 0, 0]]])})
    assert h.estimate(alone(layer), record, PROFILE).count("spike_read") == 3 * (3 + 1)
    assert h.estimate(alone(layer), record, PROFILE.where(codec="bitmap")).count("spike_read") == 16


def test_a_constant_frame_is_multiplied_at_the_first_step_that_runs() -> None:
    """Of three masked steps two run: 8 x 4 MACs once, four sums written once and read twice."""
    layer = h.linear("l", 8, 4, in_class="analog", constant_input=True, neuron="if", mask=(0, 1, 1))
    network = h.NetworkSpec((layer, h.linear("head", 4, 2)), (h.StageSpec(3),))
    cost = h.estimate(network, h.SpikeRecord.empty(network), PROFILE)
    steps = {row.item: row.steps for row in cost.rows if row.layer == "l"}
    assert steps["synapse_mac"] == (0, 32, 0)
    assert steps["activation_write"] == (0, 4, 0)
    assert steps["neuron_update"] == (0, 4, 4)
    assert (0, 4, 4) in [row.steps for row in cost.rows if row.item == "activation_read"]


@pytest.mark.parametrize("kv_first", [0, 1])
@pytest.mark.parametrize("dataflow", ["output_stationary", "tick_batched", "weight_stationary"])
def test_scores_in_an_array_are_written_once_and_read_once(kv_first: int, dataflow: str) -> None:
    """Two heads of six tokens and four channels: 2 x 6 x 6 scores of 3 bits, or 2 x 4 x 4 of 3."""
    operands = (("heads", 2), ("kv_first", kv_first))
    layer = h.LayerSpec("a", "attention", 0, (3, 8, 6), (8, 6), operands=operands)
    cost = h.estimate(alone(layer, 2), h.SpikeRecord.full(alone(layer, 2)), PROFILE.where(dataflow=dataflow))
    scores = 2 * 2 * (4 * 4 if kv_first else 6 * 6)
    assert cost.count("activation_write") == cost.count("activation_read") == scores
    assert cost.count("accumulator_read") == 0
    assert cost.footprint["scores"] == scores // 2 * 3


def test_scores_of_numbers_are_as_wide_as_numbers() -> None:
    layer = h.LayerSpec("a", "attention", 0, (3, 8, 6), (8, 6), in_class="analog", operands=(("heads", 2),))
    cost = h.estimate(alone(layer), h.SpikeRecord.empty(alone(layer)), PROFILE.where(dataflow="tick_batched"))
    assert cost.footprint["scores"] == 2 * 6 * 6 * 32
    assert cost.count("activation_read") == 3 * 8 * 6 + 2 * 6 * 6
    assert cost.mac == 2 * 2 * 6 * 6 * 4


def test_scores_on_an_event_core_are_accumulated_in_memory() -> None:
    """Every add reads its second operand, and reads and writes a sum: a score, then an output."""
    layer = h.LayerSpec("a", "attention", 0, (3, 8, 6), (8, 6), operands=(("heads", 2),))
    network = alone(layer)
    for reading in ("dense", "row", "coincidence"):
        cost = h.estimate(network, h.SpikeRecord.full(network), PROFILE.where(attention=reading))
        assert cost.count("attention_ac") == 2 * 2 * 6 * 6 * 4
        for item in ("activation_read", "accumulator_read", "accumulator_write"):
            assert cost.count(item) == cost.count("attention_ac")


def test_the_cheaper_order_of_a_linear_attention_is_the_one_with_the_smaller_matrix() -> None:
    """64 tokens of 8 channels: K^T V first makes 8 x 8 sums of heads instead of 64 x 64 scores."""
    costs = []
    for kv_first in (0, 1):
        layer = h.LayerSpec("a", "attention", 0, (3, 8, 64), (8, 64), operands=(("kv_first", kv_first),))
        record = h.SpikeRecord.constant(alone(layer), 0.2, 1000)
        costs.append(h.estimate(alone(layer), record, PROFILE.where(dataflow="output_stationary")))
    assert costs[1].count("attention_ac") == costs[0].count("attention_ac") / 8
    assert costs[1].total_pj < costs[0].total_pj


def test_mask_attention_counts_places_where_key_and_value_meet() -> None:
    rng = np.random.default_rng(3)
    q, k, v = (rng.random((2, 3, 4, 5)) < 0.5 for _ in range(3))
    counts = h.mask_attention_counts(q, k, v)
    assert counts["kv"] == tuple((k & v).sum(axis=(0, 2, 3)))
    assert [counts[name] for name in "qkv"] == [tuple(x.sum(axis=(0, 2, 3))) for x in (q, k, v)]


@pytest.mark.parametrize("kind", ["concat", "flatten"])
def test_what_only_moves_values_gives_all_of_them(kind: str) -> None:
    with pytest.raises(h.HwcostError, match=f"'m': a {kind} gives all that arrives: 6 values in, 5 out"):
        h.LayerSpec("m", kind, 0, (2, 3), (5,))


def test_a_concatenation_of_several_sources_is_bounded_by_what_each_can_give() -> None:
    """The pool's own share of 12 events is not known: 4 spikes entered it, so no more left it."""
    stem = h.conv("stem", (1, 4, 4), 2, 3, padding=1, neuron="lif")
    pool = h.pool("pool", stem.out_shape, 2)
    both = h.LayerSpec("both", "concat", 0, (4, 2, 2), (4, 2, 2), in_class="graded", in_max=4)
    network = h.NetworkSpec(
        (stem, pool, both, h.linear("head", 16, 2, in_class="graded", in_max=4)), (h.StageSpec(1),)
    )
    spikes = {
        "stem": h.LayerSpikes([[0]], outputs=[4]),
        "pool": h.LayerSpikes([[4]]),
        "both": h.LayerSpikes([[12]], [[12]]),
        "head": h.LayerSpikes([[12]], [[12]]),
    }
    assert h.estimate(network, h.SpikeRecord(spikes, 1), PROFILE).count("spike_write", "pool") == 4 * 3
