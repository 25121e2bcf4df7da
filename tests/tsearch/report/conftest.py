"""Runs that nobody searched: made-up accuracies and spikes, real prices, in the shapes that real runs have."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from pathlib import Path
from typing import Any

import pytest
import yaml

from hwcost import NetworkSpec, SpikeRecord
from hwcost.network.fan_out import class_sizes
from tsearch.configuration import Configuration, DataSpec, Hardware, Phase, Result
from tsearch.data import describe_dataset
from tsearch.engine.events import quiet
from tsearch.engine.replicate import Replicate
from tsearch.engine.run import run as search
from tsearch.engine.run_file import RunFile
from tsearch.engine.run_folder import Run, Trial
from tsearch.engine.trial import StoredResult
from tsearch.errors import TsearchError
from tsearch.front import Front
from tsearch.frozen import content_hash
from tsearch.pricing.describe import describe_network
from tsearch.pricing.price import metrics_of, price, reuse_metrics
from tsearch.replication.confirmation.verdict import Twin, Verdict, Word
from tsearch.replication.interval import Interval
from tsearch.space.file import parse_space

MakeRun = Callable[..., Run]
N_SAMPLES, N_EVENTS = 300, 2581
UNIFORM = tuple((t, t, t) for t in (1, 2, 3, 4, 6, 8))
SHRINKING = (
    (2, 1, 1),
    (3, 1, 1),
    (4, 2, 1),
    (6, 1, 1),
    (6, 2, 1),
    (6, 3, 1),
    (8, 4, 2),
    (8, 4, 3),
    (8, 8, 4),
    (8, 2, 2),
)
DATA = DataSpec(name="digits_dvs")
BOXES = {
    "accuracy": (0.1, 1.0),
    "energy_pj": (5e6, 5e4),
    "latency_s": (1e-2, 1e-5),
    "footprint_bits": (4e6, 2e5),
}


def configuration(timesteps: tuple[int, ...]) -> Configuration:
    leading = (Phase(timesteps=(8, 8, 8), epochs=6),) if timesteps[0] > 4 else ()
    return Configuration(
        stages=(1, 1, 1),
        schedule=(*leading, Phase(timesteps=timesteps, epochs=20)),
        temporal_transformer="score_mix",
    )


def activity(network: NetworkSpec) -> SpikeRecord:
    """Every neuron at one rate, but that the first steps are quieter; the same input events for all timesteps."""
    record = SpikeRecord.constant(network, 0.12, N_SAMPLES)
    first, *_ = network.layers
    layers = {
        name: replace(
            spikes, outputs=tuple(int(n * (1 - 0.7 * exp(-t))) for t, n in enumerate(spikes.outputs))
        )
        for name, spikes in record.layers.items()
    }
    steps = network.timesteps(first)
    mean = (
        N_EVENTS / first.n_inputs / steps
    )  # events per pixel and step; the pixels that saw one or more follow Poisson
    sums = [[int(mean * size * N_SAMPLES) for size in class_sizes(first)]] * steps
    events = [[int((1 - exp(-mean)) * size * N_SAMPLES) for size in class_sizes(first)]] * steps
    layers[first.name] = replace(layers[first.name], events=events, sums=sums)  # type: ignore[arg-type]
    return SpikeRecord(layers, N_SAMPLES)


def accuracy(timesteps: tuple[int, ...], number: int) -> float:
    mean = 0.6 * timesteps[0] + 0.4 * sum(timesteps) / len(timesteps)
    return round(N_SAMPLES * (0.9 - 0.75 * exp(-0.45 * mean) + 0.01 * ((number * 7) % 5 - 2))) / N_SAMPLES


def result_of(what: Configuration, number: int) -> Result:
    network = describe_network(what, describe_dataset(DATA))
    record, hardware = activity(network), Hardware()
    costs = price(network, record, hardware)
    return Result(
        configuration=what,
        budget=what.epochs,
        metrics={"accuracy": accuracy(what.timesteps, number)}
        | metrics_of(costs, hardware)
        | reuse_metrics(network, record, hardware),
        costs={name: cost.to_dict() for name, cost in costs.items()},
        spikes={"network": network.to_dict(), "record": record.to_dict()},
        n_samples={"train": 997, "validation": N_SAMPLES},
        versions={"tsearch": "0.1.0"},
    )


@dataclass(frozen=True)
class MadeUpRun(Run):
    """A run without a folder. Where `has_weights`, it says that it holds those of all its trials; none can be read."""

    has_weights: bool = True

    def has_checkpoint(self, trial: Trial) -> bool:
        return self.has_weights and trial in self.trials

    def checkpoint(self, trial: Trial) -> bytes:
        raise TsearchError(f"trial {trial.number} was never trained")


def key_of(what: Any) -> str:
    return what.key if isinstance(what, Configuration) else content_hash(what)


def run_of(
    results: Sequence[Result],
    objectives: Sequence[str] = ("accuracy", "energy_pj", "latency_s"),
    errors: Sequence[str] = (),
    name: str = "demo",
    folder: Path | None = None,
    has_weights: bool = True,
    **content: Any,
) -> Run:
    """A run with a complete trial per result, and a failed one per error."""
    trials = []
    for number, result in enumerate(results):
        what = result.configuration
        is_uniform = isinstance(what, Configuration) and len(set(what.timesteps)) == 1
        origin = "baseline" if is_uniform else "proposed"
        finished = f"2026-01-01T00:{number:02d}:00+00:00"
        trials.append(Trial(number, key_of(what), "complete", origin, what, result, None, finished))  # type: ignore[arg-type]
    what = results[0].configuration if results else configuration((5, 3, 1))
    what = configuration((5, 3, 1)) if isinstance(what, Configuration) else what
    for number, error in enumerate(errors, start=len(trials)):
        trials.append(
            Trial(number, key_of(what), "failed", "proposed", what, None, error, "2026-01-01T01:00:00+00:00")
        )
    content = {
        "name": name,
        "seed": 0,
        "trials": len(trials),
        "task": {"data": DATA.model_dump(), "hardware": {}, "seed": 0},
        "objectives": [
            {"name": o, "direction": "maximize" if o == "accuracy" else "minimize"} for o in objectives
        ],
        "reference": {o: BOXES.get(o, (1.0, 0.0))[0] for o in objectives},
        "ideal": {o: BOXES.get(o, (1.0, 0.0))[1] for o in objectives},
        **content,
    }
    file, place = RunFile.model_validate(content), folder or Path("runs") / name
    return MadeUpRun(place, file, tuple(trials), has_weights=has_weights)


def with_replicates(run: Run, n: int = 3) -> Run:
    """The same run, every member of its front trained `n` times again, a little worse than in the search."""
    again = [
        Replicate(
            key=point.key,
            replicate=1 + i,
            state="complete",
            configuration=point.configuration,
            summary=StoredResult(_worse(point.metrics, i), {"validation": N_SAMPLES}, 1.0, _nothing),
        )
        for point in Front.of(run).points
        for i in range(n)
    ]
    return replace(run, replicates=tuple(again))


def _worse(metrics: Mapping[str, float], i: int) -> dict[str, float]:
    worse = {
        "accuracy": metrics["accuracy"] - 0.02 + 0.01 * i,
        "energy_pj": metrics["energy_pj"] * (1 + 0.01 * i),
    }
    return {**metrics, **worse}


def _nothing() -> Result:
    raise AssertionError("the whole result is not needed")


def verdict(word: Word, run: Run, number: int = 6, twin: int = 2) -> Verdict:
    """A verdict about trial `number` of `run` against the uniform trial `twin`."""
    low, high = {"saves": (0.1, 0.2), "not shown": (-0.1, 0.3), "costs more": (-0.3, -0.1)}[word]
    key, uniform = run.trials[number].key, run.trials[twin].key
    return Verdict(
        number=number,
        key=key,
        label="T=(2, 1, 1)",
        cost="energy_pj",
        word=word,
        twins=(Twin(timesteps=2, key=key), Twin(timesteps=3, key=uniform)),
        saving=Interval(value=(low + high) / 2, low=low, high=high),
        gap=Interval(value=0.0, low=-0.02, high=0.02),
        above_curve=Interval(value=0.03, low=0.01, high=0.05),
        p=0.01,
        p_holm=0.01,
        resolvable=0.02,
        n_replicates=5,
        n_samples=300,
        n_groups=60,
    )


@pytest.fixture(scope="session")
def results() -> list[Result]:
    """Six uniform baselines and ten shrinking vectors."""
    return [
        result_of(configuration(timesteps), number) for number, timesteps in enumerate((*UNIFORM, *SHRINKING))
    ]


@pytest.fixture(scope="session")
def make_run() -> MakeRun:
    """`run_of`, for tests that want a run of their own making."""
    return run_of


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The run of these tests is called runs/demo, as that of `make demo` is."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    yield
    os.chdir(before)


@pytest.fixture(scope="session")
def trained_again() -> Callable[..., Run]:
    """`with_replicates`: a run whose front was trained again."""
    return with_replicates


@pytest.fixture(scope="session")
def make_verdict() -> Callable[..., Verdict]:
    """`verdict`, of any word."""
    return verdict


PATHS = """
name: paths
data: {name: digits_dvs}
stages: [[1, 1, 1]]
timesteps: [1]
temporal_transformer: bucket
schedule:
  epochs: 2
  leading: [[5], [5, 4], [5, 3], [5, 2], [5, 4, 3], [5, 4, 2], [5, 3, 2], [5, 4, 3, 2]]
  leading_epochs: 2
