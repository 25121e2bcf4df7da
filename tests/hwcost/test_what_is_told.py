"""What a cost says of itself: cores, static power, what it did not count and assumes, and which prices paid."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import hwcost as h
from hwcost import __main__
from hwcost.shown import shown

NETWORK = h.NetworkSpec((h.linear("a", 8, 4, neuron="lif"), h.linear("b", 4, 2)), (h.StageSpec(3),))
RECORD = h.SpikeRecord.full(NETWORK)
EIGHT = {"weight_bits": 8}


def priced(
    profile: h.Profile | str, execution: str = "layer_serial", assume: dict[str, int] | None = None
) -> h.Cost:
    return h.estimate(NETWORK, RECORD, profile, execution, assume)


def on(chip: str, execution: str = "lock_step") -> h.Cost:
    return priced(chip, execution, EIGHT)


def profile_file(folder: Path, price: float) -> str:
    """A profile that is called `mine` wherever it lies."""
    folder.mkdir()
    path = folder / "mine.yaml"
    entry = f"{{value: {price}, range: [0.1, 9], unit: pJ, source: assumed}}"
    path.write_text(f"extends: 45nm_memory\nprices:\n  ac: {entry}\n")
    return str(path)


def test_two_files_of_one_name_with_other_prices_have_no_order(tmp_path: Path) -> None:
    first, second, again = (
        priced(profile_file(tmp_path / name, price)) for name, price in (("x", 1), ("y", 2), ("z", 1))
    )
    assert first.profile == second.profile == "mine"
    with pytest.raises(h.HwcostError, match="two profiles of the name 'mine'"):
        h.compare(first, second)
    assert h.compare(first, again).difference_pj == 0


@pytest.mark.parametrize("section", ["prices", "hardware", "bits", "semantics", "memory", "capacity"])
def test_the_hash_of_a_profile_follows_its_content_not_its_words(section: str) -> None:
    profile = h.load_profile("loihi" if section == "capacity" else "45nm_memory")
    assert replace(profile, name="other", about="words").content_hash == profile.content_hash
    assert profile.memory is not None or section == "capacity"
    changed = {
        "prices": lambda: {n: replace(p, high=2 * p.high) for n, p in profile.prices.items()},
        "hardware": lambda: {n: replace(p, value=2 * p.value) for n, p in profile.hardware.items()},
        "bits": lambda: {**profile.bits, "weight": 31},
        "semantics": lambda: replace(profile.semantics, codec="aer"),
        "memory": lambda: profile.memory.scaled(2),
        "capacity": lambda: {n: replace(p, value=2 * p.value) for n, p in profile.capacity.items()},
    }[section]()
    assert replace(profile, **{section: changed}).content_hash != profile.content_hash


def test_weights_of_8_bits_have_no_order_against_fp32() -> None:
    wide, narrow = priced("45nm_memory"), priced("45nm_memory", assume=EIGHT)
    assert wide.profile_hash == narrow.profile_hash
    with pytest.raises(h.HwcostError, match="bits: weight 8; the profile's"):
        h.compare(narrow, wide)
    assert h.compare(narrow, narrow).note == ""


def test_an_order_of_two_execution_models_says_so() -> None:
    serial, stepped = (priced("45nm_memory", execution) for execution in ("layer_serial", "lock_step"))
    note = h.compare(serial, stepped).note
    assert "layer_serial (tick_batched)" in note
    assert "lock_step (output_stationary)" in note
    none = priced(h.load_profile("45nm_memory").where(dataflow="none"))
    assert "layer_serial (none)" in h.compare(serial, none).note
    assert h.compare(serial, serial).note == ""


def test_costs_stored_without_a_hash_compare_by_name() -> None:
    plain = json.loads(json.dumps(priced("45nm_memory").to_dict()))
    again = h.Cost.from_dict(plain)
    assert (again.profile_hash, again.assumed) == (h.load_profile("45nm_memory").content_hash, {})
    old = h.Cost.from_dict({k: v for k, v in plain.items() if k not in ("profile_hash", "assumed")})
    assert h.compare(old, priced("45nm_memory", assume=EIGHT)).difference_pj > 0
    with pytest.raises(h.HwcostError, match="different profiles"):
        h.compare(old, priced("45nm_paper_simple"))


def test_layers_that_share_a_core_are_one_core() -> None:
    cost = on("loihi")
    assert sum(cost.cores.values()) == 2
    assert (cost.n_cores, cost.n_chips) == (1, 1)
    again = h.Cost.from_dict(json.loads(json.dumps(cost.to_dict())))
    assert (again.n_cores, again.n_chips) == (1, 1)
    array = priced("45nm_memory")
    assert (array.n_cores, array.n_chips) == (0, 0)


def job(folder: Path) -> str:
    path = folder / "job.json"
    path.write_text(json.dumps({"network": NETWORK.to_dict(), "rate": 0.1}))
    return str(path)


def test_a_chip_with_ticks_is_priced_under_lock_step_by_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [job(tmp_path), "--profile", "loihi,truenorth,45nm_memory,odin", "--weight-bits", "8"]
    assert __main__.main(arguments) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert [rows[name][1] for name in ("loihi", "truenorth", "45nm_memory")] == [
        "lock_step",
        "lock_step",
        "layer_serial",
    ]
    assert rows["loihi"][-1] == "1"
    assert rows["odin"][1] == "refused:"
    assert __main__.main([*arguments, "--execution", "layer_serial"]) == 0
    assert "lock_step" not in capsys.readouterr().out


def test_a_chip_with_ticks_under_layer_serial_says_that_it_does_not_work_so() -> None:
    told = "this chip steps all its cores together (tick_s)"
    assert any(told in note for note in on("truenorth", "layer_serial").notes)
    assert not any("steps all its cores" in note for note in on("truenorth").notes)


def test_one_used_core_that_pays_for_a_whole_chip_is_told() -> None:
    notes = {name: " ".join(on(name).notes) for name in ("truenorth", "truenorth_1v0", "loihi")}
    assert (
        "static power of the whole chip; 1 of 4,096 cores used, 100.0 % of the energy" in notes["truenorth"]
    )
    assert "static power of the used cores alone; 1 of 4,096 cores used, " in notes["truenorth_1v0"]
    share = f"{100 * on('loihi').static_pj / on('loihi').total_pj:.1f} % of the energy"
    assert f"static power of the used cores alone; 1 of 128 cores used, {share}" in notes["loihi"]


def test_a_cost_is_printed_in_a_few_lines() -> None:
    for cost in (on("loihi"), priced("45nm_memory")):
        assert len(str(cost).splitlines()) <= 5
        assert len(repr(cost)) < 120
        assert shown(cost.total_pj, "energy_pj") in repr(cost)
    assert "cores      1, chips 1" in str(on("loihi"))
    assert "dataflow   tick_batched" in str(priced("45nm_memory"))
    assert len(repr(h.bound(NETWORK, "45nm_memory"))) < 250


def test_what_lies_within_the_price_of_an_operation_is_counted() -> None:
    assert on("loihi").not_counted() == {}
    assert set(on("truenorth").not_counted()) == {"neuron_update", "message"}
    assert "weight_read" in priced("45nm_paper_simple").not_counted()


@pytest.mark.parametrize("name", ["45nm_paper_simple", "loihi"])
def test_no_dataflow_is_told_where_memory_has_no_price(name: str) -> None:
    cost = priced(name, assume=EIGHT)
    assert cost.dataflows == {}
    assert not any(note.startswith("dataflow") for note in cost.notes)


def test_only_assumptions_that_a_cost_rests_on_are_listed() -> None:
    def listed(profile: h.Profile | str, execution: str = "layer_serial") -> set[str]:
        [note] = [n for n in priced(profile, execution).notes if n.startswith("assumed numbers")]
        return set(note.partition(": ")[2].split(", "))

    assert {"leakage", "register", "accumulator_buffer_bits"} <= listed("45nm_memory")
    assert "sync_cycles" not in listed("45nm_memory")
    assert "accumulator_buffer_bits" not in listed("45nm_paper_simple")
    assert "accumulator_buffer_bits" not in listed(h.load_profile("45nm_memory").where(dataflow="none"))
    assert "fifo_words" not in listed("45nm_memory")


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (0.5, "energy_pj", "0.5 pJ"),
        (999.96, "energy_pj", "1 nJ"),
        (61234, "energy_pj", "61.23 nJ"),
        (2.5e8, "energy_pj", "250 uJ"),
        (3e9, "energy_pj", "3 mJ"),
        (0, "energy_pj", "0 pJ"),
        (4.5e-8, "latency_s", "45 ns"),
        (8192 * 1.5, "footprint_bits", "1.5 KiB"),
    ],
)
def test_units_fit_their_values(value: float, metric: str, text: str) -> None:
    assert shown(value, metric) == text


def test_a_job_with_a_rate_is_no_mean_of_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([job(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "expected at rate 0.1" in out
    assert "samples" not in out.splitlines()[0]


def test_bounds_are_a_table_unless_json_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [job(tmp_path), "--bound", "--profile", "45nm_memory,odin"]
    assert __main__.main(arguments) == 0
    head, first, refused = capsys.readouterr().out.splitlines()
    low, high = h.bound(NETWORK, "45nm_memory", 0.1).energy_pj
    assert head.startswith("profile")
    assert f"{shown(low, 'energy_pj')}  " in first
    assert f"{shown(high, 'energy_pj')}  " in first
    assert refused.split()[:2] == ["odin", "refused:"]
    assert __main__.main([*arguments, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["45nm_memory"]["energy_pj"] == [low, high]
    assert content["odin"].keys() == {"refused"}


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = [sys.executable, "-m", "hwcost", "--schema"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()
