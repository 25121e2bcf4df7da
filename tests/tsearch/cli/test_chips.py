"""What a chip refuses comes with an advice that works as it is typed; what is assumed is shown wherever it matters."""

import json
import re
from pathlib import Path

import pytest

from hwcost import load_profile
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle
from tsearch.space.file import load_space, parse_space

CHIPS = {
    "loihi": 9, "odin": 4, "seneca": 16, "spinnaker1": 16, "spinnaker2": 16, "truenorth": 9,
}  # fmt: skip
TOO_SMALL = ("odin", "truenorth")  # for the last layer of digits_dvs: 512 synapses per neuron
TINY = """\
name: tiny
data: {name: digits_dvs}
backbone: {widths: [4, 6], pool_after: [1, 2]}
timesteps: [1, 2]
schedule: {epochs: 1}
"""


@pytest.mark.parametrize("chip", [chip for chip in CHIPS if chip not in TOO_SMALL])
def test_the_advice_of_a_chip_works_as_typed(type_in, chip: str) -> None:
    code, _, err = type_in("check", "digits_dvs", "--profile", chip)
    assert code == 2
    advice = re.search(r"add (--assume \w+=\d+)", err)
    assert advice
    code, out, _ = type_in("check", "digits_dvs", "--profile", chip, *advice[1].split())
    assert code == 0
    assert f"profile {chip}, assuming weight_bits={CHIPS[chip]}" in out


@pytest.mark.parametrize("chip", TOO_SMALL)
def test_a_chip_that_no_assumption_helps_does_not_advise_one(type_in, chip: str, tmp_path: Path) -> None:
    code, _, err = type_in("check", "digits_dvs", "--profile", chip)
    assert code == 2
    assert "layer 'head': 512 synapses per neuron" in err
    assert "assume" not in err
    pooled = tmp_path / "pooled.yaml"  # the advice, "Change the backbone", followed
    widths = (
        "widths: [4, 4]\n  pool_after: [1, 2]" if chip != "odin" else "widths: [1, 1]\n  pool_after: [1, 2]"
    )
    text = TINY.replace("{widths: [4, 6], pool_after: [1, 2]}", "\n  " + widths)
    pooled.write_text(text)
    _, _, err = type_in("check", str(pooled), "--profile", chip)
    advice = re.search(r"add (--assume \w+=\d+)", err)
    if chip == "odin":  # 256 neurons, fewer than one map of 16 x 16 and the next layer
        assert "neurons, profile 'odin' has 256" in err
        return
    assert advice
    assert type_in("check", str(pooled), "--profile", chip, *advice[1].split())[0] == 0


def test_every_chip_with_a_limit_is_tried_here() -> None:
    assert {chip: load_profile(chip).capacity["weight_bits"].value for chip in CHIPS} == CHIPS


def test_a_space_file_and_the_shell_assume_alike(type_in, tmp_path: Path) -> None:
    text = TINY + "hardware: {profile: loihi, also: [], assume: {weight_bits: 8}}\n"
    assert parse_space(text).hardware.assume == {"weight_bits": 8}
    (tmp_path / "tiny.yaml").write_text(text)
    _, out, _ = type_in("check", str(tmp_path / "tiny.yaml"), "--json")
    assert json.loads(out)["assume"] == {"weight_bits": 8}
    _, out, _ = type_in("check", str(tmp_path / "tiny.yaml"), "--json", "--assume", "bias_bits=16")
    assert json.loads(out)["assume"] == {"weight_bits": 8, "bias_bits": 16}


@pytest.mark.parametrize("widths", ["{weight_bit: 8}", "{weight_bits: 2000}"])
def test_what_cannot_be_assumed_is_told_with_its_line(widths: str) -> None:
    with pytest.raises(
        TsearchError, match=r"space.yaml:6: hardware.assume: cannot assume weight_bit.*Known: weight_bits"
    ):
        parse_space(TINY + f"hardware: {{assume: {widths}}}\n")


@pytest.mark.parametrize(
    "text", ["weight_bits", "weight_bits=", "weight_bits=²", "=8", "weight_bits=" + "9" * 5000]
)
def test_a_malformed_what_if_is_one_line(type_in, text: str) -> None:
    code, _, err = type_in("run", "digits_dvs", "--assume", text)
    assert (code, err.count("\n")) == (2, 1)
    assert "a what-if is NAME=BITS" in err


