"""A bundle of one training, without a run around it."""

from pathlib import Path

from tsearch.configuration import Configuration, Result, Task
from tsearch.data import describe_dataset
from tsearch.export.card import card
from tsearch.export.contents import FORMAT, Contents
from tsearch.export.write import _inference_weights, _layer_timesteps, _write


def written(folder: Path, configuration: Configuration, task: Task, result: Result) -> Path:
    """The bundle of a whole training of `configuration` in `folder`."""
    info = describe_dataset(task.data)
    contents = Contents(
        format=FORMAT, run="r", trial=0, configuration=configuration, task=task, input_shape=info.shape,
        n_classes=info.n_classes, metrics=result.metrics, n_samples=result.n_samples,
        test={"accuracy": 0.5, "n_samples": 1.0}, probe=result.probe, versions=result.versions,
    )  # fmt: skip
    steps = _layer_timesteps(contents, result.checkpoint)
    contents = contents.model_copy(update={"layer_timesteps": steps})
    weights = _inference_weights(contents, result.checkpoint)
    return _write(folder, contents, result, weights, card(contents, result.costs))
