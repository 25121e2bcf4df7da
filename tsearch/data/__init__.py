"""Data sets by name. A new source is one file with `load` and `describe`, and one line in `DATASETS`; a user's own is
a function 'module:name' that gives a `Dataset`.

Importing this package imports neither torch nor a data set: `describe_dataset` answers at once (a user's function has
to be called), `load_dataset` does the work.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from tsearch.configuration import DataSpec
from tsearch.data import (
    cifar,
    cifar10_dvs,
    digits,
    digits_dvs,
    dvs_gesture,
    image_folder,
    images,
    mnist,
    ncaltech101,
    nmnist,
    nmnist_playback,
    own,
    shd,
    tiny_imagenet,
)
from tsearch.data.dataset import Dataset, DatasetInfo, InputClass, Split
from tsearch.data.folders import data_root
from tsearch.data.options import NoOptions, read_options
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
    "options_of",
    "without_files",
]


class Source(NamedTuple):
    """Where a data set comes from, what may stand under `options` for it, and, where its reader serves several sets, a
    sentence about this one. `has_files` says whether it is read from files of the user's."""

    load: Callable[[DataSpec], Dataset]
    describe: Callable[[DataSpec], DatasetInfo]
    options: type[Frozen] = NoOptions
    about: str = ""
    has_files: bool = True


DATASETS: dict[str, Source] = {
    "cifar10": Source(
        cifar.load, cifar.describe, images.Images, "CIFAR-10: 32 x 32 colour photographs of ten classes."
    ),
    "cifar10_dvs": Source(cifar10_dvs.load, cifar10_dvs.describe, cifar10_dvs.Cifar10Dvs),
    "cifar100": Source(
        cifar.load,
        cifar.describe,
        images.Images,
        "CIFAR-100: 32 x 32 colour photographs of a hundred classes.",
    ),
    "digits": Source(digits.load, digits.describe, has_files=False),
    "digits_dvs": Source(digits_dvs.load, digits_dvs.describe, digits_dvs.DigitsDvs, has_files=False),
    "dvs_gesture": Source(dvs_gesture.load, dvs_gesture.describe, dvs_gesture.DvsGesture),
    "fashion_mnist": Source(
        mnist.load,
        mnist.describe,
        images.Images,
        "Fashion-MNIST: 28 x 28 grey images of ten kinds of clothes.",
    ),
    "image_folder": Source(image_folder.load, image_folder.describe, image_folder.ImageFolder),
    "mnist": Source(
        mnist.load, mnist.describe, images.Images, "MNIST: 28 x 28 grey images of written digits."
    ),
    "ncaltech101": Source(ncaltech101.load, ncaltech101.describe, ncaltech101.Ncaltech101),
    "nmnist": Source(nmnist.load, nmnist.describe, nmnist.Nmnist),
    "nmnist_playback": Source(nmnist_playback.load, nmnist_playback.describe, nmnist.Nmnist),
    "shd": Source(shd.load, shd.describe, shd.Shd, "SHD: 20 spoken digits as spikes of 700 units."),
    "ssc": Source(shd.load, shd.describe, shd.Ssc, "SSC: 35 spoken commands as spikes of 700 units."),
    "tiny_imagenet": Source(tiny_imagenet.load, tiny_imagenet.describe, tiny_imagenet.TinyImagenet),
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


def options_of(spec: DataSpec) -> dict[str, Any]:
    """Every option of the data set that `spec` names with its value there; of a user's own, those that are given.

    Raises: TsearchError for an unknown name, an unknown option or a bad value."""
    return dict(spec.options) if is_reference(spec.name) else dict(read_options(_source(spec).options, spec))


def without_files(spec: DataSpec) -> str:
    """Why the files of a data set cannot be read; "" where a folder of theirs is known, or where it has none."""
    if is_reference(spec.name) or not _source(spec).has_files:
        return ""
    try:
        data_root(spec)
    except TsearchError as error:
        return str(error)
    return ""


def _source(spec: DataSpec) -> Source:
    if is_reference(spec.name):
        return Source(own.load, describe_dataset)
    if spec.name not in DATASETS:
        known = ", ".join(sorted(DATASETS))
        raise TsearchError(
            f"data: unknown name '{spec.name}'.{did_you_mean(spec.name, DATASETS)} Known data sets: {known}."
        )
    return DATASETS[spec.name]
