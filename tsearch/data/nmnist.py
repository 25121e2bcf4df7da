"""N-MNIST: real recordings of MNIST digits by an event sensor that moves along three saccades.

Source: Orchard et al., Front. Neurosci. 9:437, 2015. Read from a local folder with tonic's reader, as the
archives train.zip and test.zip or as the folders Train/ and Test/ that they hold; nothing is downloaded and
nothing is extracted. `nmnist_playback.py` is the probe whether time matters.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tsearch.configuration import DataSpec
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.events import Events
from tsearch.data.folders import data_root
from tsearch.data.options import read_options
from tsearch.data.splits import stratified_splits
from tsearch.errors import TsearchError
from tsearch.frozen import Frozen

FORMAT = 2  # raise it when the same files give other arrays
SIZE, N_DIGITS = 34, 10
EVENT_BYTES = 5
PLACES = ("nmnist/NMNIST", "NMNIST", "nmnist", ".")  # where in the data folder the files may lie

Half = Literal["Train", "Test"]


class Nmnist(Frozen):
    """How the recordings are used.

    `downsample` 2 joins 2 x 2 pixels, so that the sensor has 17 x 17. `playback` adds each one backwards.
    `validation_fraction` of the training recordings, the same share of each digit, is set aside.
    """

    downsample: Literal[1, 2] = 1
    playback: bool = False
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2


def load(spec: DataSpec) -> Dataset:
    """The recordings under `spec.root`, else TSEARCH_DATA; read once, then from the cache.

    Raises: TsearchError for missing or damaged files.
    """
    from tsearch.data.batches import recorded_dataset

    options, info, root = read_options(Nmnist, spec), describe(spec), data_root(spec)
    train, test = _find(root, "Train", spec.name), _find(root, "Test", spec.name)
    files = {"train": _listing(train), "test": _listing(test)}
    content = {"format": FORMAT, "options": options.model_dump(mode="json"), "files": files}
    return recorded_dataset(info, content, lambda: _all_recordings(spec.name, options, train, test))


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    options = read_options(Nmnist, spec)
    size, n_classes = SIZE // options.downsample, N_DIGITS * (2 if options.playback else 1)
    return DatasetInfo(
        spec.name, shape=(2, size, size), n_classes=n_classes, is_static=False, input_class="graded"
    )


def read_recording(content: bytes, name: str) -> NDArray[np.void]:
    """Events of one .bin file by tonic's reader, fields x, y, t (in us), p, ascending in time.

    Raises: TsearchError, with `name`, where the bytes are not such a file.
    """
    from tonic.io import read_mnist_file

    if not content or len(content) % EVENT_BYTES:
        raise TsearchError(
            f"{name}: {len(content)} bytes are not whole events of {EVENT_BYTES} bytes. Get this file again."
        )
    fields = np.dtype([("x", np.int64), ("y", np.int64), ("t", np.int64), ("p", np.int64)])
    events: NDArray[np.void] = read_mnist_file(io.BytesIO(content), dtype=fields, is_stream=True)
    if not len(events) or max(int(events["x"].max()), int(events["y"].max())) >= SIZE:
        raise TsearchError(f"{name}: no recording of a {SIZE} x {SIZE} sensor. Get this file again.")
    return events[np.argsort(events["t"], kind="stable")]


def _find(root: Path, half: Half, name: str) -> Path:
    archive = f"{half.lower()}.zip"
    for place in PLACES:
        for found in (root / place / archive, root / place / half):
            if found.exists():
                return found
    raise TsearchError(
        f"data {name}: neither {archive} nor {half}/ in {root / PLACES[0]}. "
        "Give the folder that holds nmnist/NMNIST/ as data.root or in TSEARCH_DATA."
    )


def _listing(source: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of the archive, or of every file of a folder: what has changed is read again."""
    files = sorted(source.glob("[0-9]/*.bin")) if source.is_dir() else [source]
    stats = [(file, file.stat()) for file in files]
    return [(str(file.resolve()), stat.st_size, stat.st_mtime_ns) for file, stat in stats]


def _all_recordings(name: str, options: Nmnist, *sources: Path) -> list[Events]:
    """Recordings for training, validation and test, from the sources of the two halves."""
    train, test = (_read_all(source).downsample(options.downsample) for source in sources)
    n_validation = round(options.validation_fraction * len(train))
    if not 0 < n_validation < len(train):
        raise TsearchError(
            f"data {name}: {len(train)} training recordings are too few for a validation split."
        )
    validation, rest = stratified_splits(train.labels, n_validation)
    parts = [train.select(rest), train.select(validation), test]
    return [part.playback(N_DIGITS) for part in parts] if options.playback else parts


def _read_all(source: Path) -> Events:
    labels, pixels, times = [], [], []
    for name, content in _members(source):
        events = read_recording(content, name)
        labels.append(_digit(name))
        pixels.append(((events["p"] * SIZE + events["y"]) * SIZE + events["x"]).astype(np.uint16))
        times.append(events["t"].astype(np.int32))
    if not labels:
        raise TsearchError(f"{source}: holds no recordings <digit>/<number>.bin. Get N-MNIST again.")
    return Events(
        pixel=np.concatenate(pixels),
        time=np.concatenate(times),
        offsets=np.cumsum([0, *(len(pixel) for pixel in pixels)]),
        labels=np.array(labels),
        start=np.array([int(time[0]) for time in times]),
        stop=np.array([int(time[-1]) for time in times]),
        shape=(2, SIZE, SIZE),
    )


def _members(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every recording, in the order of the names."""
    name = str(source)
    try:
        if source.is_dir():
            for file in sorted(source.glob("[0-9]/*.bin")):
                name = str(file)
                yield name, file.read_bytes()
        else:
            with zipfile.ZipFile(source) as archive:
                for member in sorted(member for member in archive.namelist() if member.endswith(".bin")):
                    name = f"{source}/{member}"
                    yield name, archive.read(member)
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as problem:
        raise TsearchError(f"{name}: cannot be read ({problem}). Get {source.name} again.") from None


def _digit(name: str) -> int:
    folder = Path(name).parent.name
    if folder not in {str(digit) for digit in range(N_DIGITS)}:
        raise TsearchError(f"{name}: the folder of a recording is its digit, 0 to 9, not '{folder}'.")
    return int(folder)
