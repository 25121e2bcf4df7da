"""Costs of small networks against closed forms, and what a cost can tell about itself."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

import hwcost as h


def linear(timesteps: int, **more: object) -> h.NetworkSpec:
    layers = (h.linear("a", 8, 4, neuron="lif", bias=True, **more), h.linear("b", 4, 2))
    return h.NetworkSpec(layers, (h.StageSpec(timesteps),))


def test_a_linear_layer_by_hand() -> None:
    """Three steps, 10 input spikes, 5 output spikes; one sample."""
    network = linear(3)
    spikes = {"a": h.LayerSpikes([[5], [5], [0]], outputs=[2, 3, 0]), "b": h.LayerSpikes([[2], [3], [0]])}
    cost = h.estimate(network, h.SpikeRecord(spikes, 1), "45nm_memory")
    expected = {
        "synaptic_operation": 10 * 4,
        "synapse_ac": 10 * 4,
        "weight_read": 32 * (1 - (3 / 8) ** 2),
        "address_add": 10 * 4,
        "bias_add": 3 * 4,
        "bias_read": 4,
        "neuron_multiply": 3 * 4,
        "neuron_add": 3 * 4 + 5,
        "neuron_compare": 3 * 4,
        "membrane_read": 0,
        "membrane_write": 0,
        "zero_check": 3 * 8,
        "spike_read": 8 + 8 + 0,
        "spike_write": min(2 * 2, 4) + min(3 * 2, 4) + 0,
    }
    assert {item: cost.count(item, "a") for item in expected} == expected
    weights = cost.by_item()["weight_read"] / cost.count("weight_read")
    assert 0 < weights < 32 * 0.15625
    stepwise = h.estimate(network, h.SpikeRecord(spikes, 1), "45nm_memory", "lock_step")
    assert stepwise.count("weight_read", "a") == 10 * 4
    assert stepwise.count("membrane_read", "a") == stepwise.count("membrane_write", "a") == 2 * 4


def test_one_timestep_or_one_window_pays_no_membrane_traffic() -> None:
    def membranes(timesteps: int, execution: str) -> float:
        network = linear(timesteps)
        cost = h.estimate(network, h.SpikeRecord.full(network), "45nm_memory", execution)
        return cost.by_kind()["membrane"]

    assert membranes(1, "lock_step") == 0
    assert membranes(2, "lock_step") > 0
    assert membranes(8, "layer_serial") == 0
    assert membranes(9, "layer_serial") > 0


def test_paper_simple_is_mac_and_ac_only() -> None:
    network = linear(3)
    cost = h.estimate(network, h.SpikeRecord.full(network), "45nm_paper_simple")
    assert cost.total_pj == pytest.approx(0.9 * 3 * (8 * 4 + 4 * 2))
    assert cost.by_kind() == {"operations": cost.total_pj}
    assert "weight_read" in cost.not_counted()
    assert (cost.mac, cost.ac, cost.sop) == (0, 120, 120)


def test_direct_encoding_computes_the_first_layer_once() -> None:
    network = linear(4, in_class="analog", constant_input=True)
    record = h.SpikeRecord.full(network)
    reused, repeated = (h.estimate(network, record, name) for name in ("45nm_memory", "45nm_paper_simple"))
    assert (reused.mac, repeated.mac) == (32, 128)
    assert reused.count("activation_write") == 4
    assert reused.count("address_add", "a") == 8 + 4
    assert reused.count("activation_read", "a") == 8 + 4 * 4
    once = linear(1, in_class="analog", constant_input=True)
    assert h.estimate(once, h.SpikeRecord.full(once), "45nm_memory").count("activation_write") == 0


def test_masks_reach_the_next_layer() -> None:
    network = linear(3)
    a = replace(network.layer("a"), mask=(1, 0, 1))
    masked = replace(network, layers=(a, network.layer("b")))
    cost = h.estimate(masked, h.SpikeRecord.full(masked), "45nm_memory")
    assert cost.count("neuron_compare") == 2 * 4
    stepwise = h.estimate(masked, h.SpikeRecord.full(masked), "45nm_memory", "lock_step")
    assert stepwise.count("membrane_read", "a") == 4
    assert cost.count("zero_check", "b") == 2 * 4
    assert cost.mean_timesteps == (2, 2, (2 * 32 + 3 * 8) / 40)
    late = h.SpikeRecord.full(network)
    with pytest.raises(h.HwcostError, match="'a': output spikes at a masked timestep"):
        h.estimate(masked, late, "45nm_memory")
    fixed = replace(late.layers["a"], outputs=(4, 0, 4), per_sample=None)
    with pytest.raises(h.HwcostError, match="'b': events arrive at a timestep that the mask"):
        h.estimate(masked, h.SpikeRecord({**late.layers, "a": fixed}, 1), "45nm_memory")


def test_a_mask_does_not_reach_across_a_transformer() -> None:
    a = h.conv("a", (1, 4, 4), 2, 3, padding=1, neuron="lif", mask=(1, 0, 1, 1))
    b = h.conv("b", a.out_shape, 3, 3, padding=1, stage=1)
    norm = h.LayerSpec("norm", "batch_norm", 1, b.out_shape, b.out_shape, in_class="analog", neuron="lif")
    network = h.NetworkSpec((a, b, norm), (h.StageSpec(4), h.StageSpec(2, "bucket")))
    assert network.input_mask(b) == (1, 0, 1, 1)
    assert network.input_mask(norm) == (1, 1)
    assert h.estimate(network, h.SpikeRecord.full(network), "45nm_memory").count("norm_mac") == 2 * 48


def test_what_is_priced_another_way_is_not_missing(demo) -> None:
    network = demo((2, 2, 2))
    record = h.SpikeRecord.full(network)
    assert h.estimate(network, record, "45nm_memory").not_counted() == {}
    chip = h.estimate(network, record, "loihi", "lock_step", assume={"weight_bits": 8}).not_counted()
    assert "synapse_ac" not in chip
    assert "neuron_add" not in chip
    assert "membrane_read" not in chip


def test_a_pool_adds_what_arrives_and_can_be_fused() -> None:
    conv = h.conv("conv", (1, 4, 4), 2, 3, padding=1, neuron="lif")
    pool = h.pool("pool", conv.out_shape, 2)
    network = h.NetworkSpec(
        (conv, pool, h.linear("fc", pool.out_shape, 3, in_class="graded", in_max=4)), (h.StageSpec(2),)
    )
    record = h.SpikeRecord.full(network)
    plain = h.estimate(network, record, "45nm_memory")
    assert plain.count("pool_add") == 2 * 32
    assert plain.count("synapse_ac", "fc") == 2 * 4 * 8 * 3
    fused = h.estimate(network, record, h.load_profile("45nm_memory").where(fuse_avg_pool=True))
    assert fused.count("pool_add") == 0
    maximum = replace(network, layers=(conv, replace(pool, kind="max_pool2d"), network.layers[2]))
    assert h.estimate(maximum, record, "45nm_memory").count("pool_or") == 2 * 32


def test_recurrence_starts_at_the_second_step() -> None:
    layer = h.LayerSpec("r", "recurrent", 0, (3,), (4,), neuron="lif")
    network = h.NetworkSpec((layer,), (h.StageSpec(3),))
    spikes = h.LayerSpikes([[1], [1], [1]], outputs=[2, 1, 4])
    assert h.estimate(network, h.SpikeRecord({"r": spikes}, 1), "45nm_memory").sop == 3 * 4 + (2 + 1) * 4


def test_an_lstm_has_four_gates() -> None:
    layer = h.LayerSpec("l", "lstm", 0, (3,), (4,))
    network = h.NetworkSpec((layer, h.linear("fc", 4, 2)), (h.StageSpec(2),))
    spikes = {"l": h.LayerSpikes([[2], [1]], outputs=[3, 1]), "fc": h.LayerSpikes([[3], [1]])}
    cost = h.estimate(network, h.SpikeRecord(spikes, 1), "45nm_memory")
    assert cost.count("synapse_ac", "l") == 4 * 4 * (2 + 1) + 4 * 4 * 3
    assert cost.count("gate_logic") == 2 * 3 * 4
    assert cost.count("membrane_read", "l") == 2 * 4
    windows = replace(layer, operands=(("passes", 3), ("analog_gates", 1)))
    again = h.estimate(
        replace(network, layers=(windows, network.layers[1])), h.SpikeRecord(spikes, 1), "45nm_memory"
    )
    assert again.count("synapse_ac", "l") == 3 * cost.count("synapse_ac", "l")
    assert again.count("gate_lookup") == 3 * 2 * 5 * 4


def test_residuals() -> None:
    def priced(kind: str, **more: object) -> h.Cost:
        layer = h.LayerSpec("add", kind, 0, (4,), (4,), **more)
        network = h.NetworkSpec((layer,), (h.StageSpec(2),))
        spikes = h.LayerSpikes([[3], [1]], extras=(("other", (2, 2)),))
        return h.estimate(network, h.SpikeRecord({"add": spikes}, 1), "45nm_memory")

    assert priced("sew_add").count("residual_add") == 2 + 1
    assert priced("sew_and").count("residual_logic") == 2 * 4
    assert priced("membrane_shortcut").count("residual_add") == 2 * 4
    network = h.NetworkSpec((h.LayerSpec("add", "sew_add", 0, (4,), (4,)),), (h.StageSpec(1),))
    with pytest.raises(h.HwcostError, match="'add': a sew_add needs the count 'other'"):
        h.estimate(network, h.SpikeRecord({"add": h.LayerSpikes([[1]])}, 1), "45nm_memory")


def test_what_exists_in_training_only_is_refused() -> None:
    with pytest.raises(h.HwcostError, match="'exit': kind early_classifier exists in training only"):
        h.LayerSpec("exit", "early_classifier", 0, (4,), (2,))


def test_bounds_hold_any_activity(demo) -> None:
    network = demo()
    bound = h.bound(network, "45nm_memory")
    for rate in (0.0, 0.05, 0.5, 1.0):
        cost = h.estimate(network, h.SpikeRecord.constant(network, rate, 100), "45nm_memory")
        assert bound.energy_pj[0] <= cost.total_pj <= bound.energy_pj[1]
        assert bound.latency_s[0] <= cost.latency_s <= bound.latency_s[1]
    assert h.bound(network, "45nm_memory", min_rate=0.1).energy_pj[0] > bound.energy_pj[0]


def test_a_known_number_of_input_events_sharpens_the_upper_bound(demo) -> None:
    network = demo()
    loose, sharp = (h.bound(network, "45nm_memory", input_events=n) for n in (None, 2600))
    assert sharp.low == loose.low
    assert sharp.energy_pj[1] < loose.energy_pj[1] / 5
    record = h.SpikeRecord.full(network)
    events, sums = ((0, 0, 392),) * 6, ((0, 0, 433),) * 6
    first = h.LayerSpikes(events, sums, record.layers["conv1"].outputs)
    cost = h.estimate(network, h.SpikeRecord({**record.layers, "conv1": first}, 1), "45nm_memory")
    assert cost.total_pj <= sharp.energy_pj[1]


def test_json_gives_the_same_cost(demo) -> None:
    network = demo()
    cost = h.estimate(network, h.SpikeRecord.constant(network, 0.1, 33), "45nm_memory", "pipelined")
    again = h.Cost.from_dict(json.loads(json.dumps(cost.to_dict())))
    assert again == cost
    assert again.total_pj == cost.total_pj
    assert h.NetworkSpec.from_dict(json.loads(json.dumps(network.to_dict()))) == network


def test_another_process_gives_the_same_bits(demo) -> None:
    network = demo()
    record = h.SpikeRecord.constant(network, 0.123, 777)
    program = (
        "import json, sys, hwcost as h; network, record = json.load(sys.stdin);"
        "cost = h.estimate(h.NetworkSpec.from_dict(network), h.SpikeRecord.from_dict(record), '45nm_memory');"
        "print(json.dumps(cost.to_dict())); assert not {'torch', 'tsearch', 'pandas'} & set(sys.modules)"
    )
    given = json.dumps([network.to_dict(), record.to_dict()])
    done = subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(
        json.dumps(h.estimate(network, record, "45nm_memory").to_dict())
    )


def test_every_execution_model_gives_a_latency(demo) -> None:
    network = demo()
    record = h.SpikeRecord.constant(network, 0.1, 10)
    cycles = {e: h.estimate(network, record, "45nm_memory", e).latency_cycles for e in h.EXECUTIONS}
    assert cycles["pipelined"] <= min(cycles["lock_step"], cycles["layer_serial"])
    assert cycles["event_driven"] > 0
    with pytest.raises(h.HwcostError, match=r"'pipeline'. Did you mean 'pipelined'\?"):
        h.estimate(network, record, "45nm_memory", "pipeline")


def test_the_record_must_belong_to_the_network(demo) -> None:
    network = demo()
    record = h.SpikeRecord.full(network)
    without = {name: spikes for name, spikes in record.layers.items() if name != "fc"}
    with pytest.raises(h.HwcostError, match="'fc': not in the record"):
        h.estimate(network, h.SpikeRecord(without, 1), "45nm_memory")
    with pytest.raises(h.HwcostError, match="network lacks: stranger"):
        h.estimate(
            network, h.SpikeRecord({**record.layers, "stranger": record.layers["fc"]}, 1), "45nm_memory"
        )
