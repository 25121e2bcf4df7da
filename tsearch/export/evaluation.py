"""Accuracy on test samples: of a trial, measured once and kept in its run, and of a bundle."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch.configuration import DataSpec
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle
from tsearch.files.reading import JSON_BYTES, parse_json, read_bytes
from tsearch.files.whole import full_disk_is_an_error, write_whole

if TYPE_CHECKING:
    from tsearch.data import Dataset
    from tsearch.engine.run_folder import Run, Trial
    from tsearch.networks.build import Network


def accuracy_on_test(run: "Run", trial: "Trial") -> dict[str, float]:
    """Accuracy on the test samples and their number, `accuracy` and `n_samples`.

    Measured once per configuration, then kept in the run's `tests` folder. Raises: TsearchError where weights or data
    are missing.
    """
    path = run.folder / "tests" / f"{trial.key}.json"
    stored = _stored(path)
    if stored is not None:
        return stored
    from tsearch.data import load_dataset
    from tsearch.networks.build import build
    from tsearch.networks.weights import current_names, load_weights
    from tsearch.training.checkpoints import unpack_weights

    weights = unpack_weights(run.checkpoint(trial))
    dataset = load_dataset(run.task.data)
    network = build(trial.configuration, dataset.shape, dataset.n_classes, is_static=dataset.is_static)
    load_weights(network, current_names(weights, trial.configuration))
    result = _measured(network, dataset)
    with suppress(TsearchError):  # a run that cannot be written is measured again
        _keep(path, result)
    return result


def _stored(path: Path) -> dict[str, float] | None:
    """What was measured before; None where nothing was, or it is damaged."""
    try:
        stored = parse_json(read_bytes(path, JSON_BYTES))
        return {name: float(stored[name]) for name in ("accuracy", "n_samples")}
    except (FileNotFoundError, ValueError, TypeError, LookupError, OverflowError):
        return None


def _keep(path: Path, result: dict[str, float]) -> None:
    with full_disk_is_an_error(path):
        path.parent.mkdir(exist_ok=True)
    write_whole(path, json.dumps(result).encode())


def evaluate_bundle(folder: str | Path, data: str | None = None, root: str | None = None) -> dict[str, Any]:
    """Accuracy of a bundle: the test result stored in it, or, with `data` (a data set's name), a fresh pass
    over that set's test samples. Raises: TsearchError if the data do not fit the network."""
    bundle = Bundle(folder)
    contents = bundle.contents
    if data is None:
        return {"data": contents.task.data.name, "split": "test", "stored": True, **contents.test}
    dataset = _fitting_dataset(bundle, data, root)
    measured = _measured(bundle.load(), dataset)
    return {"data": data, "split": "test", "stored": False} | {
        "accuracy": measured["accuracy"],
        "n_samples": int(measured["n_samples"]),
    }


def _fitting_dataset(bundle: Bundle, data: str, root: str | None) -> "Dataset":
    from tsearch.data import load_dataset

    contents = bundle.contents
    is_same = data == contents.task.data.name
    spec = contents.task.data.model_copy(update={"root": root}) if is_same else DataSpec(name=data, root=root)
    dataset = load_dataset(spec)
    shape, n_classes = contents.input_shape, contents.n_classes
    if (dataset.shape, dataset.n_classes) != (shape, n_classes):
        raise TsearchError(
            f"{bundle.folder} takes inputs {shape} of {n_classes} classes; "
            f"'{data}' has {dataset.shape} and {dataset.n_classes}. Choose data of the same form."
        )
    return dataset


def _measured(network: "Network", dataset: "Dataset") -> dict[str, float]:
    from tsearch.training.evaluate import measure, one_thread

    with one_thread():
        measured = measure(network, dataset, dataset.test)
    return {"accuracy": measured.accuracy, "n_samples": float(measured.n_samples)}
