"""A cost without reuse beside the usual one, and how a cost names its dataflow."""

from dataclasses import replace

import hwcost as h


def test_the_same_spikes_without_reuse_and_as_usual(demo) -> None:
    network = demo((4, 4, 4))
    record = h.SpikeRecord.constant(network, 0.1, 100)
    costs = h.under_dataflows(network, record, "45nm_memory")
    assert list(costs) == ["none", "tick_batched"]
    assert costs["tick_batched"] == h.estimate(network, record, "45nm_memory")
    assert costs["none"].sop == costs["tick_batched"].sop
    assert costs["none"].total_pj > 1.5 * costs["tick_batched"].total_pj
    assert set(costs["none"].dataflows.values()) == {"none"}
    assert list(h.under_dataflows(network, record, "45nm_memory", "pipelined")) == [
        "none",
        "output_stationary",
    ]


def test_where_nothing_is_reused_anyway_there_is_one_cost(demo) -> None:
    network = demo()
    record = h.SpikeRecord.constant(network, 0.1, 100)
    assert list(h.under_dataflows(network, record, "45nm_memory", "event_driven")) == ["none"]


def test_layers_of_their_own_are_mixed_and_lose_their_choice_without_reuse(demo) -> None:
    network = demo()
    first = replace(network.layers[0], dataflow="weight_stationary")
    network = replace(network, layers=(first, *network.layers[1:]))
    costs = h.under_dataflows(network, h.SpikeRecord.constant(network, 0.1, 100), "45nm_memory")
    assert list(costs) == ["none", "mixed"]
    assert set(costs["none"].dataflows.values()) == {"none"}
    notes = [note for note in costs["mixed"].notes if note.startswith("dataflow")]
    assert notes[0].startswith("dataflow weight_stationary of conv1:")
    assert notes[1].startswith("dataflow tick_batched of conv2, conv3, fc:")


def test_a_cost_says_that_shared_reads_are_those_of_the_mean_sample() -> None:
    """A silent and a full sample read 8,192 weights on average, their mean sample (rate 1/2) 15,360."""
    layer = h.linear("fc", 256, 64, neuron="if")
    network = h.NetworkSpec((layer,), (h.StageSpec(4),))
    silent, full = h.SpikeRecord.empty(network), h.SpikeRecord.full(network)
    costs = [h.estimate(network, record, "45nm_memory") for record in (silent, full, silent + full)]
    assert [cost.count("weight_read") for cost in costs] == [0, 16_384, 15_360]
    assert [any("expected for the mean sample" in note for note in cost.notes) for cost in costs] == [
        False,
        False,
        True,
    ]
    at_once = h.estimate(network, silent + full, "45nm_memory", "event_driven")
    assert not any("expected for the mean sample" in note for note in at_once.notes)
