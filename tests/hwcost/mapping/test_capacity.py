"""What does not fit on a chip is refused, with the limit; what fits keeps to every limit on every core."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import draw_conv

import hwcost as h
from hwcost.mapping.cores import map_network
from hwcost.mapping.layer_cores import place

EIGHT = {"weight_bits": 8}


def priced(profile: h.Profile | str, *layers: h.LayerSpec, execution: str = "lock_step") -> h.Cost:
    network = h.NetworkSpec(layers, (h.StageSpec(2),))
    return h.estimate(network, h.SpikeRecord.full(network), profile, execution, EIGHT)


def test_loihi_refuses_432_million_synapses() -> None:
    """30 layers of 3,795 x 3,795 passed, since no neuron has more than 4,096 synapses and there are few neurons."""
    layers = [h.linear(f"l{i}", 3795, 3795, neuron="lif") for i in range(30)]
    assert sum(h.n_synapses(layer) for layer in layers) == pytest.approx(432e6, rel=1e-3)
    with pytest.raises(h.HwcostError) as refusal:
        priced("loihi", *layers)
    cores = 30 * -(
        -3795 * 3795 * 8 // (128 * 1024 * 8)
    )  # the memory of 110 cores holds the synapses of one layer
    assert cores <= int(str(refusal.value).split("needs ")[1].split(" cores")[0]) <= cores + 100
    assert "profile 'loihi' has 128; a profile that extends it with 27 chips would hold it" in str(
        refusal.value
    )
    assert sum(priced("loihi_nahuku", *layers).cores.values()) <= 4096


def test_fan_in_counts_a_recurrent_layers_own_spikes() -> None:
    """3,000 inputs and 1,500 neurons of its own are 4,500 synapses for each neuron."""
    layer = h.LayerSpec("memory", "recurrent", 0, (3000,), (1500,), neuron="lif")
    with pytest.raises(h.HwcostError, match=r"'memory': 4500 synapses per neuron.*allows 4096"):
        priced("loihi", layer)


@pytest.mark.parametrize(
    ("limit", "value", "cores"),
    [("neurons_per_core", 30, 4), ("synapse_bits_per_core", 8 * 50 * 25, 4), ("axons_per_core", 50, 1)],
)
def test_the_largest_demand_counts(limit: str, value: float, cores: int, chip) -> None:
    layer = h.linear("l", 50, 100, neuron="if")
    assert priced(chip("loihi", **{limit: value}), layer).cores == {"l": cores}


def test_a_core_with_too_few_inputs_for_one_neuron_is_refused(chip) -> None:
    layer = h.linear("l", 51, 100, neuron="if")
    with pytest.raises(
        h.HwcostError, match=r"'l' with 100 neurons needs at least .* axons_per_core of profile"
    ):
        priced(chip("loihi", axons_per_core=50), layer)


@settings(max_examples=60)
@given(data=st.data())
def test_no_core_holds_more_than_it_can(data, reached, chip) -> None:
    layer = draw_conv(data, neuron="if") if data.draw(st.booleans()) else h.linear("conv", 9, 11, neuron="if")
    fan_in = layer.n_inputs
    limits = {
        "neurons_per_core": data.draw(st.integers(1, layer.n_outputs)),
        "axons_per_core": fan_in + data.draw(st.integers(0, 10)),
        "synapse_bits_per_core": 32 * (layer.n_parameters + data.draw(st.integers(0, 200))),
    }
    profile = chip("loihi", shared_kernels=None, cores_per_chip=10**6, **limits)
    if data.draw(st.booleans()):
        profile = chip("loihi", cores_per_chip=10**6, **limits)
    placed = place(layer, profile, 10**6)
    assert placed.n_cores >= -(-layer.n_outputs // limits["neurons_per_core"])
    assert max(Counter(placed.cores.ravel().tolist()).values()) <= limits["neurons_per_core"]
    axons, synapses = Counter[int](), Counter[int]()
    for found in reached(layer, placed.n_cores).values():
        axons.update(dict.fromkeys(found, 1))
        synapses.update(found)
    assert max(axons.values(), default=0) <= limits["axons_per_core"]
    if "shared_kernels" not in profile.capacity or not layer.kernel:
        assert max(synapses.values(), default=0) * 32 <= limits["synapse_bits_per_core"]


def test_a_shared_kernel_is_stored_once_and_cut_by_channels_where_it_is_too_large(chip) -> None:
    conv = h.conv("conv", (16, 8, 8), 32, 3, padding=1, neuron="if")
    kernel = 16 * 9 * 32 * 8
    whole = priced(chip("loihi", synapse_bits_per_core=kernel, neurons_per_core=1024), conv)
    assert whole.cores == {"conv": 2}
    halved = priced(chip("loihi", synapse_bits_per_core=kernel / 4, neurons_per_core=2048), conv)
    assert halved.cores == {"conv": 4}
    assert halved.count("message") == 4 * 2 * 16 * 64  # every channel needs all inputs
    unshared = priced(chip("loihi", synapse_bits_per_core=kernel, shared_kernels=None), conv)
    assert unshared.cores["conv"] > 40


def test_a_network_that_one_core_holds_lies_on_one_core(chip) -> None:
    layers = h.linear("a", 100, 150, neuron="lif"), h.linear("b", 150, 100, neuron="lif")
    network = h.NetworkSpec(layers, (h.StageSpec(2),))
    together = map_network(network, chip("loihi", neurons_per_core=250, axons_per_core=250))
    assert (together.n_cores, together.shared, together.n_tiles) == (1, True, 1)
    for limits in ({"neurons_per_core": 249}, {"axons_per_core": 249}):
        apart = map_network(
            network, chip("loihi", **{"neurons_per_core": 250, "axons_per_core": 250, **limits})
        )
        assert (apart.n_cores, apart.shared) == (2, False)
    cost = priced(chip("loihi", neurons_per_core=250, axons_per_core=250), *layers)
    assert cost.count("hop") == 0
    assert sum(row.steps[0] for row in cost.rows if row.item == "core_static") == cost.latency_cycles


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (h.LayerSpec("x", "lstm", 0, (8,), (4,)), "a lstm"),
        (h.LayerSpec("x", "attention", 0, (3, 4, 5), (4, 5)), "an attention"),
        (
            h.LayerSpec(
                "x",
                "max_pool2d",
                0,
                (2, 4, 4),
                (2, 2, 2),
                kernel=(2, 2),
                stride=(2, 2),
                padding=(0, 0),
                dilation=(1, 1),
            ),
            "a max_pool2d",
        ),
        (h.LayerSpec("x", "embedding", 0, (8,), (4,)), "an embedding"),
    ],
)
def test_kinds_without_synapses_on_a_chip_are_refused_by_name(layer: h.LayerSpec, what: str) -> None:
    network = h.NetworkSpec((layer,), (h.StageSpec(2),))
    with pytest.raises(h.HwcostError, match=f"'x': the cores of profile 'loihi' have no synapses for {what}"):
        h.estimate(network, h.SpikeRecord.full(network), "loihi", assume=EIGHT)


def test_the_temporal_transformers_that_a_chip_without_macs_can_run(demo) -> None:
    runs, refusals = [], {}
    for mode in h.MODES:
        network = demo((4, 2, 1), mode)
        try:
            cost = h.estimate(network, h.SpikeRecord.full(network), "loihi", "lock_step", EIGHT)
            runs.append(mode)
            assert cost.total_pj > 0
        except h.HwcostError as refusal:
            refusals[mode] = str(refusal)
    assert sorted(runs) == ["bucket", "truncate"]
    assert "no price for 'score_mac'" in refusals["score_mix"]
    assert all(
        "profile 'loihi' has no price for" in text and "analog work" in text for text in refusals.values()
    )


def test_pools_are_folded_into_the_synapses_behind_them() -> None:
    conv = h.conv("conv", (2, 8, 8), 4, 3, padding=1, neuron="if")
    pool = h.pool("pool", conv.out_shape, 2)
    next_ = h.conv("next", pool.out_shape, 4, 3, padding=1, in_class="graded", in_max=4, neuron="if")
    pooled = priced("loihi", conv, pool, next_)
    assert pooled.cores.keys() == {"conv", "next"}
    assert pooled.count("message", "next") == 2 * conv.n_outputs  # each of its spikes, not each window
    assert (
        priced("spinnaker1", conv, pool, next_).latency_s == 0.003
    )  # two layers, two timesteps: three ticks


def test_chips_with_a_barrier_run_in_ticks_and_a_free_chip_runs_any_way() -> None:
    layer = h.linear("l", 20, 10, neuron="lif")
    for chip in ("loihi", "truenorth", "spinnaker1", "spinnaker2"):
        for execution in ("pipelined", "event_driven"):
            with pytest.raises(
                h.HwcostError, match=f"'{execution}': all cores of profile '{chip}' wait.*lock_step"
            ):
                priced(chip, layer, execution=execution)
        for execution in ("lock_step", "layer_serial"):
            assert priced(chip, layer, execution=execution).latency_s > 0
    network = h.NetworkSpec((replace(layer, weight_bits=4),), (h.StageSpec(2),))
    for execution in h.EXECUTIONS:
        cost = h.estimate(network, h.SpikeRecord.full(network), "odin", execution, {"weight_bits": 4})
        assert cost.latency_s == pytest.approx(40 * 6.8267e-6)


def test_silence_and_full_activity_bracket_a_chip() -> None:
    network = h.NetworkSpec(
        (h.conv("a", (2, 6, 6), 4, 3, padding=1, neuron="lif"), h.linear("b", 144, 10)), (h.StageSpec(3),)
    )
    bracket = h.bound(network, "loihi", execution="lock_step", assume=EIGHT)
    rng = np.random.default_rng(1)
    for rate in (0.02, 0.2, 0.8):
        events = {"a": rng.random((3, 3, 2, 6, 6)) < rate, "b": rng.random((3, 3, 144)) < rate}
        outputs = {"a": events["b"].reshape(3, 3, 4, 6, 6)}
        record = h.SpikeRecord.from_maps(network, {k: v.astype(int) for k, v in events.items()}, outputs)
        cost = h.estimate(network, record, "loihi", "lock_step", EIGHT)
        assert bracket.energy_pj[0] <= cost.total_pj <= bracket.energy_pj[1]
        assert bracket.latency_s[0] <= cost.latency_s <= bracket.latency_s[1]


@pytest.mark.parametrize("execution", ["lock_step", "layer_serial"])
def test_a_network_without_synapses_has_nothing_to_put_on_cores(execution: str) -> None:
    with pytest.raises(h.HwcostError, match="'loihi' hold synapses, and no layer has any"):
        priced("loihi", h.pool("alone", (2, 4, 4), 2), execution=execution)


def test_too_many_neurons_are_refused_before_their_synapses_are_walked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """7 million neurons with 125 synapses each took 10 GB and more than a minute to be refused."""
    monkeypatch.setattr("hwcost.mapping.layer_cores.reach", lambda *_: pytest.fail("synapses were walked"))
    with pytest.raises(h.HwcostError, match="needs at least 6912 cores, since neurons_per_core"):
        priced("loihi", h.conv("large", (1, 100, 100, 100), 8, 5, neuron="if"))


def test_truenorth_says_that_a_neuron_has_four_weights() -> None:
    network = h.NetworkSpec((h.linear("a", 8, 4, neuron="lif"),), (h.StageSpec(2),))
    for name in ("truenorth", "truenorth_1v0"):
        cost = h.estimate(network, h.SpikeRecord.full(network), name, "lock_step", {"weight_bits": 9})
        wanted = f"profile {name} allows 4 different weights per neuron, shared by axon type: not checked"
        assert wanted in cost.notes


def test_a_chip_of_cores_has_no_array(tmp_path) -> None:
    """dataflow auto means none, under every execution model."""
    (tmp_path / "mine.yaml").write_text("extends: loihi\nsemantics: {dataflow: auto}\n")
    network = h.NetworkSpec((h.linear("a", 8, 4, neuron="lif"),), (h.StageSpec(2),))
    full = h.SpikeRecord.full(network)
    for execution in ("layer_serial", "lock_step"):
        costs = [
            h.estimate(network, full, name, execution, {"weight_bits": 8})
            for name in (str(tmp_path / "mine.yaml"), "loihi")
        ]
        assert set(costs[0].dataflows.values()) <= {"none"}
        assert costs[0].total_pj == costs[1].total_pj
