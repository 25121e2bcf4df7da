"""Conventional networks of the same shapes: dense, and quantised in two readings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import hwcost as h
from hwcost import __main__, report

PAPER, MEMORY = "45nm_paper_simple", "45nm_memory"


def prices(cost: h.Cost, item: str) -> dict[str, float]:
    return {row.layer: row.price.value for row in cost.rows if row.item == item and row.price}


def perceptron(timesteps: int, **more: object) -> h.NetworkSpec:
    layers = (
        h.linear("a", 6, 5, neuron="lif", **more),
        h.linear("b", 5, 4, neuron="lif"),
        h.linear("c", 5, 3, source="a"),
    )
    return h.NetworkSpec(layers, (h.StageSpec(timesteps),))


def test_every_kind_has_twins_a_crossover_and_predictions(network_of_a_kind: h.NetworkSpec) -> None:
    network = network_of_a_kind
    record = h.SpikeRecord.constant(network, 0.25, 16)
    for execution in h.EXECUTIONS:
        twins = h.ann_twins(network, MEMORY, execution)
        assert 0 < twins.quantised.total_pj < twins.quantised_activations.total_pj < twins.dense.total_pj
        assert not any(any(row.steps) for row in twins.dense.rows if row.item == "synapse_ac")
    assert 0 <= h.crossover_rate(network, MEMORY) <= 1
    table = h.predictor(network, record, MEMORY, largest=4).price([[4]])
    known = h.estimate(network, record, MEMORY)
    assert table.energy_pj[0] == pytest.approx(known.total_pj, rel=1e-12)
    assert table.latency_s[0] == pytest.approx(known.latency_s, rel=1e-12)


def test_the_command_prints_the_network_of_every_kind(
    network_of_a_kind: h.NetworkSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"network": network_of_a_kind.to_dict(), "rate": 0.1}))
    assert __main__.main([str(path)]) == 0
    shown = capsys.readouterr().out
    for line in ("dataflow   tick_batched", "dense twin: ", "twin of 3-bit weights and activations: "):
        assert line in shown


def test_where_a_twin_cannot_be_had_the_network_is_still_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"network": perceptron(2).to_dict(), "rate": 0.1}))
    assert __main__.main([str(path), "--profile", "loihi", "--weight-bits", "8"]) == 0
    shown = capsys.readouterr().out
    assert "energy  " in shown
    assert "no twin without spikes: profile 'loihi' has no price for MACs" in shown
    with pytest.raises(h.HwcostError, match="no price for MACs"):
        h.ann_twins(perceptron(2), "loihi")


def test_the_report_shows_dataflows_and_widths_where_layers_differ() -> None:
    conv = h.conv("a", (2, 8, 8), 4, 3, padding=1, neuron="lif", weight_bits=4)
    layers = (conv, h.linear("b", conv.out_shape, 3, dataflow="none", neuron="lif"), h.linear("c", 3, 2))
    network = h.NetworkSpec(layers, (h.StageSpec(4),))
    record = h.SpikeRecord.constant(network, 0.2, 10)
    cost = h.estimate(network, record, MEMORY)
    text = report.text(cost)
    assert "dataflow   tick_batched; b none" in text
    assert "note: a: weight_bits 4" in text
    lines = report.beside(cost, network, record, MEMORY)
    none = h.under_dataflows(network, record, MEMORY)["none"].total_pj
    assert none > cost.total_pj
    assert lines[0] == (
        f"no reuse (dataflow none): {none / 1e3:.4g} nJ, {none / cost.total_pj:.3g} times this network"
    )
    paper = h.estimate(network, record, PAPER)
    assert report.beside(paper, network, record, PAPER)[0].startswith("dense twin")  # nothing is reused there


def test_bits_follow_the_timesteps_of_each_stage_not_the_largest() -> None:
    a = h.linear("a", 6, 5, neuron="lif")
    b = h.linear("b", 5, 4, stage=1, neuron="lif")
    c = h.linear("c", 4, 3, stage=1)
    network = h.NetworkSpec((a, b, c), (h.StageSpec(7), h.StageSpec(2, "score_mix")))
    twins = h.ann_twins(network, PAPER)
    assert twins.bits == {"a": 3, "b": 3, "c": 2}  # the transformer in front of b mixes 7 steps
    assert twins.bits_text == "2 to 3"
    macs = prices(twins.quantised, "synapse_mac")
    for name, bits in twins.bits.items():
        assert macs[name] == pytest.approx(3.7 * (bits / 32) ** 2 + 0.9 * bits / 32)


def test_quantised_adders_are_narrow() -> None:
    """0.084 pJ at 3 bits, where they stayed at the 0.9 pJ of fp32."""
    shortcut = h.LayerSpec(
        "s", "membrane_shortcut", 0, (4,), (4,), in_class="analog", neuron="lif", other_source="a"
    )
    layers = (h.linear("a", 4, 4), h.linear("b", 4, 4, source="input"), shortcut, h.linear("c", 4, 2))
    twins = h.ann_twins(h.NetworkSpec(layers, (h.StageSpec(5),)), PAPER)
    assert prices(twins.quantised, "residual_add")["s"] == pytest.approx(0.084, abs=0.001)
    assert prices(twins.dense, "residual_add")["s"] == 0.9


def test_at_one_timestep_weights_of_one_bit_stand_beside_the_networks_own() -> None:
    """Both readings: a binary network, and one that keeps the 32-bit weights which the spiking network has."""
    twins = h.ann_twins(perceptron(1), MEMORY)
    assert set(twins.bits.values()) == {1}
    assert twins.bits_text == "1"
    weights = 6 * 5 + 5 * 4 + 5 * 3
    assert twins.quantised.footprint["weights"] == weights
    assert twins.quantised_activations.footprint["weights"] == 32 * weights
    assert prices(twins.quantised_activations, "synapse_mac")["a"] == pytest.approx(3.7 / 32 + 0.9)
    assert twins.quantised.footprint["frames"] == twins.quantised_activations.footprint["frames"]


def test_twins_follow_what_is_assumed_and_a_layers_own_widths() -> None:
    network = perceptron(3, weight_bits=4)
    twins = h.ann_twins(network, PAPER, assume={"weight_bits": 8})
    dense, activations = (prices(cost, "synapse_mac") for cost in (twins.dense, twins.quantised_activations))
    assert dense["a"] == pytest.approx(
        3.7 * 4 / 32 + 0.9
    )  # activations keep 32 bits, and the adder with them
    assert dense["b"] == pytest.approx(3.7 * 8 / 32 + 0.9)
    assert activations["a"] == pytest.approx(3.7 * 4 * 2 / 32**2 + 0.9 * 4 / 32)
    assert activations["b"] == pytest.approx(3.7 * 8 * 2 / 32**2 + 0.9 * 8 / 32)
    plain = h.ann_twins(network, PAPER)
    assert plain.quantised.total_pj == twins.quantised.total_pj
    assert h.crossover_rate(network, PAPER, assume={"weight_bits": 2}) > h.crossover_rate(network, PAPER)


def test_twins_follow_dataflow_and_execution() -> None:
    conv = h.conv("a", (2, 8, 8), 4, 3, padding=1, neuron="lif")
    network = h.NetworkSpec((conv, h.linear("b", conv.out_shape, 3)), (h.StageSpec(4),))
    usual, none = h.ann_twins(network, MEMORY).dense, h.ann_twins(network, MEMORY, dataflow="none").dense
    assert usual.dataflows["a"] == "tick_batched"
    assert none.dataflows["a"] == "none"
    assert none.count("weight_read", "a") == none.count("synapse_mac", "a") > usual.count("weight_read", "a")
    assert h.ann_twins(network, MEMORY, "event_driven").dense.dataflows["a"] == "none"


def test_recurrent_layers_keep_their_steps() -> None:
    """100 -> 50 over 4 steps: the input's 20,000 and the layer's own 3 x 2,500 MACs; four times as many in an LSTM."""
    for kind, gates in (("recurrent", 1), ("lstm", 4)):
        more = {"neuron": "lif"} if kind == "recurrent" else {}
        layer = h.LayerSpec("r", kind, 0, (100,), (50,), in_class="analog", **more)
        network = h.NetworkSpec((layer, h.linear("out", 50, 2)), (h.StageSpec(4),))
        twins = h.ann_twins(network, PAPER)
        assert twins.dense.count("synapse_mac", "r") == gates * (4 * 5000 + 3 * 2500)
        assert twins.dense.count("synapse_mac", "out") == 4 * 100
        spiking = h.estimate(network, h.SpikeRecord.empty(network), PAPER)
        assert spiking.count("synapse_mac", "r") == gates * 4 * 5000


def test_a_twin_reads_one_row_per_word() -> None:
    embedding = h.LayerSpec("e", "embedding", 0, (1000, 6), (8, 6))
    network = h.NetworkSpec((embedding, h.linear("out", 48, 2, in_class="analog")), (h.StageSpec(4),))
    assert h.ann_twins(network, MEMORY).dense.count("weight_read", "e") == 6 * 8


def test_the_nearer_twin_can_be_the_one_to_cross() -> None:
    network = perceptron(2)
    rates = [
        h.crossover_rate(network, PAPER, against=name)
        for name in ("quantised", "quantised_activations", "dense")
    ]
    assert 0 < rates[0] < rates[1] < rates[2]
    with pytest.raises(h.HwcostError, match="unknown twin 'nearest'"):
        h.crossover_rate(network, PAPER, against="nearest")


def test_a_twin_has_neither_masks_nor_constant_frames() -> None:
    network = perceptron(3, in_class="analog", constant_input=True)
    masked = replace(network, layers=(replace(network.layers[0], mask=(1, 0, 1)), *network.layers[1:]))
    assert h.ann_twins(masked, MEMORY).dense.rows == h.ann_twins(network, MEMORY).dense.rows
