"""Masks where branches meet, and attention without spikes."""

import pytest

import hwcost as h

SHAPE = (2, 3, 3)


def masked_sum(shortcut_mask: tuple[int, ...]) -> h.NetworkSpec:
    """A stem, a branch that stops after its first step, and their sum, which a linear layer reads."""
    same = {"in_shape": SHAPE, "out_shape": SHAPE, "neuron": "lif"}
    stem = h.LayerSpec("stem", "conv2d", 0, kernel=(1, 1), mask=shortcut_mask, **same)
    branch = h.LayerSpec("branch", "conv2d", 0, kernel=(1, 1), mask=(1, 0), **same)
    added = h.LayerSpec(
        "sum", "sew_add", 0, in_shape=SHAPE, out_shape=SHAPE, source="branch", other_source="stem"
    )
    head = h.LayerSpec("head", "linear", 0, (18,), (4,), in_class="graded", in_max=2)
    return h.NetworkSpec((stem, branch, added, head), (h.StageSpec(2),))


def test_a_sum_gives_events_where_either_summand_does() -> None:
    network = masked_sum(shortcut_mask=(1, 1))
    assert network.input_mask(network.layer("head")) == (1, 1)
    assert network.input_mask(network.layer("branch")) == (1, 1)
    assert network.input_mask(network.layer("sum")) == (1, 0)


def test_a_sum_of_two_that_stop_stops() -> None:
    network = masked_sum(shortcut_mask=(1, 0))
    assert network.input_mask(network.layer("head")) == (1, 0)


def test_what_passes_the_shortcut_of_a_masked_branch_is_priced() -> None:
    network = masked_sum(shortcut_mask=(1, 1))
    cost = h.estimate(network, h.SpikeRecord.full(network), "45nm_paper_simple")
    assert cost.count("synaptic_operation", "head") > 18 * 4  # events of the second step, too


@pytest.mark.parametrize(("kv_first", "products"), [(0, 2 * 6 * 6 * 8), (1, 2 * 6 * 4 * 4 * 2)])
def test_the_twin_of_an_attention_multiplies_all_of_its_numbers(kv_first: int, products: int) -> None:
    """Two heads of 4 channels, 6 tokens: per head 2 x 6 x 6 x 4 MACs, or 2 x 6 x 4 x 4 with K^T V first."""
    operands = (("heads", 2), ("kv_first", kv_first))
    layer = h.LayerSpec("a", "attention", 0, (3, 8, 6), (8, 6), operands=operands)
    network = h.NetworkSpec((layer,), (h.StageSpec(4),))
    assert h.ann_twins(network, "45nm_paper_simple").dense.mac == products


def attended(**settings) -> h.NetworkSpec:
    """Queries, an attention with neurons that runs 3 of 4 steps, its inputs there at the first of them, a head."""
    queries = h.LayerSpec("q", "conv2d", 0, (4, 2, 2), (4, 2, 2), (1, 1), neuron="lif")
    attention = h.LayerSpec(
        "a", "attention", 0, (3, 4, 4), (4, 4), neuron="lif", mask=(1, 1, 1, 0),
        operands=(("heads", 2), *settings.items()),
    )  # fmt: skip
    head = h.LayerSpec("head", "linear", 0, (16,), (3,))
    return h.NetworkSpec((queries, attention, head), (h.StageSpec(4),))


def test_an_attention_computes_scores_only_where_all_it_reads_arrives_and_steps_its_neurons_on() -> None:
    network = attended(arriving_steps=1)
    cost = h.estimate(network, h.SpikeRecord.full(network), "45nm_memory")
    assert network.input_mask(network.layer("a")) == (1, 0, 0, 0)
    assert cost.count("activation_write", "a") == 2 * 4 * 4
    assert (
        cost.count("attention_ac", "a") == 2 * 16 * 4
    )  # a row of 4 tokens for each of 16 queries and values
    assert cost.count("neuron_update", "a") == 3 * 16


def test_without_the_operand_all_of_an_attention_arrives_at_every_step() -> None:
    network = attended()
    cost = h.estimate(network, h.SpikeRecord.full(network), "45nm_memory")
    assert cost.count("activation_write", "a") == 3 * 2 * 4 * 4


def test_events_at_an_attention_where_not_all_of_it_arrives_are_refused() -> None:
    record = h.SpikeRecord.full(attended())
    with pytest.raises(h.HwcostError, match="layer 'a': events arrive"):
        h.estimate(attended(arriving_steps=1), record, "45nm_memory")


@pytest.mark.parametrize(("bias", "given"), [(True, (1, 1, 0)), (False, (1, 0, 0))])
def test_a_layer_without_neurons_gives_something_where_its_input_or_its_bias_does(bias, given) -> None:
    first = h.LayerSpec("first", "conv2d", 0, (2, 3, 3), SHAPE, (1, 1), neuron="lif", mask=(1, 0, 0))
    second = h.LayerSpec("second", "conv2d", 0, SHAPE, SHAPE, (1, 1), bias=bias, mask=(1, 1, 0))
    network = h.NetworkSpec((first, second), (h.StageSpec(3),))
    assert network.output_mask(network.layer("second")) == given
