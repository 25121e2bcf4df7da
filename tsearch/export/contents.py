"""What configuration.yaml of a bundle holds."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tsearch.configuration import Configuration, Task
from tsearch.errors import TsearchError
from tsearch.frozen import Frozen
from tsearch.references import BadReferenceError, is_reference, resolve

FORMAT = 2
READABLE = (1, 2)  # 1: without `needs`; some settings have earlier names, which `Configuration` knows


class Contents(Frozen):
    """What a bundle is.

    Args:
        run, trial: Where it comes from.
        input_shape: Shape of a frame, (C, H, W).
        metrics: Every number measured on validation data, by name.
        n_samples: Number of samples by split.
        test: Accuracy on test samples and their number.
        probe: Hash of the logits of the first 64 validation samples.
        needs: What has to be importable to load it, 'module:name' each; empty where all of it is tsearch's own.
    """

    format: int
    run: str
    trial: int
    configuration: Configuration
    task: Task
    input_shape: tuple[int, int, int]
    n_classes: int
    metrics: dict[str, float]
    n_samples: dict[str, int]
    test: dict[str, float]
    probe: str
    versions: dict[str, str]
    needs: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """The device it was trained on: its full name, where that was recorded."""
        return self.versions.get("device", self.task.compute.device)


def needed_modules(task: Task, configuration: Configuration) -> tuple[str, ...]:
    """The references that a configuration's network and data are made from: what has to be importable wherever they
    are made again. Empty where all of it is tsearch's own."""
    return tuple(name for name in (configuration.backbone.name, task.data.name) if is_reference(name))


def read_contents(path: Path) -> Contents:
    """The contents in the file at `path`. Raises: TsearchError for a file that cannot be read, was written by a later
    version, or needs a module that is missing."""
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError:
        raise TsearchError(f"{path}: not valid YAML. Export the bundle again.") from None
    if not isinstance(content, dict) or content.get("format") not in READABLE:
        raise TsearchError(
            f"{path}: not of a format that this version reads ({_either(READABLE)}). "
            "Load it with the version that wrote it, or export the bundle again."
        )
    _require_modules(path, content.get("needs", ()))
    try:
        return Contents.model_validate(content)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise TsearchError(f"{path}: {reason}. Export the bundle again.") from None


def _require_modules(path: Path, needs: Any) -> None:
    for reference in needs:
        try:
            resolve(reference)
        except BadReferenceError as error:
            raise TsearchError(f"{path}: this bundle needs {error}") from None


def _either(numbers: tuple[int, ...]) -> str:
    return " or ".join(map(str, numbers))
