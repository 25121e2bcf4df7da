"""DVS128 Gesture: 11 gestures of 29 people before an event sensor of 128 x 128 pixels.

Source: Amir et al., CVPR 2017. Read from local files, without download or unpacking: the single gestures that tonic
distributes (ibmGestureTrain/user01_fluorescent/0.npy, or .tar.gz), the recordings of the authors (DvsGesture/, .aedat
with labels as .csv, or .tar.gz), or a .npz with `labels` and `events_0`, `events_1`, ... Users 1 to 23 are for
training, 24 to 29 for test.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import NonNegativeInt, model_validator

from tsearch.configuration import DataSpec
from tsearch.data.archives import listing
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.gesture_files import SENSOR, SUFFIXES, find_gestures, gestures
from tsearch.data.options import read_options
from tsearch.data.recordings import Recording, Recordings, on_sensor, recordings_dataset
from tsearch.data.stored_parts import Fraction
from tsearch.data.windows import cut_by_time, cut_evenly
from tsearch.errors import TsearchError

N_GESTURES = 11


class DvsGesture(Recordings):
    """`other` keeps the eleventh class, other gestures. `window_ms` cuts every gesture into windows of this length, and
    what is left over at its end goes; 0 takes it whole. `split` by `users` is the official one, and validation has
    users of its own; by `time`, windows of one gesture go into all splits: the first ones into training, then
    `validation_fraction` of them, then `test_fraction`, with `gap_ms` between. Neighbouring windows look alike, so
    windows drawn at random would leak.
    """

    other: bool = True
    window_ms: NonNegativeInt = 0
    split: Literal["users", "time"] = "users"
    gap_ms: NonNegativeInt = 50
    test_fraction: Fraction = 0.2

    @model_validator(mode="after")
    def _time_needs_windows(self) -> "DvsGesture":
        if self.split == "time" and not self.window_ms:
            raise ValueError("split 'time' needs windows: set window_ms, such as 50")
        return self


def load(spec: DataSpec) -> Dataset:
    """The gestures under `spec.root`, else TSEARCH_DATA; read once, then mapped from the cache.

    Raises: TsearchError for missing or damaged files."""
    options, info, sources = read_options(DvsGesture, spec), describe(spec), find_gestures(spec)
    files = [listing(source, SUFFIXES) for source in sources]
    content = {"files": files, "windows": options.model_dump(mode="json", include=_cutting(options))}
    return recordings_dataset(
        info,
        options,
        content,
        lambda: _cut(options, (gesture for source in sources for gesture in gestures(source))),
        on_sensor(SENSOR, options),
        classes=tuple(map(str, range(info.n_classes))),
    )


def describe(spec: DataSpec) -> DatasetInfo:
    """Shape and classes; no file is looked at."""
    options = read_options(DvsGesture, spec)
    shape, n_classes = (2, options.size, options.size), N_GESTURES if options.other else N_GESTURES - 1
    return DatasetInfo(spec.name, shape, n_classes, is_static=False, input_class="graded")


def _cutting(options: DvsGesture) -> set[str]:
    """The options that say which windows there are."""
    by_time = {"validation_fraction", "test_fraction", "gap_ms"} if options.split == "time" else set()
    return {"other", "window_ms", "split"} | by_time


def _cut(options: DvsGesture, whole: Iterator[Recording]) -> Iterator[Recording]:
    for gesture in whole:
        if gesture.of_class == str(N_GESTURES - 1) and not options.other:
            continue
        if options.split == "time":
            fractions = (options.validation_fraction, options.test_fraction)
            yield from cut_by_time(gesture, options.window_ms * 1000, options.gap_ms * 1000, *fractions)
        elif options.window_ms:
            yield from cut_evenly(gesture, options.window_ms * 1000)
        elif gesture.part:
            yield gesture
        else:
            raise TsearchError(
                f"{gesture.key}: its user is not known, so it has no split. Set split to time, and window_ms."
            )
