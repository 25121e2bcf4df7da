"""Energy on a chip is static power, ticks and operations: published points are closed forms of that."""

from dataclasses import replace

import numpy as np
import pytest

import hwcost as h

NANO, MICRO, MILLI, PICO = 1e-9, 1e-6, 1e-3, 1e-12


def one_tick(layer: h.LayerSpec, events: int, profile: h.Profile | str, samples: int = 1000) -> h.Cost:
    """Cost of a timestep with so many events per 1000 timesteps."""
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    record = h.SpikeRecord({layer.name: h.LayerSpikes([[events]], outputs=(0,))}, samples)
    return h.estimate(network, record, profile, "lock_step", {"weight_bits": 4})


@pytest.mark.parametrize(
    ("rate", "milliwatt", "error"), [(11.58, 68, 0.002), (20.07, 71, 0.006), (95.93, 94, 0.002)]
)
def test_truenorth_meets_its_sweep(rate: float, milliwatt: float, error: float) -> None:
    """4,096 full cores, 128 synapses per spike, 0.8 V: 68, 71 and 94 mW. The middle one is not in the fit."""
    layer = h.linear("cores", 128, 4096 * 256, neuron="if")
    cost = one_tick(layer, round(rate * 128), "truenorth")
    assert cost.cores == {"cores": 4096}
    assert cost.latency_s == MILLI
    power = cost.total_pj * PICO / MILLI
    assert power / MILLI == pytest.approx(milliwatt, rel=error)
    assert cost.interval[0] < milliwatt * MILLI * MILLI / PICO < cost.interval[1]


def test_truenorth_by_core_and_tick() -> None:
    """Esser et al. 2016, CIFAR-10: 4,042 cores at 1,249 ticks per second, 204.4 mW; the fit gives 0.97 of it."""
    profile = h.load_profile("truenorth_1v0")
    tick = h.Price(1 / 1249, 1 / 1249, 1 / 1249)
    profile = replace(profile, hardware={**profile.hardware, "tick_s": tick})
    cost = one_tick(h.linear("cores", 256, 4042 * 256, neuron="if"), 0, profile)
    power = cost.total_pj * PICO * 1249
    assert power == pytest.approx(4042 * (31.0 * MICRO + 14.46 * NANO * 1249), rel=1e-6)
    assert power / (204.4 * MILLI) == pytest.approx(0.97, abs=0.005)
    assert cost.dynamic_pj == pytest.approx(4042 * 14.46e3)


@pytest.mark.parametrize(("megahertz", "microwatt"), [(75, 477), (1.3, 35)])
def test_odin_at_two_clocks(megahertz: float, microwatt: float, chip) -> None:
    """An event takes 512 cycles and 256 operations: full load is half an operation per cycle."""
    power = h.Price(*[(27.3 + 1.78 * megahertz) * 1e6] * 3)
    cycles = 512 / megahertz * MICRO
    profile = chip("odin", message_s=cycles)
    profile = replace(profile, prices={**profile.prices, "chip_static": power})
    network = h.NetworkSpec((h.linear("core", 256, 256, neuron="lif"),), (h.StageSpec(100),))
    record = h.SpikeRecord({"core": h.LayerSpikes([[256]] * 100, outputs=(0,) * 100)}, 1)
    cost = h.estimate(network, record, profile, "event_driven", {"weight_bits": 4})
    assert cost.latency_s == pytest.approx(25_600 * cycles, rel=1e-4)
    assert cost.total_pj * PICO / cost.latency_s / MICRO == pytest.approx(microwatt, rel=0.004)


def test_an_event_of_odin_visits_all_neurons() -> None:
    """10 neurons cost as much as 256."""
    costs = [one_tick(h.linear("core", 256, n, neuron="lif"), 1000, "odin") for n in (10, 256)]
    assert costs[0].dynamic_pj == costs[1].dynamic_pj == pytest.approx(256 * 8.43)


def test_a_spinnaker_board() -> None:
    """250,000 neurons on 48 chips, 1.8e9 operations per second: 36 W measured, 22 W of them idle."""
    layer = h.linear("neurons", 1000, 250_000, neuron="lif", weight_bits=4)
    cost = one_tick(layer, 7200, h.load_profile("spinnaker1"))
    watts = cost.total_pj * PICO / MILLI
    assert cost.sop == 1.8e6
    assert watts == pytest.approx(36.4, abs=0.05)
    assert cost.static_pj * PICO / MILLI == pytest.approx(22, abs=0.05)


