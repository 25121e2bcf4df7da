"""What configuration.yaml of a bundle holds."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PositiveInt, ValidationError, model_validator

from tsearch.configuration import Configuration, Task
from tsearch.errors import TsearchError
from tsearch.export.spikes import AGAIN, first_problem
from tsearch.files.reading import read_yaml
from tsearch.frozen import Frozen
from tsearch.references import BadReferenceError, is_reference, resolve
from tsearch.space.limits import MOST_TIMESTEPS

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
        layer_timesteps: Where masks were learned, how many first timesteps every layer of neurons runs, by its name;
            of a mask that is no prefix, one 0 or 1 per timestep.
        needs: What has to be importable to load it, 'module:name' each; empty where all of it is tsearch's own.
    """

    format: int
    run: Annotated[str, Field(max_length=300)]
    trial: Annotated[int, Field(ge=0)]
    configuration: Configuration
    task: Task
    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    n_classes: PositiveInt
    metrics: dict[str, float]
    n_samples: dict[str, int]
    test: dict[str, float]
    probe: str
    versions: dict[str, str]
    layer_timesteps: dict[str, int | tuple[int, ...]] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_been_tested(self) -> Self:
        accuracy, n_samples = self.test.get("accuracy", -1), self.test.get("n_samples", -1)
        if not (0 <= accuracy <= 1 and 0 <= n_samples < 2**53):
            raise ValueError(f"'test' gives an accuracy in [0, 1] and a number of samples, found {self.test}")
        steps = max(max(phase.timesteps) for phase in self.configuration.schedule)
        if steps > MOST_TIMESTEPS:
            raise ValueError(f"at most {MOST_TIMESTEPS:,} timesteps are run, found {steps:,}")
        return self

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
    content = read_yaml(path, AGAIN)
    number = content.get("format") if isinstance(content, dict) else None
    if type(number) is not int or number not in READABLE:
        raise TsearchError(
            f"{path}: not of a format that this version reads ({_either(READABLE)}). "
            "Load it with the version that wrote it, or export the bundle again."
        )
    _require_modules(path, content.get("needs", ()))
    try:
        return Contents.model_validate(content)
    except ValidationError as error:
        raise TsearchError(f"{path}: {first_problem(error)} {AGAIN}") from None
    except TsearchError as error:
        raise TsearchError(f"{path}: {error}") from None


def _require_modules(path: Path, needs: Any) -> None:
    if not isinstance(needs, list | tuple) or not all(isinstance(name, str) for name in needs):
        raise TsearchError(f"{path}: 'needs' is a list of 'module:name'. {AGAIN}")
    for reference in needs:
        try:
            resolve(reference)
        except BadReferenceError as error:
            raise TsearchError(f"{path}: this bundle needs {error}") from None


def _either(numbers: tuple[int, ...]) -> str:
    return " or ".join(map(str, numbers))