objectives: [accuracy, energy_pj]
search: {trials: 8, baselines: none, proposer: random}
"""


def pretend(what: Configuration, budget: int, _resume_from: bytes | None, _task: Any) -> Result:
    """A result of made-up spikes, whose neurons leak less and fire later with every phase."""
    result = result_of(what, budget)
    depth = len(what.schedule)
    layers = [layer.name for layer in NetworkSpec.from_dict(result.spikes["network"]).layers[:-1]]
    neurons = {
        layer: {"threshold": 0.5 + 0.1 * depth, "leak": 0.9 + 0.01 * i} for i, layer in enumerate(layers)
    }
    checkpoint = b"weights" if what.timesteps != (1, 1, 1) else None
    return result.model_copy(update={"neurons": neurons, "checkpoint": checkpoint})


@pytest.fixture(scope="session")
def run_of_paths(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All eight schedules between 5 timesteps and 1, their phases shared."""
    space = parse_space(PATHS, "paths.yaml")
    return search(space, pretend, runs=tmp_path_factory.mktemp("paths"), executor="inline", listener=quiet)


@pytest.fixture(scope="session")
def run_of_families(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two families, each from 2 timesteps to 1 behind 3."""
    content = yaml.safe_load(PATHS)
    content["backbone"] = [{"name": "vgg"}, {"name": "resnet18", "width": 4, "blocks": [1, 1]}]
    content |= {"timesteps": [1, 2], "search": {"trials": 4, "baselines": "none", "proposer": "random"}}
    content["schedule"]["leading"] = [[3]]
    space = parse_space(yaml.safe_dump(content), "families.yaml")
    return search(space, pretend, runs=tmp_path_factory.mktemp("families"), executor="inline", listener=quiet)