def test_averages_of_whole_chip_power_are_in_no_profile() -> None:
    """12.7 pJ of ODIN, 26 pJ of TrueNorth and 20 nJ of SpiNNaker are power over operations at one load."""
    prices = {name: h.load_profile(name).prices["sop"] for name in ("odin", "truenorth", "spinnaker1")}
    assert {name: price.value for name, price in prices.items()} == {
        "odin": 0, "truenorth": 2.297, "spinnaker1": 8000,
    }  # fmt: skip
    assert "tianjic" not in h.known_profiles()


def test_static_power_is_drawn_for_the_tick_even_in_silence() -> None:
    quiet = one_tick(h.linear("l", 8, 8, neuron="if"), 0, "truenorth")
    assert quiet.dynamic_pj == 0
    assert quiet.total_pj == pytest.approx(64.43e9 * MILLI)
    assert quiet.static_pj == quiet.total_pj


def test_neurons_without_input_are_cheaper() -> None:
    network = h.NetworkSpec((h.linear("l", 8, 100, neuron="if"),), (h.StageSpec(4),))
    record = h.SpikeRecord({"l": h.LayerSpikes([[0], [3], [0], [1]], outputs=(0, 0, 0, 0))}, 1)
    cost = h.estimate(network, record, "loihi", "lock_step", {"weight_bits": 8})
    assert (cost.count("neuron_update"), cost.count("neuron_idle")) == (200, 200)
    assert cost.by_kind()["neuron"] == 200 * 81 + 200 * 52
    biased = h.NetworkSpec((replace(network.layers[0], bias=True),), network.stages)
    assert h.estimate(biased, record, "loihi", "lock_step", {"weight_bits": 8}).count("neuron_idle") == 0


def test_neurons_that_only_send_spikes_have_no_input_however_samples_are_merged() -> None:
    """A soft reset leaves enough for a second spike without input: that update is one without input."""
    network = h.NetworkSpec((h.linear("l", 2, 3, neuron="if"),), (h.StageSpec(2),))
    arriving, sent = [[[1, 1], [0, 0]]], [[[1, 1, 1], [1, 0, 1]]]
    one = h.SpikeRecord.from_maps(network, {"l": np.array(arriving)}, {"l": np.array(sent)})
    for record in (one, one + one):
        cost = h.estimate(network, record, "loihi", "lock_step", {"weight_bits": 8})
        assert (cost.count("neuron_update"), cost.count("neuron_idle")) == (3, 3)


def test_expected_touched_neurons_of_a_convolution() -> None:
    """Against the mean of random maps with as many events; borders make the closed form a little too high."""
    conv = h.conv("conv", (2, 9, 9), 3, 3, padding=1, neuron="if")
    network, rng = h.NetworkSpec((conv,), (h.StageSpec(1),)), np.random.default_rng(0)
    maps = np.zeros((200, 162), dtype=int)
    for row in maps:
        row[rng.choice(162, 9, replace=False)] = 1
    maps = maps.reshape(200, 1, 2, 9, 9)
    record = h.SpikeRecord.from_maps(network, {"conv": maps}, {"conv": np.zeros((200, 1, 3, 9, 9))})
    padded = np.pad(maps[:, 0].sum(axis=1), ((0, 0), (1, 1), (1, 1)))
    near = sum(padded[:, i : i + 9, j : j + 9] for i in range(3) for j in range(3))
    touched = 3 * (near > 0).sum() / 200
    cost = h.estimate(network, record, "loihi", "lock_step", {"weight_bits": 8})
    assert cost.count("neuron_update") == pytest.approx(touched, rel=0.03)
    assert cost.count("neuron_update") + cost.count("neuron_idle") == 243


def test_a_silent_sample_has_no_neurons_with_input() -> None:
    """Beside a silent sample, a loud one touches as many neurons as alone."""
    conv = h.conv("conv", (2, 8, 8), 4, 3, padding=1, neuron="if")
    network = h.NetworkSpec((conv,), (h.StageSpec(4),))
    loud = np.random.default_rng(0).random((1, 4, 2, 8, 8)) < 0.3
    silence = np.zeros((1, 4, 4, 8, 8))
    records = [h.SpikeRecord.from_maps(network, {"conv": n * loud}, {"conv": silence}) for n in (0, 1)]
    alone, merged = (
        h.estimate(network, record, "loihi", "lock_step", {"weight_bits": 8}).count("neuron_update")
        for record in (records[1], records[0] + records[1])
    )
    assert merged == pytest.approx(alone / 2)


def test_cost_keeps_cores_through_plain_data() -> None:
    cost = one_tick(h.linear("l", 8, 8, neuron="if"), 0, "loihi")
    again = h.Cost.from_dict(cost.to_dict())
    assert again.cores == {"l": 1}
    assert again.total_pj == cost.total_pj
    array = h.Cost.from_dict({k: v for k, v in cost.to_dict().items() if k != "cores"})
    assert array.cores == {}
