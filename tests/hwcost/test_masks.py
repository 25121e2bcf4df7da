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
