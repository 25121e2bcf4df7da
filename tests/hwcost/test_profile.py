"""Profiles: complete, sourced, and clear about what is wrong with one."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import hwcost as h


@pytest.mark.parametrize("name", h.known_profiles())
def test_every_number_has_unit_range_and_source(name: str) -> None:
    profile = h.load_profile(name)
    assert profile.about
    for constant in (*profile.prices.values(), *profile.hardware.values()):
        assert constant.low <= constant.value <= constant.high
        assert constant.unit
        assert len(constant.source) > 5


@pytest.mark.parametrize("name", h.known_profiles())
def test_every_profile_prices_a_network_or_says_why_not(name: str) -> None:
    layers = (h.conv("a", (1, 4, 4), 3, 3, neuron="lif"), h.linear("b", (3, 2, 2), 2))
    network = h.NetworkSpec(layers, (h.StageSpec(3),))
    record = h.SpikeRecord.full(network)
    fits = not h.load_profile(name).capacity
    if not fits:
        with pytest.raises(h.HwcostError, match="assume weight_bits"):
            h.estimate(network, record, name)
    cost = h.estimate(network, record, name, assume=None if fits else {"weight_bits": 4})
    assert fits or any("what-if: weight of 4 bits" in note for note in cost.notes)
    low, high = cost.interval
    assert 0 < low <= cost.total_pj <= high
    assert cost.latency_s > 0


def test_unknown_profile_lists_the_known_ones() -> None:
    with pytest.raises(
        h.HwcostError, match=r"'45nm_memry' not found. Did you mean '45nm_memory'\? Known profiles: .*lemaire"
    ):
        h.load_profile("45nm_memry")


def test_own_profile_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "extends: 45nm_paper_simple\nprices: {ac: {value: 2.0, range: [1, 3], unit: pJ, source: me}}\n"
    )
    network = h.NetworkSpec((h.linear("l", 3, 5),), (h.StageSpec(1),))
    cost = h.estimate(network, h.SpikeRecord.full(network), str(path))
    assert cost.total_pj == 30
    assert cost.interval == (15, 45)
    assert cost.profile == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prices": {"ac": {"value": 2.0, "unit": "pJ", "source": "me"}}}, "'prices.ac'.*missing: range"),
        (
            {"prices": {"ac": {"value": 9, "range": [1, 3], "unit": "pJ", "source": "me"}}},
            "outside its range",
        ),
        ({"prices": {"ac": {"value": "x", "range": [1, 3], "unit": "pJ", "source": "me"}}}, "one number"),
        ({"prices": {"acc": {}}}, "unknown price 'acc'.*'ac'"),
        ({"price": {}}, "unknown key 'price'.*'prices'"),
        ({"limits": {}}, "'limits' is called 'capacity' now"),
        ({"semantics": {"neurons": "none"}}, "unknown key of semantics 'neurons'.*'neuron'"),
        ({"free": ["bias"]}, "unknown item in 'free' 'bias'.*'bias_add'"),
        ({"extends": "mine.yaml"}, "'mine' extends itself"),
        ({"extends": "nothing"}, "'nothing' not found"),
        ({"extends": None}, "'bits' lacks activation, bias, membrane, weight"),
        ({"semantics": {"neuron": "nobody"}}, "semantics.neuron: got 'nobody', allowed are"),
    ],
)
def test_a_malformed_profile_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"extends": "45nm_memory"} | change))
    with pytest.raises(h.HwcostError, match=message):
        h.load_profile(path)


def test_memory_beyond_the_limit_is_dram_or_refused() -> None:
    prices = h.load_profile("45nm_memory").memory
    assert prices is not None
    assert prices.price_per_bit(8 * 8192 * 8 // 8).value == pytest.approx(0.15625)
    assert prices.price_per_bit(2**23).value == pytest.approx(1.5625)
    assert prices.price_per_bit(prices.limit_bits + 1).value == 30
    with pytest.raises(h.HwcostError, match="no price for DRAM"):
        replace(prices, dram=None).price_per_bit(prices.limit_bits + 1)


def test_a_chip_refuses_what_does_not_fit() -> None:
    def priced(layer: h.LayerSpec, profile: str, bits: int) -> h.Cost:
        network = h.NetworkSpec((layer,), (h.StageSpec(1),))
        return h.estimate(network, h.SpikeRecord.full(network), profile, assume={"weight_bits": bits})

    with pytest.raises(h.HwcostError, match=r"'wide': 5000 synapses per neuron.*allows 4096"):
        priced(h.linear("wide", 5000, 2), "loihi", 8)
    with pytest.raises(h.HwcostError, match="weights have 16 bits, the hardware at most 9"):
        priced(h.linear("l", 5, 2), "loihi", 16)
    with pytest.raises(h.HwcostError, match=r"300 neurons.*256"):
        priced(h.linear("l", 5, 300, neuron="lif"), "odin", 4)
    with pytest.raises(h.HwcostError, match=r"'l'.*no price for 'synapse_mac'"):
        priced(h.linear("l", 5, 3, in_class="analog"), "loihi", 8)
    with pytest.raises(h.HwcostError, match=r"cannot assume weight_bit.*Did you mean 'weight_bits'"):
        h.estimate(
            h.NetworkSpec((h.linear("l", 1, 1),), (h.StageSpec(1),)),
            h.SpikeRecord({"l": h.LayerSpikes([[0]])}, 1),
            "loihi",
            assume={"weight_bit": 8},
        )


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    for i, about in enumerate(("before", "after")):
        path.write_text(f"extends: 45nm_memory\nabout: {about}\n")
        os.utime(path, ns=(i, i))
        assert h.load_profile(path).about == about


def _refused(tmp_path: Path, text: str) -> str:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(h.HwcostError) as refused:
        h.load_profile(str(tmp_path / "mine.yaml"))
    return str(refused.value)


@pytest.mark.parametrize(
    "entry", ["{unit: nJ}", "{source: me}", "{value: 2}", "{range: [1, 2], unit: nJ}", "{}"]
)
def test_a_changed_unit_does_not_multiply_an_inherited_price(tmp_path: Path, entry: str) -> None:
    """0.9 pJ must not become 0.9 nJ: a number is replaced whole."""
    message = _refused(tmp_path, f"extends: 45nm_memory\nprices: {{ac: {entry}}}\n")
    named = set(yaml.safe_load(entry))
    assert "'prices.ac' needs value, range, unit and source" in message
    assert message.endswith(", ".join(sorted({"value", "range", "unit", "source"} - named)))


@pytest.mark.parametrize("size", ["65536", "8 KiB", "{value: 8, unit: KiB}", "64 KiB"])
def test_the_size_of_a_memory_has_a_unit(tmp_path: Path, size: str) -> None:
    number = "{value: 1, range: [1, 1], unit: pJ/bit, source: me"
    points = f"[{number}, capacity_bits: {size}}}]"
    limit = "{value: 1, range: [1, 1], unit: MiB, source: me}"
    memory = f"{{points: {points}, register: {number}}}, limit_bits: {limit}, wire: null}}"
    (tmp_path / "mine.yaml").write_text(f"extends: 45nm_memory\nmemory: {memory}\n")
    prices = h.load_profile(str(tmp_path / "mine.yaml")).memory
    assert prices is not None
    assert prices.points[0][0] == 65536 * (8 if size.startswith("64 ") else 1)
    assert prices.price_per_bit(4 * prices.points[0][0]).value == pytest.approx(2)  # without a wire: sqrt(4)
