"""`python -m hwcost`: what is wrong ends in one line, and what it prints can be used."""

import copy
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import hwcost as h
from hwcost.__main__ import main
from hwcost.cli.example import EXAMPLE
from hwcost.cli.job import job_of

JOB = yaml.safe_load(EXAMPLE)
RECORDED = {
    "network": JOB["network"],
    "spikes": h.SpikeRecord.constant(h.NetworkSpec.from_dict(JOB["network"]), 0.25, 64).to_dict(),
}


def of_many_kinds() -> dict[str, Any]:
    """A job with a sum, a recurrence, an attention and a mask, and a full record."""
    like = {"in_class": "graded", "in_max": 2}
    layers = (
        h.conv("a", (2, 4, 4), 6, 3, padding=1, neuron="lif", mask=(1, 0, 1)),
        h.conv("b", (6, 4, 4), 6, 1, neuron="if", bias=True),
        h.LayerSpec("sum", "sew_add", 0, (6, 4, 4), (6, 4, 4), other_source="a"),
        h.LayerSpec("norm", "conv2d", 0, (6, 4, 4), (6, 4, 4), kernel=(1, 1), groups=6, neuron="lif", **like),
        h.LayerSpec("mix", "attention", 0, (3, 6, 16), (6, 16), operands=(("heads", 2),), neuron="lif"),
        h.LayerSpec("cell", "lstm", 0, (96,), (7,), weight_bits=8),
        h.LayerSpec("loop", "recurrent", 0, (7,), (5,), neuron="lif"),
        h.linear("out", 5, 3),
    )
    network = h.NetworkSpec(layers, (h.StageSpec(3),))
    return {"network": network.to_dict(), "spikes": h.SpikeRecord.full(network, 3).to_dict()}


BASES = [JOB, RECORDED, of_many_kinds()]


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def job_file(folder: Path, content: Any) -> str:
    path = folder / "job.json"
    path.write_text(json.dumps(content))
    return str(path)


def with_network(**changes: Any) -> dict[str, Any]:
    return JOB | {"network": JOB["network"] | changes}


def with_layer(number: int, **changes: Any) -> dict[str, Any]:
    layers = copy.deepcopy(JOB["network"]["layers"])
    layers[number] |= changes
    return with_network(layers=layers)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_network(layers=[]), "a network needs layers and stages, got 0 and 2"),
        (with_network(stages=[]), "a network needs layers and stages, got 4 and 0"),
        (JOB | {"network": []}, "job: 'network' is a mapping, got []"),
        (with_layer(0, in_shape=4), "layer 'conv1': 'in_shape' is a list of whole numbers, got 4"),
        (with_network(stages=[2]), "stage 0: expected a mapping with timesteps, transformer, got 2"),
        (JOB | {"rate": "x"}, "job: 'rate' is a number, got 'x'"),
        (RECORDED | {"spikes": {"layers": {}}}, "spikes: n_samples missing"),
        (RECORDED | {"spikes": {"n_samples": 3}}, "spikes: layers missing"),
        (
            RECORDED | {"spikes": {"n_samples": 3, "layers": {"a": 3}}},
            "layer 'a': expected a mapping with events",
        ),
        (JOB | {"rates": 0.1}, "job: unknown key 'rates'. Did you mean 'rate'?"),
        (RECORDED | {"rate": 0.1}, "job: give either 'spikes' or 'rate' beside 'network'"),
        (JOB | {"rate": float("nan")}, "a rate is a number in [0, 1], got nan"),
        ([1], "job: expected a mapping with network, spikes, rate, got [1]"),
        (with_layer(0, name=3), "layer '3': 'name' is a text, got 3"),
        (with_layer(0, padding=[[1, 2, 3], 1]), "'padding' is a list of whole numbers or of pairs of them"),
        (with_layer(0, operands={"heads": "2"}), "'operands' is a mapping of names to whole numbers"),
        (with_layer(0, operands={"head": 2}), "unknown operand 'head'. Did you mean 'heads'?"),
        (with_layer(0, operands={"heads": 0}), "operand heads is at least 1, got 0"),
        (with_layer(3, in_shape=[10**15]), "a layer has at most 100,000,000 neurons"),
        (with_network(stages=[{"timesteps": 10**9}]), "a stage has 1 to 10,000 timesteps, got 1000000000"),
        (with_layer(1, kind="avg_pool"), "unknown kind 'avg_pool'. Did you mean 'avg_pool"),
    ],
)
def test_14_a_job_that_cannot_be_read_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Any, message: str
) -> None:
    path = job_file(tmp_path, content)
    code, out, err = ended(capsys, path)
    assert (code, out) == (2, "")
    assert err.startswith(f"{path}: ")
    assert message in err
    assert err.count("\n") == 1


