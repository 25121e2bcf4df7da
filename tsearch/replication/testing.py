"""Answers on test samples: measured once per configuration and replicate, then kept in the run's `tests` folder.

tests/<key>.r<replicate>.json    accuracy, number of samples, which were answered right

Runs of earlier versions hold `tests/<key>.json` without the answers: that is the replicate of the search.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tsearch.configuration import Configuration, Result, Task
from tsearch.engine.run_folder import Run
from tsearch.engine.store import CheckpointName, checkpoint_path, read_checkpoint
from tsearch.errors import TsearchError
from tsearch.files.reading import JSON_BYTES, parse_json, read_bytes
from tsearch.files.whole import full_disk_is_an_error, write_whole
from tsearch.flags import pack, unpack

if TYPE_CHECKING:
    import torch

EVALUATOR = "tsearch.replication.testing:test_of"


@dataclass(frozen=True)
class Tested:
    """Accuracy on the test samples, their number, and which were answered right, bool [N]; None where an earlier
    version kept the accuracy alone."""

    accuracy: float
    n_samples: int
    right: NDArray[np.bool_] | None


def test_result(run: Run, configuration: Configuration, replicate: int) -> Tested:
    """What a configuration answers on test samples, measured now unless it is stored. Raises: TsearchError where
    weights or data are missing."""
    key = _key(run, configuration, replicate)
    found = stored(run, key, replicate)
    if found is not None:
        return found
    import torch

    weights = weights_of(run, configuration, replicate)
    task = run.task.model_copy(update={"replicate": replicate})
    result = _measured(configuration, weights, task, torch.device("cpu"))
    with suppress(TsearchError):  # a run that cannot be written is measured again
        keep(run, key, replicate, result)
    return _tested(result.metrics["accuracy"], result.n_samples["test"], result.right["test"])


def test_of(configuration: Configuration, budget: int, checkpoint: bytes | None, task: Task) -> Result:
    """The same in a worker: an evaluator that trains nothing, of the weights in `checkpoint`."""
    from tsearch.training.device import device

    assert checkpoint is not None
    result = _measured(configuration, checkpoint, task, device(task.compute.device))
    return result.model_copy(update={"budget": budget})


def stored(run: Run, key: str, replicate: int) -> Tested | None:
    """What was measured before; None where nothing was, or it is damaged."""
    older = [run.folder / "tests" / f"{key}.json"] if replicate == run.task.replicate else []
    for path in (_path(run, key, replicate), *older):
        with suppress(FileNotFoundError, ValueError, TypeError, LookupError, OverflowError):
            content = parse_json(read_bytes(path, JSON_BYTES))
            return _tested(float(content["accuracy"]), int(content["n_samples"]), content.get("right"))
    return None


def n_stored(run: Run) -> int:
    """How many trainings of a run have answered test samples."""
    return len(list((run.folder / "tests").glob("[!.]*.json")))


def keep(run: Run, key: str, replicate: int, result: Result) -> None:
    """Put what a pass over the test samples gave on disk."""
    path = _path(run, key, replicate)
    if path.is_dir():
        raise TsearchError(f"{path}: a folder is in its place. Move it away, then go on as before.")
    with full_disk_is_an_error(path):
        path.parent.mkdir(exist_ok=True)
    content = {
        "accuracy": result.metrics["accuracy"],
        "n_samples": result.n_samples["test"],
        "right": result.right["test"],
    }
    write_whole(path, json.dumps(content).encode())


def weights_of(run: Run, configuration: Configuration, replicate: int) -> bytes:
    """The weights at the end of a training. Raises: TsearchError if the run holds none."""
    name = _checkpoint_name(run, configuration, replicate)
    weights = read_checkpoint(run.folder, name)
    if weights is None:
        raise TsearchError(f"{checkpoint_path(run.folder, name)}: this run holds no weights of it.")
    return weights


def has_weights(run: Run, configuration: Configuration, replicate: int) -> bool:
    """Whether the run holds the weights at the end of a training."""
    return checkpoint_path(run.folder, _checkpoint_name(run, configuration, replicate)).is_file()


def _measured(configuration: Configuration, checkpoint: bytes, task: Task, where: "torch.device") -> Result:
    from tsearch.data import load_dataset
    from tsearch.networks.build import build
    from tsearch.networks.weights import current_names, load_weights
    from tsearch.training.checkpoints import unpack_weights
    from tsearch.training.evaluate import measure, one_thread

    dataset = load_dataset(task.data)
    network = build(configuration, dataset.shape, dataset.n_classes, is_static=dataset.is_static)
    load_weights(network, current_names(unpack_weights(checkpoint), configuration))
    with one_thread():
        measured = measure(network.to(where), dataset, dataset.test, seed=task.seeds)
    return Result(
        configuration=configuration,
        budget=configuration.epochs,
        metrics={"accuracy": measured.accuracy},
        n_samples={"test": measured.n_samples},
        right={"test": pack(measured.right)},
    )


def _tested(accuracy: float, n_samples: int, right: str | None) -> Tested:
    return Tested(accuracy, n_samples, None if right is None else unpack(right, n_samples))


def _path(run: Run, key: str, replicate: int) -> Path:
    return run.folder / "tests" / f"{key}.r{replicate}.json"


def _checkpoint_name(run: Run, configuration: Configuration, replicate: int) -> CheckpointName:
    return CheckpointName(_key(run, configuration, replicate), replicate, run.space.epochs(configuration))


def _key(run: Run, configuration: Configuration, replicate: int) -> str:
    """A trial keeps the key that it was given, also where today's would be another."""
    if replicate == run.task.replicate:
        for trial in run.trials:
            if trial.configuration == configuration:
                return trial.key
    return run.space.key(configuration)
