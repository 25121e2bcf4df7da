"""The curve of `rate_weight`: small, and its arithmetic by hand."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


@pytest.mark.slow
def test_the_quick_curve_falls(tmp_path: Path) -> None:
    command = [sys.executable, "rate_weight.py", "--quick", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _, *lines = done.stdout.splitlines()
    of_energy = [float(line.split()[-2]) for line in lines]
    assert of_energy[0] == 1.0
    assert of_energy == sorted(of_energy, reverse=True)


@pytest.mark.parametrize(
    ("saving", "points", "verdict"),
    [(0.25, -0.5, "PASS"), (0.05, 0.0, "FAIL"), (0.25, -9.0, "FAIL"), (0.1, -0.5, "UNDECIDED")],
)
def test_the_claim_follows_from_both_intervals(
    monkeypatch, saving: float, points: float, verdict: str
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    bench = import_module("rate_weight")
    noise = np.array([-1, 1, -1, 1, 0, 0])
    plain = [{"energy_pj": 100.0 + n, "accuracy": 0.8} for n in noise]
    rows = {
        0.0: plain,
        bench.CLAIMED: [
            {
                "energy_pj": row["energy_pj"] * (1 - saving) * (1 + n / 100),
                "accuracy": 0.8 + (points + n / 10) / 100,
            }
            for n, row in zip(noise, plain, strict=True)
        ],
    }
    assert bench.claim(rows).startswith(verdict)
    assert f"energy -{saving:.1%}" in bench.claim(rows)
