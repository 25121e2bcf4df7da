"""Spike trains of speech in the layout of the Heidelberg sets: SHD, 20 spoken digits, and SSC, 35 spoken commands.

Source: Cramer et al., IEEE TNNLS 33:2744, 2022. Each HDF5 file holds `spikes/times` (s) and `spikes/units`, an array a
recording, `labels`, `extra/speaker` and `extra/keys`. Files are read where they lie, with h5py as by tonic (which opens
the unpacked file anew for every recording); nothing is downloaded and nothing is unpacked.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, model_validator

from tsearch.configuration import DataSpec
from tsearch.data.archives import find, listing, members
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.options import read_options
from tsearch.data.recordings import Recording, recordings_dataset
from tsearch.data.stored_parts import Fraction
from tsearch.errors import TsearchError
from tsearch.frozen import Frozen

N_UNITS = 700
PAGE = "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd"
PARTS = {
    "train": "train",
    "valid": "validation",
    "test": "test",
}  # how files call them, and how splits are called
FIELDS = np.dtype([("t", np.int64), ("x", np.int64)])


class Shd(Frozen):
    """How the spike trains are used.

    `channels`: the 700 units are joined into so many, unit u becomes channel u * channels // 700, so every spike is
    kept; `rows` folds the channels into a map of so many rows. `duration_ms` is the window of every recording, from 0
    on, and later spikes go; with 0, a recording lasts from its first spike to its last. `classes` is the number of
    labels in the files. Where no validation split was published, `validation` takes whole speakers, so that none is in
    training too, or recordings of all at random: `validation_fraction` of them. `limit` takes so many recordings of
    each class for training and validation together, and so many for test; 0 takes all.
    """

    channels: Annotated[int, Field(ge=1, le=N_UNITS)] = 140
    rows: Annotated[int, Field(ge=1, le=N_UNITS)] = 1
    duration_ms: NonNegativeInt = 0
    classes: Annotated[int, Field(ge=2, le=1000)] = 20
    validation: Literal["speakers", "random"] = "speakers"
    validation_fraction: Fraction = 0.1
    limit: NonNegativeInt = 0

    @model_validator(mode="after")
    def _rows_are_equal(self) -> "Shd":
        if self.channels % self.rows:
            raise ValueError(f"{self.channels} channels do not fill {self.rows} equal rows")
        return self


class Ssc(Shd):
    """As for SHD, with 35 classes."""

    classes: Annotated[int, Field(ge=2, le=1000)] = 35


OPTIONS: dict[str, type[Shd]] = {"shd": Shd, "ssc": Ssc}


def load(spec: DataSpec) -> Dataset:
    """The recordings under `spec.root`, else TSEARCH_DATA; read once, then mapped from the cache.

    Raises: TsearchError for missing or damaged files."""
    options, info, sources = read_options(OPTIONS[spec.name], spec), describe(spec), _find(spec)
    files = [listing(source, (".h5",)) for source in sources.values()]
    used = options.model_dump(mode="json", include={"rows", "duration_ms", "channels", "validation"})
    return recordings_dataset(
        info,
        options,
        {"files": files, "used": used},
        lambda: _recordings(sources, options),
        partial(_channels, n_channels=options.channels),
        classes=tuple(map(str, range(options.classes))),
    )


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    options = read_options(OPTIONS[spec.name], spec)
    shape = (1, options.rows, options.channels // options.rows)
    return DatasetInfo(spec.name, shape, options.classes, is_static=False, input_class="graded")


def _find(spec: DataSpec) -> dict[str, Path]:
    """The files by the split that they are for; a file for validation may be missing."""
    places = (spec.name, spec.name.upper(), "hsd", ".")
    endings = (".h5", ".h5.zip", ".h5.gz")
    found = {}
    for part, split in PARTS.items():
        names = tuple(f"{spec.name}_{part}{ending}" for ending in endings)
        try:
            found[split] = find(spec, places, names, PAGE)
        except TsearchError:
            if part != "valid":
                raise
    return found


def _recordings(sources: dict[str, Path], options: Shd) -> Iterator[Recording]:
    for part, source in sources.items():
        with _opened(source) as file:
            try:
                _check_labels(file["labels"][:], source, options)
                yield from _of_file(file, part, options)
            except (OSError, KeyError, IndexError, ValueError) as problem:
                raise TsearchError(
                    f"{source}: cannot be read ({problem}). Get {source.name} again."
                ) from None


def _check_labels(labels: NDArray[np.integer], source: Path, options: Shd) -> None:
    """Raises: TsearchError for a label beyond the number of classes."""
    largest = int(labels.max(initial=0))
    if largest >= options.classes:
        raise TsearchError(
            f"{source}: holds label {largest}, but the option 'classes' is {options.classes}, whose labels are 0 to "
            f"{options.classes - 1}. Set it to the number of labels in the files."
        )


def _of_file(file: Any, part: str, options: Shd) -> Iterator[Recording]:
    times, units, labels = file["spikes/times"], file["spikes/units"], file["labels"][:]
    speakers = file["extra/speaker"][:]
    duration = options.duration_ms * 1000 or None
    for i, label in enumerate(labels):
        key = f"{part} {i}"
        events = read_spikes(times[i], units[i])
        if duration:
            n_all, events = len(events), events[events["t"] < duration]
            if n_all and not len(events):
                raise TsearchError(
                    f"duration_ms: {key} has no spike in its first {options.duration_ms} ms. Give more, or 0 for all."
                )
        group = f"speaker {speakers[i]}" if options.validation == "speakers" else key
        yield Recording(key, str(label), part, group, events, 0 if duration else None, duration)


def read_spikes(times_s: NDArray[np.floating], units: NDArray[np.integer]) -> NDArray[np.void]:
    """Spikes of one recording, fields t (in us, cut to whole ones) and x, the unit."""
    events = np.empty(len(times_s), FIELDS)
    events["t"] = times_s.astype(np.float64) * 1e6  # float16 ends at 65504
    events["x"] = units
    return events


def _opened(source: Path) -> Any:
    import h5py

    try:
        if source.suffix == ".h5":
            return h5py.File(source)
        content = (
            gzip.decompress(source.read_bytes())
            if source.suffix == ".gz"
            else next(members(source, (".h5",)))[1]
        )
        return h5py.File(io.BytesIO(content))
    except (OSError, EOFError, StopIteration, zlib.error) as problem:
        raise TsearchError(f"{source}: cannot be read ({problem}). Get {source.name} again.") from None


def _channels(events: NDArray[np.void], key: str, *, n_channels: int) -> NDArray[np.uint16]:
    units = events["x"]
    if units.min() < 0 or units.max() >= N_UNITS:
        raise TsearchError(f"{key}: spikes of unit {units.max()}, beyond {N_UNITS - 1}. Get this file again.")
    return (units * n_channels // N_UNITS).astype(np.uint16)