def test_what_a_run_assumed_goes_along_to_table_card_and_price(type_in, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    flags = ["--runs", str(tmp_path / "runs")]
    run = ["run", str(tmp_path / "tiny.yaml"), "--name", "chip", "--trials", "1", "--executor", "inline"]
    code, out, _ = type_in(*run, "--profile", "loihi", "--assume", "weight_bits=9", *flags)
    assert code == 0
    assert "priced under profile loihi, assuming weight_bits=9" in out
    shown = json.loads(type_in("show", "chip", "--json", *flags)[1])
    assert (shown["profile"], shown["assume"]) == ("loihi", {"weight_bits": 9})
    bundle = Path(type_in("export", "chip", *flags)[1].strip())
    assert "| assumed | weight_bits: 9 |" in (bundle / "card.md").read_text()
    energy_pj = shown["points"][0]["metrics"]["energy_pj"]
    priced = json.loads(type_in("cost", str(bundle), "--json")[1])["cost"]
    assert priced["totals"]["total_pj"] == energy_pj
    code, out, _ = type_in("cost", str(bundle), "--assume", "bias_bits=16")
    assert code == 0  # 9 bits of weights stay assumed: loihi has no more
    assert "what-if: weight of 9 bits" in out
    code, _, err = type_in("cost", str(bundle), "--assume", "weight_bits=32")
    assert code == 2
    assert "add --assume weight_bits=9" in err
    assert Bundle(bundle).contents.task.hardware.assume == {"weight_bits": 9}


def test_the_dense_twin_is_priced_with_the_same_assumption() -> None:
    space = load_space("digits_dvs")
    plain, narrow = (s.task().hardware for s in (space, space.with_hardware(assume={"weight_bits": 8})))
    from tsearch.data import describe_dataset
    from tsearch.pricing.describe import describe_network
    from tsearch.pricing.price import twin_metrics

    network = describe_network(space.baselines()[0], describe_dataset(space.data))
    assert twin_metrics(network, narrow)["dense_energy_pj"] < twin_metrics(network, plain)["dense_energy_pj"]


QUANTISED = """\
name: quantised
data: {name: digits_dvs}
backbone: {widths: [2, 3], pool_after: [1, 2]}
stages: [[2]]
timesteps: [1]
schedule: {epochs: 2}
compression: {sparsity: [0, 0.5], weight_bits: [32, 8, 4], epochs: 1, learning_rate: 0.1}
hardware: {profile: PROFILE, also: []}
search: {baselines: [1], trials: 3}
"""


@pytest.mark.parametrize(("widest", "fitting"), [(9, {8, 4}), (4, {4})])
def test_networks_that_fit_a_chip_only_when_quantised_are_found_and_others_never_trained(
    type_in, tmp_path: Path, widest: int, fitting: set[int]
) -> None:
    """Loihi holds weights of 9 bits; one of its kind here of 4."""
    (tmp_path / "chip.yaml").write_text(
        "extends: loihi\nabout: of narrow weights\ncapacity:\n"
        f'  weight_bits: {{value: {widest}, range: [{widest}, {widest}], unit: bit, source: "made up"}}\n'
    )
    path, flags = tmp_path / "quantised.yaml", ["--runs", str(tmp_path / "runs")]
    path.write_text(QUANTISED.replace("PROFILE", "chip.yaml"))
    space = load_space(path)
    for configuration in space.enumerate():
        bits = configuration.schedule[-1].weight_bits
        assert (space.refuse(configuration) is None) == (bits in fitting), bits
    checked = json.loads(type_in("check", str(path), "--json")[1])
    assert checked["refused"]["n"] > 0
    assert all("bits" in entry["reason"] for entry in checked["refused"]["reasons"])
    assert type_in("run", str(path), "--name", "q", "--executor", "inline", *flags)[0] == 0
    shown = json.loads(type_in("show", "q", "--all", "--json", *flags)[1])
    found = [point["settings"]["compression.weight_bits"] for point in shown["points"]]
    assert set(found) == fitting
    bundle = Path(type_in("export", "q", *flags)[1].strip())
    out = type_in("evaluate", str(bundle))[1]
    assert re.search(r"with weights of [84] bits", out)
    priced = Bundle(bundle).network_spec.layers
    assert {layer.weight_bits for layer in priced if layer.n_parameters} <= fitting
