"""A run whose confirmation takes milliseconds: energies and answers in closed form, on the test samples of `digits`.

Workers import this module by name. Environment variables say what is special:

    TOY_LOG    file that gets one line per training ("train KEY rN") and per pass over test samples ("test ...")
    TOY_COST   factor on the energy of fresh replicates of networks with non-uniform timesteps
    TOY_GAIN   accuracy of networks with non-uniform timesteps above the uniform curve, on test samples
    TOY_MIX    factor on the energy of uniform networks that mix timesteps into as many
    TOY_FAIL   timesteps such as "2,2": fresh replicates of these diverge
    TOY_SLEEP  seconds that a training takes
"""

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from tsearch.configuration import Configuration, DataSpec, Hardware, Result, Task
from tsearch.engine.run import run
from tsearch.engine.run_folder import Run
from tsearch.flags import pack
from tsearch.space.domains import Choice, Real
from tsearch.space.goals import ConfirmSettings, Objective, SearchSettings
from tsearch.space.space import SearchSpace

N_TEST = 500  # of `digits`
IDEAL = {"accuracy": 1.0, "energy_pj": 1e3}
REFERENCE = {"accuracy": 0.0, "energy_pj": 1e5}


def train(configuration: Configuration, budget: int, _resume_from: bytes | None, task: Task) -> Result:
    """On validation, in the search, (3, 1) promises much; energies vary a little between replicates."""
    _log("train", configuration, task)
    time.sleep(float(os.environ.get("TOY_SLEEP", 0)))
    if task.replicate and _timesteps(configuration) == os.environ.get("TOY_FAIL"):
        raise RuntimeError("it diverged")
    rng = np.random.default_rng([int(configuration.key, 16), task.replicate])
    metrics = {
        "accuracy": _curve(energy(configuration)) + 0.2 * (not _is_uniform(configuration)),
        "energy_pj": energy(configuration) * (1 + 0.01 * rng.uniform(-1, 1)),
    }
    if len(configuration.stages) > 1 and configuration.temporal_transformer == "score_mix":
        metrics["energy_pj"] *= float(os.environ.get("TOY_MIX", 1)) if _is_uniform(configuration) else 1.0
    if task.replicate and not _is_uniform(configuration):
        metrics["energy_pj"] *= float(os.environ.get("TOY_COST", 1))
    return Result(
        configuration=configuration,
        budget=budget,
        metrics=metrics,
        checkpoint=b"weights",
        n_samples={"validation": 300},
    )


def answer(configuration: Configuration, budget: int, checkpoint: bytes | None, task: Task) -> Result:
    """The pass over test samples: each is right with the probability of the curve, and the gain."""
    assert checkpoint == b"weights"
    _log("test", configuration, task)
    gain = float(os.environ.get("TOY_GAIN", 0)) * (not _is_uniform(configuration))
    rng = np.random.default_rng([int(configuration.key, 16), task.replicate, 1])
    right = rng.random(N_TEST) < _curve(energy(configuration)) + gain
    return Result(
        configuration=configuration,
        budget=budget,
        metrics={"accuracy": float(right.mean())},
        n_samples={"test": N_TEST},
        right={"test": pack(right)},
    )


def energy(configuration: Configuration) -> float:
    """In pJ; two stages cost a little more than one."""
    steps = sum(n * t for n, t in zip(configuration.stages, configuration.timesteps, strict=True))
    return 1e3 * (steps + 0.3 * (not _is_uniform(configuration)))


def make_space(
    confirm: ConfirmSettings | None = None, trials: int = 8, mode: str = "bucket", **search: Any
) -> SearchSpace:
    """Two blocks, one to four timesteps; (3, 1) and (2, 1) are tried after the uniform networks."""
    space = SearchSpace(
        name="toy",
        data=DataSpec(name="digits"),
        hardware=Hardware(),
        objectives=(
            Objective(name="accuracy", direction="maximize"),
            Objective(name="energy_pj", direction="minimize"),
        ),
        search=SearchSettings(
            **({"trials": trials, "proposer": "tpe", "ordered": True, "batch": 2} | search)
        ),
        confirm=confirm,
        reference=REFERENCE,
        divisions="any",
        timesteps=(1, 2, 3, 4),
        leading=Choice(((),)),
        epochs=2,
        leading_epochs=1,
        settings={
            "backbone.widths": Choice(((4, 4),)),
            "temporal_transformer": Choice((mode,)),
            "training.learning_rate": Real(1e-3, 1e-1, log=True, default=0.01),
        },
        source_text="name: toy\n",
    )
    names = space.parameters()
    assert names
    uniform = space.baselines()[0]
    tried = [_with(uniform, (1, 1), timesteps) for timesteps in ((3, 1), (2, 1))]
    return space.model_copy(update={"enqueued": tuple(tried)})


def search(runs: Path, name: str = "toy", space: SearchSpace | None = None, **given: Any) -> Run:
    """Search in this process."""
    given = {"executor": "inline"} | given
    return run(space or make_space(), "confirmable:train", name=name, runs=runs, ideal=IDEAL, **given)


def _with(configuration: Configuration, stages: tuple[int, ...], timesteps: tuple[int, ...]) -> Configuration:
    phase = configuration.schedule[-1].model_copy(update={"timesteps": timesteps})
    return configuration.model_copy(update={"stages": stages, "schedule": (phase,)})


def _curve(energy_pj: float) -> float:
    return 0.3 + 0.25 * math.log(energy_pj / 1e3)


def _is_uniform(configuration: Configuration) -> bool:
    return len(set(configuration.timesteps)) == 1


def _timesteps(configuration: Configuration) -> str:
    return ",".join(map(str, configuration.timesteps))


def _log(what: str, configuration: Configuration, task: Task) -> None:
    if "TOY_LOG" in os.environ:
        with open(os.environ["TOY_LOG"], "a") as file:
            file.write(f"{what} {configuration.key} r{task.replicate}\n")
