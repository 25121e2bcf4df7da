"""Networks, records and costs as the first version stored them: every later version reads them."""

import json

import pytest

import hwcost as h

NETWORK = """
{"layers": [
 {"name": "a", "kind": "conv2d", "stage": 0, "in_shape": [1, 3, 3], "out_shape": [2, 2, 2], "kernel": [2, 2],
  "stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "groups": 1, "padding_mode": "zeros",
  "in_class": "binary", "in_max": 1, "bias": false, "neuron": "lif", "reset": "soft", "constant_input": false,
  "mask": [], "source": "", "operands": []},
 {"name": "b", "kind": "linear", "stage": 1, "in_shape": [8], "out_shape": [2], "kernel": [], "stride": [],
  "padding": [], "dilation": [], "groups": 1, "padding_mode": "zeros", "in_class": "binary", "in_max": 1,
  "bias": false, "neuron": null, "reset": "soft", "constant_input": false, "mask": [], "source": "",
  "operands": []}],
 "stages": [{"timesteps": 2, "transformer": null}, {"timesteps": 1, "transformer": "score_mix"}]}
"""
RECORD = """
{"n_samples": 2, "layers": {"a": {"events": [[1, 1, 1], [0, 2, 1]], "outputs": [3, 4]},
 "b": {"events": [[3], [4]], "outputs": []}}}
"""
# A few of its rows; bounds were put on one of them.
COST = """
{"profile": "45nm_paper_simple", "execution": "pipelined",
 "rows": [["a", "synapse_ac", [14, 16], [0.72, 0.9, 1.08], null, null],
  ["a", "weight_read", [14, 16], null, null, null],
  ["b", "synapse_ac", [6, 8], [0.72, 0.9, 1.08], null, null],
  ["b", "weight_read", [6, 8], null, [5, 7], [7, 9]],
  ["b", "mix_mac", [8], [3.7, 4.6, 5.5], null, null]],
 "n_samples": 2, "latency_cycles": 4, "latency_s": 2e-08, "latency_cycles_interval": [4, 4],
 "latency_s_interval": [4e-09, 8e-08], "first_decision_cycles": 4, "cycles_by_layer": {"a": 2, "b": 3},
 "mean_timesteps": {"by_stage": 1.5, "by_layer": 1.5, "by_mac": 1.6666666666666667},
 "footprint": {"weights": 768, "biases": 0, "membranes": 256, "scores": 0, "spikes": 34, "frames": 0,
  "direct_encoding": 0, "transformers": 128, "masks": 0},
 "n_synapses": 48, "orders": {"b": "conv_then_mix"}, "notes": ["b: conv_then_mix"],
 "totals": {"total_pj": 78.14999999999999, "sop": 22.0}}
"""


NORMALISING_PJ = 2 * 3 * 4.6  # the scores of two steps, three MACs each: not counted then
READOUT_BITS = 2 * 32  # the sums over time of the two outputs: not counted then


def test_a_stored_network_and_record_are_priced_as_before_but_for_what_was_left_out() -> None:
    network = h.NetworkSpec.from_dict(json.loads(NETWORK))
    record = h.SpikeRecord.from_dict(json.loads(RECORD))
    cost = h.estimate(network, record, "45nm_paper_simple", "pipelined")
    assert cost.total_pj == pytest.approx(78.15 + NORMALISING_PJ, rel=1e-12)
    assert (cost.latency_cycles, cost.footprint_bits, cost.sop, cost.mac, cost.ac) == (
        4,
        1186 + READOUT_BITS,
        22,
        18,
        25.5,
    )
    assert cost.mixing_orders == {"b": "conv_then_mix"}


def test_what_is_stored_today_reads_like_what_was_stored_first() -> None:
    network, record = json.loads(NETWORK), json.loads(RECORD)
    assert json.loads(json.dumps(h.NetworkSpec.from_dict(network).to_dict())) == network
    assert json.loads(json.dumps(h.SpikeRecord.from_dict(record).to_dict())) == record
    again = json.loads(json.dumps(h.Cost.from_dict(json.loads(COST)).to_dict()))
    assert again | {"totals": None} == json.loads(COST) | {"totals": None}


def test_a_stored_cost_keeps_its_prices_and_bounds() -> None:
    cost = h.Cost.from_dict(json.loads(COST))
    assert cost.rows[0].price == h.Price(0.9, 0.72, 1.08)
    assert cost.rows[1].price is None
    assert (cost.rows[3].low, cost.rows[3].high) == ((5, 7), (7, 9))
    assert cost.mixing_orders == {"b": "conv_then_mix"}
    assert cost.total_pj == pytest.approx((44 * 0.9 + 8 * 4.6) / 2)
    assert cost.interval == pytest.approx(((44 * 0.72 + 8 * 3.7) / 2, (44 * 1.08 + 8 * 5.5) / 2))
