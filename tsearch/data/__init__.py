"""Data sets by name. A new source is one file with `load` and `describe`, and one line in `DATASETS`; a user's own is
a function 'module:name' that gives a `Dataset`.

Importing this package imports neither torch nor a data set: `describe_dataset` answers at once (a user's function has
to be called), `load_dataset` does the work.
"""

from collections.abc import Callable
from typing import NamedTuple

from tsearch.configuration import DataSpec
from tsearch.data import cifar, digits, digits_dvs, images, mnist, nmnist, nmnist_playback, own
from tsearch.data.dataset import Dataset, DatasetInfo, InputClass, Split
from tsearch.data.options import NoOptions
from tsearch.errors import TsearchError, did_you_mean
from tsearch.frozen import Frozen, content_hash
from tsearch.machine import machine
from tsearch.references import is_reference

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetInfo",
    "InputClass",
    "Source",
    "Split",
    "describe_dataset",
    "load_dataset",
]


class Source(NamedTuple):
    """Where a data set comes from, and what may stand under `options` for it."""

    load: Callable[[DataSpec], Dataset]
    describe: Callable[[DataSpec], DatasetInfo]
    options: type[Frozen] = NoOptions


DATASETS: dict[str, Source] = {
    "cifar10": Source(cifar.load, cifar.describe, images.Images),
    "cifar100": Source(cifar.load, cifar.describe, images.Images),
    "digits": Source(digits.load, digits.describe),
    "digits_dvs": Source(digits_dvs.load, digits_dvs.describe, digits_dvs.DigitsDvs),
    "fashion_mnist": Source(mnist.load, mnist.describe, images.Images),
    "mnist": Source(mnist.load, mnist.describe, images.Images),
    "nmnist": Source(nmnist.load, nmnist.describe, nmnist.Nmnist),
    "nmnist_playback": Source(nmnist_playback.load, nmnist_playback.describe, nmnist.Nmnist),
}

_loaded: dict[str, Dataset] = {}


def load_dataset(spec: DataSpec) -> Dataset:
    """The data set that `spec` names; the same object when asked again in this process.

    Raises: TsearchError for an unknown name or option, and for files that are missing or damaged.
    """
    key = content_hash([spec.model_dump(mode="json"), machine().data])
    if key not in _loaded:
        _loaded[key] = _source(spec).load(spec)
    return _loaded[key]


def describe_dataset(spec: DataSpec) -> DatasetInfo:
    """Shape and classes of the data set that `spec` names; only a user's own is loaded for it. Raises as
    `load_dataset`."""
    return load_dataset(spec).info if is_reference(spec.name) else _source(spec).describe(spec)


def _source(spec: DataSpec) -> Source:
    if is_reference(spec.name):
        return Source(own.load, describe_dataset)
    if spec.name not in DATASETS:
        known = ", ".join(sorted(DATASETS))
        raise TsearchError(
            f"data: unknown name '{spec.name}'.{did_you_mean(spec.name, DATASETS)} Known data sets: {known}."
        )
    return DATASETS[spec.name]
