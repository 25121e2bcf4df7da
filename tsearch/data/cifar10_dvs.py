"""CIFAR10-DVS: 10,000 recordings of CIFAR-10 images that move before an event sensor of 128 x 128 pixels.

Source: Li et al., Front. Neurosci. 11:309, 2017. Read from folders or archives of the ten classes, .aedat4 as tonic
distributes them or .aedat of the authors; nothing is downloaded and nothing is unpacked.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from tsearch.configuration import DataSpec
from tsearch.data.aedat import dvs128_of, read_aedat4, read_aedat_addresses
from tsearch.data.archives import find, listing, members
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.options import read_options
from tsearch.data.recordings import Recording, Recordings, on_sensor, recordings_dataset
from tsearch.data.stored_parts import Fraction, TestChoice

SENSOR = (128, 128)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PAGE = "https://figshare.com/articles/dataset/CIFAR10-DVS_New/4724671"
_SUFFIXES = (".aedat4", ".aedat")


class Cifar10Dvs(Recordings):
    """`test_fraction` of each class is for test, the `last` recordings by number or a `random` share that is the same
    in every run: there is no official split."""

    test_fraction: Fraction = 0.1
    test_choice: TestChoice = "last"


def load(spec: DataSpec) -> Dataset:
    """The recordings under `spec.root`, else TSEARCH_DATA; read once, then mapped from the cache.

    Raises: TsearchError for missing or damaged files, and .aedat4 files without the package that reads them."""
    options, info = read_options(Cifar10Dvs, spec), describe(spec)
    source = find(
        spec, ("cifar10_dvs", "CIFAR10DVS", "."), ("CIFAR10DVS.zip", "airplane", "airplane.zip"), PAGE
    )
    source = source if source.stem == "CIFAR10DVS" else source.parent
    return recordings_dataset(
        info,
        options,
        listing(source, _SUFFIXES),
        lambda: _recordings(source),
        on_sensor(SENSOR, options),
        classes=CLASSES,
        test_fraction=options.test_fraction,
        test_choice=options.test_choice,
    )


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    size = read_options(Cifar10Dvs, spec).size
    return DatasetInfo(spec.name, (2, size, size), len(CLASSES), is_static=False, input_class="graded")


def _recordings(source: Path) -> Iterator[Recording]:
    for path, content in members(source, _SUFFIXES):
        of_class = _class_of(path)
        if of_class is not None:  # recordings elsewhere belong to other sets
            key = f"{of_class}/{PurePosixPath(path).stem}"
            yield Recording(key, of_class, "", key, read_events(content, f"{source}/{path}"))


def read_events(content: bytes, name: str) -> NDArray[np.void]:
    """Events of an .aedat4 or .aedat file by its `name`, fields x, y, t (in us), p. Raises: TsearchError as these."""
    if name.endswith(".aedat4"):
        return read_aedat4(content, name)
    return dvs128_of(*read_aedat_addresses(content, name))


def _class_of(path: str) -> str | None:
    """The innermost folder or archive that has the name of a class."""
    return next((part for part in reversed(PurePosixPath(path).parts[:-1]) if part in CLASSES), None)
