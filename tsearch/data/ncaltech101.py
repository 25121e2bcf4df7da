"""N-Caltech101: 8,709 recordings of Caltech-101 images by an event sensor that moves along three saccades.

Source: Orchard et al., Front. Neurosci. 9:437, 2015. Read from a local folder or from the archive, with the reader for
N-MNIST's files; nothing is downloaded and nothing is unpacked.
"""

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tsearch.configuration import DataSpec
from tsearch.data.aedat import FIELDS
from tsearch.data.archives import find, listing, members
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.options import read_options
from tsearch.data.recordings import Recording, Recordings, on_sensor, recordings_dataset
from tsearch.data.stored_parts import Fraction
from tsearch.errors import TsearchError

SENSOR = (180, 240)
EVENT_BYTES = 5
PAGE = "https://www.garrickorchard.com/datasets/n-caltech101"
_SUFFIXES = (".bin",)
_PLACES = ("ncaltech101", "NCALTECH101", "N-Caltech101", ".")
_NAMES = ("N-Caltech101-archive.zip", "Caltech101.zip", "Caltech101")


class Ncaltech101(Recordings):
    """`classes` is the number of folders, one of each class. `test_fraction` of each class is for test, a random share
    that is the same in every run: there is no official split."""

    classes: Annotated[int, Field(ge=2, le=101)] = 101
    test_fraction: Fraction = 0.1


def load(spec: DataSpec) -> Dataset:
    """The recordings under `spec.root`, else TSEARCH_DATA; read once, then mapped from the cache.

    Raises: TsearchError for missing or damaged files."""
    options, info = read_options(Ncaltech101, spec), describe(spec)
    source = find(spec, _PLACES, _NAMES, PAGE)
    return recordings_dataset(
        info,
        options,
        listing(source, _SUFFIXES),
        lambda: _recordings(source),
        on_sensor(SENSOR, options),
        test_fraction=options.test_fraction,
        test_choice="random",
    )


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    options = read_options(Ncaltech101, spec)
    shape = (2, options.size, options.size)
    return DatasetInfo(spec.name, shape, options.classes, is_static=False, input_class="graded")


def read_recording(content: bytes, name: str) -> NDArray[np.void]:
    """Events of one .bin file by tonic's reader, fields x, y, t (in us), p.

    Raises: TsearchError, with `name`, where the bytes are not such a file."""
    from tonic.io import read_mnist_file

    if not content or len(content) % EVENT_BYTES:
        raise TsearchError(
            f"{name}: {len(content)} bytes are not whole events of {EVENT_BYTES} bytes. Get this file again."
        )
    events: NDArray[np.void] = read_mnist_file(io.BytesIO(content), dtype=FIELDS, is_stream=True)
    return events


def _recordings(source: Path) -> Iterator[Recording]:
    for path, content in members(source, _SUFFIXES):
        of_class, stem = PurePosixPath(path).parent.name, PurePosixPath(path).stem
        if of_class and stem.startswith("image"):  # beside annotations, in other folders
            key = f"{of_class}/{stem}"
            yield Recording(key, of_class, "", key, read_recording(content, f"{source}/{path}"))
