"""Word widths: of a what-if for the whole network, and of single layers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hwcost as h

WIDTHS = st.integers(1, 64)


def two_layers(**second: object) -> h.NetworkSpec:
    layers = (h.conv("a", (2, 6, 6), 4, 3, bias=True, neuron="lif"), h.linear("b", (4, 4, 4), 5, **second))
    return h.NetworkSpec(layers, (h.StageSpec(3),))


def spikes(network: h.NetworkSpec) -> h.SpikeRecord:
    return h.SpikeRecord.constant(network, 0.25, 16)


def price(profile: h.Profile, item: str) -> float:
    found = profile.price(item)
    assert found is not None
    return found.value


def test_assume_weight_bits_8_leaves_arithmetic_at_fp32() -> None:
    """It did: 30 times the int8 profile (275 against 9.2 nJ). Scaled, it is 7.5 times, as an adder of floats scaled to
    8 bits is dearer than an int8 adder; from int32, it is .83 times.
    """
    network = two_layers()
    record = spikes(network)

    def nj(profile: str, **assume: int) -> float:
        return h.estimate(network, record, profile, assume=assume).total_pj / 1e3

    int8 = nj("45nm_int8_paper_simple")
    assert nj("45nm_paper_simple") == pytest.approx(30 * int8)
    assert nj("45nm_paper_simple", weight_bits=8) == pytest.approx(7.5 * int8)
    assert nj("45nm_int32_paper_simple", weight_bits=8) == pytest.approx(0.025 / 0.03 * int8)


def test_arithmetic_scales_as_published() -> None:
    """3.7 (b/32)^2 + 0.9 b/32 from fp32 (Yan et al. 2024); int32 scaled to 8 bits meets Horowitz's int8 within 20 %."""
    fp32, int32, int8 = (h.load_profile(f"45nm_{name}memory") for name in ("", "int32_", "int8_"))
    for bits in (1, 3, 8, 16):
        narrow = fp32.with_bits({"weight": bits, "activation": bits})
        assert price(narrow, "synapse_mac") == pytest.approx(3.7 * (bits / 32) ** 2 + 0.9 * bits / 32)
        assert price(narrow, "synapse_ac") == pytest.approx(0.9 * bits / 32)
    assert price(fp32.with_bits({"weight": 3}), "synapse_ac") == pytest.approx(0.084, abs=0.001)
    scaled = int32.with_bits({"weight": 8, "activation": 8, "membrane": 8})
    for item in ("synapse_mac", "synapse_ac", "gate_multiply", "gate_add"):
        assert price(scaled, item) == pytest.approx(price(int8, item), rel=0.2)


@given(weight=WIDTHS, membrane=WIDTHS, activation=WIDTHS)
def test_every_operation_follows_its_own_words(weight: int, membrane: int, activation: int) -> None:
    profile = h.load_profile("45nm_memory")
    scaled = profile.with_bits({"weight": weight, "membrane": membrane, "activation": activation})

    def ratio(item: str) -> float:
        return price(scaled, item) / price(profile, item)

    assert ratio("synapse_ac") == pytest.approx(weight / 32)
    assert ratio("neuron_add") == pytest.approx(membrane / 32)
    assert ratio("neuron_compare") == pytest.approx(membrane / 32)
    assert ratio("neuron_multiply") == pytest.approx((membrane / 32) ** 2)
    assert ratio("residual_add") == pytest.approx(activation / 32)
    mac = 3.7 * weight * activation / 32**2 + 0.9 * max(weight, activation) / 32
    assert price(scaled, "synapse_mac") == pytest.approx(mac)
    assert price(scaled, "synapse_mac") >= price(scaled, "synapse_ac")
    for item in ("bias_add", "zero_check", "address_add", "gate_logic", "gate_lookup"):
        assert ratio(item) == 1


@pytest.mark.parametrize("name", h.known_profiles())
def test_widths_equal_to_the_profiles_change_nothing(name: str) -> None:
    network, profile = two_layers(), h.load_profile(name)
    bits = int(profile.capacity["weight_bits"].value) if profile.capacity else profile.bits["weight"]
    profile = h.assuming(profile, (("weight_bits", bits),))
    words = {f"{word}_bits": profile.bits[word] for word in ("weight", "membrane", "activation")}
    named = replace(network, layers=tuple(replace(layer, **words) for layer in network.layers))
    plain, same = (h.estimate(net, spikes(network), profile) for net in (network, named))
    assert same.rows == plain.rows
    assert same.footprint == plain.footprint