def mutated(plain: Any, rng: random.Random) -> Any:
    """The same data with one to three entries nudged, changed, removed, renamed, doubled or moved."""
    changed = copy.deepcopy(plain)
    for _ in range(rng.choice((1, 1, 2, 3))):
        holders = [place for place in places(changed) if place]
        if not holders:
            return rng.choice(VALUES)
        holder = rng.choice(holders)
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        action = rng.randrange(12)
        if action == 0:
            del holder[key]
        elif action == 1 and isinstance(holder, dict):
            holder[f"{key}{rng.choice('xs_')}"] = holder.pop(key)
        elif action == 2 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif action == 3:
            holder[key] = copy.deepcopy(rng.choice(holders))
        elif action < 6:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
        else:
            holder[key] = nudged(holder[key], rng)
    return changed


def nudged(value: Any, rng: random.Random) -> Any:
    """A value near the given one, which a job may well have."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + rng.choice((-1, 1, 2))
    return rng.choice(WORDS) if isinstance(value, str) else value


WORDS = (
    "lif",
    "if",
    "analog",
    "binary",
    "graded",
    "bucket",
    "truncate",
    "score_mix",
    "soft",
    "hard",
    "conv1",
    "input",
)
VALUES: list[Any] = [
    None,
    True,
    "x",
    "",
    0,
    1,
    -1,
    2,
    7,
    1.5,
    0.0,
    10**12,
    10**30,
    float("nan"),
    float("inf"),
    [],
    {},
]
VALUES += [
    [2],
    [1, 2],
    [[1]],
    {"value": 1},
    "lif",
    "analog",
    "conv2d",
    "attention",
    "lstm",
    "input",
    "score_mix",
]


def places(plain: Any) -> Iterator[Any]:
    """All mappings and lists in plain data."""
    if isinstance(plain, dict | list):
        yield plain
        for part in plain.values() if isinstance(plain, dict) else plain:
            yield from places(part)


@pytest.mark.timeout(120)
def test_14_500_mutated_jobs_are_priced_or_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else that is raised fails here, as does a hang."""
    codes = []
    for number in range(500):
        rng = random.Random(number)
        path = job_file(tmp_path, mutated(rng.choice(BASES), rng))
        if number % 10 == 0:  # text that may be no JSON any more
            text = list(Path(path).read_text())
            text[rng.randrange(len(text))] = rng.choice("{}[],:\"'x\n\t\x00é")
            Path(path).write_text("".join(text))
        how = rng.choice([[], ["--execution", "pipelined"], ["--bound"], ["--profile", "loihi,45nm_memory"]])
        code, out, err = ended(capsys, path, *how)
        codes.append(code)
        assert (code, bool(out), err.count("\n")) in ((0, True, 0), (2, False, 1), (2, True, 0)), err
    assert min(codes.count(0), codes.count(2)) > 50


def test_the_example_runs_as_it_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ended(capsys, "--example")
    assert (code, out) == (0, EXAMPLE)
    path = tmp_path / "job.yaml"
    path.write_text(out)
    code, out, err = ended(capsys, str(path))
    assert (code, err) == (0, "")
    assert "dense twin" in out
    [command] = [line for line in EXAMPLE.splitlines() if "--profile" in line]
    arguments = command.split("python -m hwcost ")[1].replace("FILE", str(path)).split()
    code, out, _ = ended(capsys, *arguments)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["profile", "45nm_memory", "loihi"]


