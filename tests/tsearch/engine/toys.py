"""Evaluators that train nothing: objectives in closed form, and misbehaviour on request.

Workers import this module by name. What it is to do comes with the task, in `task.data.options`:

    log       file that gets one line per evaluation begun
    sleep_s   how long an evaluation takes
    problem   what goes wrong, see `_go_wrong`
    replicates  the problem is that of replicates alone
    every     how often it goes wrong: for configurations whose key is a multiple of this (default 1, always)
"""

import errno
import json
import math
import os
import signal
import time
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any

from tsearch.configuration import Configuration, Result, Task
from tsearch.errors import TsearchError
from tsearch.frozen import content_hash


def evaluate(configuration: Configuration, budget: int, _resume_from: bytes | None, task: Task) -> Result:
    """Accuracy grows with timesteps and has its best learning rate at 0.01; energy and latency grow with timesteps."""
    options = task.data.options
    if "log" in options:
        with open(options["log"], "a") as file:
            file.write(configuration.key + (f".r{task.replicate}" if task.replicate else "") + "\n")
    metrics = metrics_of(configuration)
    metrics["accuracy"] -= 1e-3 * task.replicate
    has_problem = "problem" in options and (task.replicate > 0 or not options.get("replicates"))
    if has_problem and int(configuration.key, 16) % options.get("every", 1) == 0:
        metrics = _go_wrong(options, metrics)
    time.sleep(options.get("sleep_s", 0.0))
    checkpoint = configuration.key.encode() * options.get("repeat", 1)
    return Result(configuration=configuration, budget=budget, metrics=metrics, checkpoint=checkpoint)


def metrics_of(configuration: Configuration) -> dict[str, float]:
    """The objectives of a configuration."""
    widths = configuration.stages
    work = sum(w * t for w, t in zip(widths, configuration.timesteps, strict=True))
    first, last = configuration.timesteps[0], configuration.timesteps[-1]
    off = math.log10(configuration.training.learning_rate) + 2
    accuracy = 0.95 - 0.5 / (first + 0.5 * last) - 0.05 * off**2
    return {
        "accuracy": accuracy,
        "energy_pj": 1e3 * work * (1 + configuration.training.dropout),
        "latency_s": 1e-6 * sum(configuration.timesteps),
        "footprint_bits": 100.0 * len(widths),
    }


def _go_wrong(options: dict[str, Any], metrics: dict[str, float]) -> dict[str, float]:
    match options["problem"]:
        case "nan":
            return metrics | {"accuracy": math.nan}
        case "infinite":
            return metrics | {"energy_pj": math.inf}
        case "missing":
            return {"accuracy": 0.5}
        case "memory":
            raise MemoryError
        case "raise":
            raise RuntimeError("mat1 and mat2 cannot be multiplied\nsecond line")
        case "data":
            raise TsearchError("data/digits: folder is missing")
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "leave":
            raise SystemExit(3)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once":
            mark = Path(options["log"] + ".died")
            with suppress(FileExistsError):
                mark.touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)
        case "print":
            print("chatter of a training")
    return metrics


def returns_a_list(*_given: Any) -> Any:
    """Not what an evaluator gives back."""
    return [1.0]


def returns_words(*_given: Any) -> Any:
    """A mapping, but not of numbers."""
    return {"accuracy": "high"}


def epoch_by_epoch(configuration: Any, budget: int, resume_from: bytes | None, task: Task) -> Result:
    """A training whose weights are the list of its epochs: each is written to the log, so that none is done twice
    unseen. Searched is `x`; the loss falls with the epochs."""
    log = Path(os.environ["TOYS_LOG"])
    epochs = json.loads(resume_from or b"[]")
    for epoch in range(len(epochs) + 1, budget + 1):
        with log.open("a") as file:
            file.write(f"{configuration['x']}:{epoch}\n")
        epochs.append(f"{configuration['x']}:{task.seed}:{epoch}")
        time.sleep(float(os.environ.get("TOYS_SLEEP_S", "0")))
    loss = configuration["x"] ** 2 + 1 / budget
    return Result(
        configuration=configuration,
        budget=budget,
        metrics={"loss": loss},
        checkpoint=json.dumps(epochs).encode(),
    )


def bowl(configuration: Any, _budget: int, _resume_from: bytes | None, _task: Task) -> dict[str, float]:
    """Best, with a loss of 0.1, at lr 0.01, width 16 and depth 3."""
    off = (math.log10(configuration["lr"]) + 2) ** 2 + 0.3 * (configuration["depth"] - 3) ** 2
    return {"loss": 0.1 + off + (configuration["width"] != 16)}


def table(configuration: Any, _budget: int, _resume_from: bytes | None, _task: Task) -> dict[str, float]:
    """A cost and a gain that both grow with `a`."""
    a, b, c = configuration["a"], configuration["b"], configuration["c"]
    return {"cost": 2 * a + len(c) + (b == "y"), "gain": a}


def phase_by_phase(
    configuration: Configuration, budget: int, resume_from: bytes | None, task: Task
) -> Result:
    """A training whose weights are a hash of all that it has been through, so that any other way to them shows. Every
    phase begun and every phase ended is written to the log."""
    epoch, state = json.loads(resume_from or b'[0, ""]')
    ends = list(accumulate(phase.epochs for phase in configuration.schedule))
    curve = []
    for number in range(epoch + 1, budget + 1):
        phase = next(i for i, end in enumerate(ends) if number <= end)
        name = f"{configuration.prefix_key(phase)}.r{task.replicate}"
        if number - 1 in (0, *ends):
            _write(task, f"begun:{name}")
            _die_once(task, configuration.schedule[phase].timesteps)
        state = content_hash([state, name, number, task.seed])
        curve.append({"epoch": float(number), "loss": int(state, 16) / 16**16})
        time.sleep(task.data.options.get("sleep_s", 0.0))
        if number in ends:
            _write(task, f"ended:{name}")
    metrics = metrics_of(configuration) | {"accuracy": int(state, 16) / 16**16}
    checkpoint = json.dumps([budget, state]).encode()
    options = task.data.options
    ends_at = {
        phase.timesteps[0]
        for phase, end in zip(configuration.schedule, ends, strict=True)
        if epoch < end <= budget
    }
    if options.get("diverges") in ends_at and (task.replicate or not options.get("only_replicates")):
        raise ArithmeticError("the loss is nan")
    return Result(
        configuration=configuration, budget=budget, metrics=metrics, curve=tuple(curve), checkpoint=checkpoint
    )


def _write(task: Task, line: str) -> None:
    if "log" in task.data.options:
        with open(task.data.options["log"], "a") as file:
            file.write(f"{line}\n")


def _die_once(task: Task, timesteps: tuple[int, ...]) -> None:
    """Die in the first phase with so many timesteps, once."""
    if task.data.options.get("dies_at") == timesteps[0]:
        with suppress(FileExistsError):
            Path(task.data.options["log"] + ".died").touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