def test_each_layer_is_priced_at_its_own_widths() -> None:
    """What layer b costs at 4 bits is what it costs where the whole profile has 4 bits; layer a stays as it is."""
    mixed, plain = two_layers(weight_bits=4, membrane_bits=16), two_layers()
    record, profile = spikes(plain), h.load_profile("45nm_memory")
    cost = h.estimate(mixed, record, profile)
    whole = h.estimate(plain, record, profile.with_bits({"weight": 4, "membrane": 16}))
    assert cost.by_layer()["b"] == whole.by_layer()["b"]
    assert cost.by_layer()["a"] == h.estimate(plain, record, profile).by_layer()["a"]
    first, second = plain.layers
    assert cost.footprint["weights"] == 32 * first.n_parameters + 4 * second.n_parameters
    assert "b: weight_bits 4, membrane_bits 16" in cost.notes


def test_widths_named_by_every_layer_are_those_of_the_whole_profile(network_of_a_kind: h.NetworkSpec) -> None:
    """Counts, prices, memories and latency of every kind of layer, under every execution."""
    bits = {"weight": 5, "membrane": 12, "activation": 7}
    words = {f"{word}_bits": width for word, width in bits.items()}
    layers = tuple(replace(layer, **words) for layer in network_of_a_kind.layers)
    record = h.SpikeRecord.constant(network_of_a_kind, 0.25, 16)
    profile = h.load_profile("45nm_memory")
    for execution in h.EXECUTIONS:
        named = h.estimate(replace(network_of_a_kind, layers=layers), record, profile, execution)
        whole = h.estimate(network_of_a_kind, record, profile.with_bits(bits), execution)
        assert named.rows == whole.rows
        assert named.footprint == whole.footprint
        assert named.latency_cycles == whole.latency_cycles


@pytest.mark.parametrize("mode", ["score_mix", "bucket"])
def test_widths_named_at_temporal_transformers_are_those_of_the_whole_profile(demo, mode: str) -> None:
    network, bits = demo((6, 3, 1), mode), {"weight": 5, "membrane": 12, "activation": 7}
    words = {f"{word}_bits": width for word, width in bits.items()}
    layers = tuple(replace(layer, **words) for layer in network.layers)
    record, profile = h.SpikeRecord.constant(network, 0.25, 16), h.load_profile("45nm_memory")
    named = h.estimate(replace(network, layers=layers), record, profile)
    whole = h.estimate(network, record, profile.with_bits(bits))
    assert named.rows == whole.rows
    assert named.footprint == whole.footprint


@given(weight=WIDTHS, activation=WIDTHS, constant=st.sampled_from(("ac", "mac")))
def test_energy_stays_linear_in_every_constant(weight: int, activation: int, constant: str) -> None:
    """A MAC is a multiplier and an adder, of words that may be wider than the profile's, too."""
    layer = h.linear("l", 3, 4, in_class="analog", weight_bits=weight, activation_bits=activation)
    network, profile = h.NetworkSpec((layer,), (h.StageSpec(1),)), h.load_profile("45nm_paper_simple")
    cost = h.estimate(network, h.SpikeRecord.empty(network), profile)
    paid = profile.prices[constant]
    for end in (paid.low, paid.high):
        moved = replace(profile, prices={**profile.prices, constant: replace(paid, value=end)})
        total = h.estimate(network, h.SpikeRecord.empty(network), moved).total_pj
        rise = cost.gradient().get(constant, 0.0) * (end - paid.value)
        assert total - cost.total_pj == pytest.approx(rise, abs=1e-9 * total)
        assert cost.interval[0] <= total * (1 + 1e-12)
        assert total <= cost.interval[1] * (1 + 1e-12)


def test_a_layers_own_width_comes_before_the_what_if() -> None:
    mixed = two_layers(weight_bits=4)
    cost = h.estimate(mixed, spikes(mixed), "45nm_paper_simple", assume={"weight_bits": 16})
    prices = {row.layer: row.price for row in cost.rows if row.item == "synapse_ac"}
    assert prices["a"].value == pytest.approx(0.9 * 16 / 32)
    assert prices["b"].value == pytest.approx(0.9 * 4 / 32)


def test_a_chips_price_of_a_synaptic_operation_does_not_scale() -> None:
    network = two_layers()
    costs = [h.estimate(network, spikes(network), "loihi", assume={"weight_bits": bits}) for bits in (8, 4)]
    for item in ("synaptic_operation", "neuron_update"):
        assert len({row.price for cost in costs for row in cost.rows if row.item == item}) == 1


def test_a_chip_refuses_the_layer_whose_weights_are_too_wide() -> None:
    with pytest.raises(h.HwcostError, match=r"'b': weights of 16 bits, profile 'loihi' holds at most 9"):
        h.estimate(two_layers(weight_bits=16), spikes(two_layers()), "loihi", assume={"weight_bits": 9})
    own = replace(two_layers(), layers=tuple(replace(a, weight_bits=9) for a in two_layers().layers))
    assert h.estimate(own, spikes(own), "loihi").total_pj > 0


@pytest.mark.parametrize("width", [-1, 2000, 1.5, "8"])
def test_an_impossible_width_is_refused(width: object) -> None:
    with pytest.raises(h.HwcostError, match="'b': weight_bits is a whole number up to 1024"):
        two_layers(weight_bits=width)