def test_schema_and_profiles_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "| `neurons_per_core` | neurons |" in ended(capsys, "--schema")[1]
    lines = ended(capsys, "--profiles")[1].splitlines()
    assert [line.split()[0] for line in lines] == h.known_profiles()
    covers = dict(line.split(maxsplit=1) for line in lines)
    assert covers["truenorth"] == covers["spinnaker1"] == "static power of used chips, whole"
    assert covers["loihi"] == covers["truenorth_1v0"] == "static power of used cores"
    assert covers["45nm_memory"] == "static power of stored bits (leakage)"


def test_profiles_stand_beside_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, job = job_file(tmp_path, JOB), job_of(JOB)
    code, out, _ = ended(capsys, path, "--profile", "45nm_memory,odin", "--profile", "45nm_paper_simple")
    assert code == 0
    head, first, refused, second = out.splitlines()
    assert head.split() == [
        "profile",
        "execution",
        "dataflow",
        "energy",
        "interval",
        "static",
        "latency",
        "cores",
    ]
    assert first.split()[:3] == ["45nm_memory", "layer_serial", "tick_batched"]
    cost = h.estimate(job.network, job.spikes, "45nm_memory")
    low, high = cost.interval
    assert f"{cost.total_pj / 1e3:.4g} nJ {low / 1e3:.4g} nJ to {high / 1e3:.4g} nJ" in " ".join(
        first.split()
    )
    assert f"{100 * cost.static_pj / cost.total_pj:.1f} %" in first
    assert refused.startswith("odin")
    assert "refused: " in refused
    assert second.startswith("45nm_paper_simple")
    assert ended(capsys, path, "--profile", "odin,truenorth")[0] == 2
    code, out, _ = ended(capsys, path, "--profile", "45nm_memory,odin", "--json")
    content = json.loads(out)
    assert h.Cost.from_dict(content["45nm_memory"]).total_pj == cost.total_pj
    assert content["odin"].keys() == {"refused"}


def test_a_what_if_has_words_of_other_widths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, job = job_file(tmp_path, JOB), job_of(JOB)
    expected = h.estimate(
        job.network, job.spikes, "45nm_memory", assume={"weight_bits": 8, "membrane_bits": 16}
    )
    for how in (
        ["--assume", "weight_bits=8,membrane_bits=16"],
        ["--weight-bits", "8", "--assume", "membrane_bits=16"],
    ):
        _, out, _ = ended(capsys, path, "--json", *how)
        assert h.Cost.from_dict(json.loads(out)).total_pj == expected.total_pj
    for text in ("weight_bits", "weight_bits=x", "weight_bits=-8"):
        code, _, err = ended(capsys, path, "--assume", text)
        assert code == 2
        assert "NAME=BITS expected" in err


def test_price_is_a_model_and_its_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The adapters are replaced, so that torch is not needed: model and batch reach them, their network is priced."""
    target, models = (ModuleType(f"hwcost.adapters.{name}") for name in ("target", "models"))
    job = job_of(JOB)
    target.load_target = {"model.py:net": "a model"}.__getitem__
    target.load_batch = {"spikes.npz": "a batch"}.__getitem__
    networks = {("a model", "a batch", 4, True): (job.network, job.spikes)}
    models.from_torch = lambda model, batch, *, timesteps, pruned: networks[model, batch, timesteps, pruned]
    for module in (target, models):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    arguments = ["price", "model.py:net", "--data", "spikes.npz", "--timesteps", "4", "--pruned", "--json"]
    code, out, _ = ended(capsys, *arguments)
    assert code == 0
    expected = h.estimate(job.network, job.spikes, "45nm_memory").total_pj
    assert h.Cost.from_dict(json.loads(out)).total_pj == expected
