"""Predicted against measured silicon: the networks are those that ran, ratios are those worked out on paper, and the
page shows what the program prints."""

import gzip
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import hwcost as h

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BENCHMARKS = REPOSITORY / "benchmarks"


@pytest.fixture(scope="module")
def silicon():
    """The benchmark as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield import_module("silicon")


@pytest.fixture(scope="module")
def silicon_cases(silicon):  # noqa: ARG001  on its path
    return import_module("silicon_cases")


@pytest.fixture(scope="module")
def cases(silicon) -> dict:
    return {case.name: case for case in silicon.load_cases()}


def test_every_number_has_a_source_and_says_how_sure_it_is(silicon_cases, cases) -> None:
    for case in cases.values():
        assert case.independence in "IHF"
        assert case.role in silicon_cases.ROLES
        assert case.unit in silicon_cases.UNITS
        assert case.plain["missing"]
        for name, number in case.numbers.items():
            assert number["source"], (case.name, name)
            assert number["sure"] in silicon_cases.SURE, (case.name, name)


@pytest.mark.parametrize(
    ("name", "neurons", "operations"),
    [
        ("k-NN search, 32 Loihi chips", 76_800, 708 * 76_800),
        ("DVS gesture on Loihi, through SANA-FE", 18_678, 5_437_656),
        ("PilotNet, Loihi 2, each operation counted once", 158_509, 36_560_000),
        ("N-TIDIGITS, Loihi, updates only", 818, 0),
        ("TrueNorth sweep, 20.07 Hz at 0.8 V", 1_048_576, 1_048_576 * 20.07 / 1000 * 128),
        ("ODIN at 75 MHz", 256, 37_500),
        ("SpiNNaker board, 48 chips, 250,000 neurons", 250_000, 1_800_000),
        # 80 relays, 240 recurrent neurons, 100 second compartments, 10 readouts; an input spike meets 1 + 4263/80
        ("sequential MNIST LSNN without one recurrent spike", 430, 2011 * (1 + 4263 / 80)),
    ],
)
def test_the_network_is_the_one_that_ran(
    silicon_cases, cases, name: str, neurons: int, operations: float
) -> None:
    plain = cases[name].plain
    values = {key: number["value"] for key, number in plain["inputs"].items()}
    network, record = silicon_cases.NETWORKS[plain["network"]](**values)
    assert sum(layer.n_outputs for layer in network.layers) == neurons
    cost = h.estimate(network, record, h.load_profile("45nm_int8_paper_simple"))
    assert cost.sop == pytest.approx(operations, rel=1e-4)


# Worked out from the formulas of the sources: power = cores (31.0 uW + 14.46 nJ x ticks per second) at 1.0 V;
# 64.43 mW + 2.297 pJ x events per second at 0.8 V; 27.3 uW + 1.78 uW/MHz x clock + 8.43 pJ x operations per second.
@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("TrueNorth, DVS gesture, 1 chip", 0.976),
        ("TrueNorth, CIFAR-10, 4 chips", 0.878),
        ("TrueNorth, CIFAR-10, 8 chips", 1.008),
        ("TrueNorth, CIFAR-100, 4 chips", 0.904),
        ("TrueNorth, CIFAR-100, 8 chips", 1.024),
        ("TrueNorth, 16 chips", 0.896),
        ("TrueNorth, VAD", 0.863),
        ("TrueNorth sweep, 20.07 Hz at 0.8 V", 0.995),
        ("TrueNorth sweep, 20 Hz at 0.75 V", 1.086),
        ("TrueNorth, flat 26 pJ, 11.58 Hz", 0.594),
        ("TrueNorth, flat 26 pJ, 95.93 Hz", 3.561),
        ("ODIN at 75 MHz", 1.000),
        ("ODIN at 1.3 MHz", 1.003),
        ("ODIN, flat 12.7 pJ, 1.3 MHz", 0.236),
        ("Spiker+ on an Artix-7, time of an image", (100 * 784 + 128) / 100 / 780),
    ],
)
def test_ratios_are_those_of_the_formulas(cases, name: str, ratio: float) -> None:
    assert cases[name].ratio[1] == pytest.approx(ratio, abs=2e-3)


def test_an_interval_encloses_its_value_and_the_page_shows_what_the_program_prints(silicon, cases) -> None:
    """If the second half fails: python benchmarks/silicon.py --docs"""
    every = list(cases.values())
    for case in every:
        low, value, high = case.ratio
        assert 0 < low <= value <= high, case.name
    claims = "\n".join(silicon.claims(every))
    assert [name for name, case in cases.items() if case.sure == "R" and f"{name} (" in claims] == []
    shown = silicon.PAGE.read_text().partition(silicon.BEGIN)[2].partition(silicon.END)[0].strip()
    assert shown == "\n".join(silicon.page_table(every))
    assert silicon.PICTURE.read_text() == silicon.drawn(every)


def test_the_encoder_counts_crossings_full_white_and_the_cue(tmp_path: Path) -> None:
    """One image: 0, 255, 0, ...: 38 levels are crossed up and down, one pixel is white, the cue spikes 56 times."""
    image = bytes([0, 255, *[0] * 782])
    (tmp_path / "images.gz").write_bytes(gzip.compress(bytes(16) + image))
    command = [sys.executable, str(BENCHMARKS / "smnist_input.py"), str(tmp_path / "images.gz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"1 images: {38 * 2 + 1 + 56:.1f} spikes per image")
