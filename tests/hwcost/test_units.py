"""Units of a profile's numbers: converted within the family of the entry, refused outside of it."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import hwcost as h
from hwcost.prices.items import ITEMS
from hwcost.prices.units import ENTRIES, base_units


def profile_of(folder: Path, **sections: object) -> h.Profile:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"extends": "45nm_memory"} | sections))
    return h.load_profile(path)


def number(value: float, unit: str) -> dict:
    return {"value": value, "range": [value / 2, value * 2], "unit": unit, "source": "mine"}


@pytest.mark.parametrize(
    ("section", "name", "value", "unit", "base"),
    [
        ("prices", "ac", 0.0009, "nJ", 0.9),
        ("prices", "ac", 900, "fJ", 0.9),
        ("prices", "mac", 5e-6, "µJ", 5.0),
        ("prices", "leakage", 0.16, "nW/byte", 20.0),
        ("prices", "chip_static", 0.11, "W", 1.1e11),
        ("hardware", "clock_hz", 0.2, "GHz", 2e8),
        ("hardware", "bits_per_cycle", 128, "byte/cycle", 1024),
        ("hardware", "sop_s", 3.5, "ns", 3.5e-9),
        ("hardware", "weight_buffer_bits", 8, "KiB", 65536),
        ("capacity", "synapse_bits_per_core", 128, "KiB", 2**20),
        ("bits", "weight", 2, "byte", 16),
    ],
)
def test_13_a_unit_of_the_family_is_converted(
    tmp_path: Path, section: str, name: str, value: float, unit: str, base: float
) -> None:
    numbers = getattr(profile_of(tmp_path, **{section: {name: number(value, unit)}}), section)
    if section == "bits":
        assert numbers[name] == base
    else:
        assert numbers[name].ends == pytest.approx((base / 2, base, base * 2), rel=1e-12)
        assert numbers[name].unit == ENTRIES[section][name].family.base


def test_13_nanojoules_cost_a_thousand_times_as_much(tmp_path: Path) -> None:
    network = h.NetworkSpec((h.linear("l", 3, 5),), (h.StageSpec(1),))
    costs = []
    for unit in ("pJ", "nJ"):
        path = tmp_path / f"{unit}.yaml"
        price = {"value": 2.0, "range": [1, 3], "unit": unit, "source": "mine"}
        path.write_text(yaml.safe_dump({"extends": "45nm_paper_simple", "prices": {"ac": price}}))
        costs.append(h.estimate(network, h.SpikeRecord.full(network), path).total_pj)
    assert costs == [30, 30_000]


@pytest.mark.parametrize(
    ("section", "name", "unit", "message"),
    [
        ("prices", "ac", "bananas", r"'prices.ac': unit 'bananas' is no energy; allowed are fJ, pJ, nJ"),
        ("prices", "ac", "pJ/bit", "is no energy; allowed"),
        ("prices", "leakage", "pW", "is no power per bit"),
        ("prices", "chip_static", "pJ", "is no power; allowed"),
        ("memory", "dram", "pJ", "'memory.dram': unit 'pJ' is no energy per bit"),
        ("hardware", "clock_hz", "s", "is no frequency; allowed are Hz, kHz, MHz, GHz"),
        ("hardware", "mac_per_cycle", "Hz", "is no rate per cycle"),
        ("bits", "weight", "pJ", "is no bits"),
        ("capacity", "neurons", "cores", "is no number of neurons; allowed are neurons, neuron, 1"),
    ],
)
def test_13_a_unit_of_another_family_is_refused(
    tmp_path: Path, section: str, name: str, unit: str, message: str
) -> None:
    with pytest.raises(h.HwcostError, match=message):
        profile_of(tmp_path, **{section: {name: number(8, unit)}})


def test_13_the_unit_of_a_memory_s_points_counts(tmp_path: Path) -> None:
    points = [{"capacity_bits": 8, **number(0.001, "nJ/byte")}, {"capacity_bits": 16, **number(1, "pJ/bit")}]
    memory = profile_of(tmp_path, memory={"points": points}).memory
    assert memory is not None
    assert [price.value for _, price in memory.points] == pytest.approx([0.125, 1.0])
    with pytest.raises(h.HwcostError, match=r"'memory.points': unit 'pJ' is no energy per bit"):
        profile_of(tmp_path, memory={"points": [points[0] | {"unit": "pJ"}]})


@pytest.mark.parametrize(
    ("section", "name", "message"),
    [
        ("hardware", "clock_mhz", r"unknown hardware entry 'clock_mhz'. Did you mean 'clock_hz'\?"),
        ("bits", "weights", r"unknown bits entry 'weights'. Did you mean 'weight'\?"),
        ("capacity", "fanin", r"unknown capacity entry 'fanin'. Did you mean 'fan_in'\?"),
        ("memory", "limit", r"unknown memory entry 'limit'. Did you mean 'limit_bits'\?"),
    ],
)
def test_13_an_unknown_entry_is_refused_with_the_nearest(
    tmp_path: Path, section: str, name: str, message: str
) -> None:
    with pytest.raises(h.HwcostError, match=message):
        profile_of(tmp_path, **{section: {name: number(1, "bit")}})


def test_what_is_divided_by_is_above_zero(tmp_path: Path) -> None:
    entry = {"value": 1, "range": [0, 2], "unit": "1", "source": "mine"}
    with pytest.raises(h.HwcostError, match=r"'hardware.array_positions' is above 0, got a range from 0"):
        profile_of(tmp_path, hardware={"array_positions": entry})


def test_every_constant_that_pays_for_an_item_is_an_entry() -> None:
    constants = {item.constant for item in ITEMS.values()} - {"memory"}
    assert constants - ENTRIES["prices"].keys() == set()


@given(st.data())
def test_a_number_means_the_same_in_every_unit_of_its_family(data: st.DataObject) -> None:
    section = data.draw(st.sampled_from(sorted(ENTRIES)))
    name = data.draw(st.sampled_from(sorted(ENTRIES[section])))
    family = ENTRIES[section][name].family
    one, other = (data.draw(st.sampled_from(sorted(family.factors))) for _ in range(2))
    factor, base = base_units(section, name, one, "here")
    there, _ = base_units(section, name, other, "here")
    assert family.factors[base] == 1
    assert 7 * factor / there * there == pytest.approx(7 * factor)
