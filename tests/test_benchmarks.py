"""Benchmarks: each one answers `--help`, a claim that fails ends with exit code 1, and `make bench` tries them all."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
BENCHMARKS = REPOSITORY / "benchmarks"
PROGRAMS = sorted(path.name for path in BENCHMARKS.glob("*.py") if "__main__" in path.read_text())

QUICK = ("lineage.py",)  # what is run with --quick, its claims included

# All of them in one process, which imports torch once; each is started as from a shell.
ASK = """
import contextlib, io, json, runpy, sys
folder, *names = sys.argv[1:]
sys.path.insert(0, folder)
answers = {}
for name in names:
    sys.argv[:] = [name, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as told:
        try:
            runpy.run_path(f"{folder}/{name}", run_name="__main__")
            code = None
        except SystemExit as end:
            code = end.code
    answers[name] = [code, told.getvalue()]
print(json.dumps(answers))
"""

# What a benchmark is to `conclude`: lines of claims in, exit code out.
CONCLUDE = "import sys; from claims import *; sys.exit(conclude([eval(line) for line in sys.argv[1:]]))"


@pytest.fixture(scope="module")
def answers() -> dict[str, list]:
    """Exit code and text of every benchmark that is asked for `--help`."""
    command = [sys.executable, "-c", ASK, str(BENCHMARKS), *PROGRAMS]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_benchmark_answers_help_with_what_it_measures_and_how_long_it_takes(answers, name: str) -> None:
    code, text = answers[name]
    assert code == 0
    assert text.startswith(f"usage: {name}")
    assert re.search(r"(about|some|a few)\s+([\w ]+\s+)?(seconds?|minutes?|hours?)", text, re.IGNORECASE)


def test_no_benchmark_has_the_name_of_a_package() -> None:
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")}
    assert packages >= {"hwcost", "tsearch"}
    assert packages & {path.stem for path in BENCHMARKS.glob("*.py")} == set()


def test_every_benchmark_with_a_claim_ends_with_the_exit_code_of_its_claims() -> None:
    texts = {name: (BENCHMARKS / name).read_text() for name in PROGRAMS}
    claiming = [
        name for name, text in texts.items() if re.search(r"\b(at_least|at_most|holds|within)\(", text)
    ]
    assert {"executors.py", "pricing_speed.py", "search_speed.py", "training_speed.py"} <= set(claiming)
    for name in claiming:
        assert "return conclude(" in texts[name], name
        assert re.search(r"(SystemExit|sys\.exit)\(main\(", texts[name]), name


@pytest.mark.parametrize(
    ("claims", "code", "words"),
    [
        (
            ["at_least('x', [2.0, 2.1, 2.2], 1)"],
            0,
            ["PASS: x (median 2.1, 95 % interval 2 to 2.2, target >= 1)"],
        ),
        (["at_least('x', [0.5, 1.5, 2.5], 1)"], 0, ["UNDECIDED: x"]),
        (["at_least('x', [0.2, 0.3, 0.4], 1)", "holds('y', True)"], 1, ["FAIL: x (median 0.3", "PASS: y"]),
        (["holds('y', False)"], 1, ["FAIL: y"]),
        (["at_least('x', [5.0], 1)"], 0, ["UNDECIDED: x (median 5, one sample, no interval, target >= 1)"]),
        (
            ["within('x', (0.8, 1, 1.2), 1.3)"],
            0,
            ["PASS: x (ratio 1.00, interval 0.80 to 1.20, target within 1.3)"],
        ),
        (["within('x', (0.7, 1, 1.2), 1.3)"], 0, ["UNDECIDED: x"]),
        (["within('x', (0.4, 0.5, 0.6), 1.3)"], 1, ["FAIL: x (ratio 0.50"]),
        (
            ["at_most('x', (0.4, 0.5, 0.6), 1)", "at_most('y', (0.4, 0.5, 1.6), 1)"],
            0,
            ["PASS: x", "UNDECIDED: y"],
        ),
        (
            ["at_most('x', (1.1, 1.5, 1.6), 1)"],
            1,
            ["FAIL: x (ratio 1.50, interval 1.10 to 1.60, target <= 1)"],
        ),
        (["at_least('x', [0.5], 1)"], 0, ["UNDECIDED: x (median 0.5, one sample, no interval, target >= 1)"]),
    ],
)
def test_a_claim_that_fails_ends_with_exit_code_1(claims, code: int, words) -> None:
    command = [sys.executable, "-c", CONCLUDE, *claims]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    for line, expected in zip(done.stdout.strip().splitlines(), words, strict=True):
        assert line.startswith(expected)


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_make_bench_goes_on_after_a_failure_and_ends_with_an_error(tmp_path: Path) -> None:
    """The Makefile beside three benchmarks, of which the first fails, and files without a claim."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for path in ("benchmarks", ".venv/bin"):
        (tmp_path / path).mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", ".venv/ready"):
        (tmp_path / name).touch()
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    os.utime(tmp_path / ".venv" / "ready", (2**31, 2**31))
    for name, code in (("a", 1), ("b", 0), ("c", 0)):
        text = f"from claims import conclude\nprint('{name} ran')\nraise SystemExit({code})\n"
        (tmp_path / "benchmarks" / f"{name}.py").write_text(text)
    (tmp_path / "benchmarks" / "claims.py").write_text("def conclude(): ...\n")
    (tmp_path / "benchmarks" / "networks.py").write_text("print('networks ran')\n")
    done = subprocess.run(["make", "bench"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert [line for line in done.stdout.splitlines() if line.endswith("ran")] == ["a ran", "b ran", "c ran"]
    assert "failed: benchmarks/a.py" in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_quick_benchmark_keeps_its_claims(name: str) -> None:
    command = [sys.executable, str(BENCHMARKS / name), "--quick"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS: " in done.stdout
