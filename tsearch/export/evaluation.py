"""Accuracy on test samples: of a trial, measured once and kept in its run, and of a bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch.configuration import DataSpec, Task
from tsearch.errors import TsearchError
from tsearch.export.bundle import Bundle
from tsearch.replication.testing import test_result

if TYPE_CHECKING:
    from tsearch.data import Dataset
    from tsearch.engine.run_folder import Run, Trial
    from tsearch.networks.build import Network


def accuracy_on_test(run: "Run", trial: "Trial") -> dict[str, float]:
    """Accuracy of a trial on the test samples and their number, `accuracy` and `n_samples`.

    Measured once, then kept in the run's `tests` folder. Raises: TsearchError where weights or data are missing.
    """
    tested = test_result(run, trial.configuration, run.task.replicate)
    return {"accuracy": tested.accuracy, "n_samples": float(tested.n_samples)}


def evaluate_bundle(folder: str | Path, data: str | None = None, root: str | None = None) -> dict[str, Any]:
    """Accuracy of a bundle: the test result stored in it, or, with `data` (a data set's name), a fresh pass
    over that set's test samples. Raises: TsearchError if the data do not fit the network."""
    bundle = Bundle(folder)
    contents = bundle.contents
    last = contents.configuration.schedule[-1]
    compressed = {"sparsity": last.sparsity, "weight_bits": last.weight_bits}
    if data is None:
        return {
            "data": contents.task.data.name,
            "split": "test",
            "stored": True,
            **contents.test,
            **compressed,
        }
    dataset = _fitting_dataset(bundle, data, root)
    measured = _measured(bundle.load(), dataset, bundle.contents.task)
    return {"data": data, "split": "test", "stored": False} | {
        "accuracy": measured["accuracy"],
        "n_samples": int(measured["n_samples"]),
        **compressed,
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


def _measured(network: "Network", dataset: "Dataset", task: Task) -> dict[str, float]:
    from tsearch.training.evaluate import measure, one_thread

    with one_thread():
        measured = measure(network, dataset, dataset.test, seed=task.seeds)
    return {"accuracy": measured.accuracy, "n_samples": float(measured.n_samples)}
