"""Data sets of event recordings too large for memory: files are read once, their events lie in the cache and are mapped
from there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt

from tsearch.data.dataset import SPLITS, Dataset, DatasetInfo
from tsearch.data.events import Events
from tsearch.data.stored_events import StoredEvents
from tsearch.data.stored_parts import Fraction, Shares, TestChoice, parts_of_stored
from tsearch.data.stored_samples import SampleList, samples_hash
from tsearch.errors import TsearchError
from tsearch.files.cache import Arrays
from tsearch.files.growing import Growing, mapped_arrays
from tsearch.frozen import Frozen

Place = Callable[[NDArray[np.void], str], NDArray[np.uint16]]

FORMAT = 1  # raise it when the same files give other arrays


class Recordings(Frozen):
    """How recordings of a camera are used.

    `size` is the number of pixels of a side: pixel x of a sensor of width W becomes x * size // W, rows alike, so every
    event is kept. `validation_fraction` of the training recordings is set aside. `limit` takes so many recordings of
    each class for training and validation together, and so many for test; 0 takes all.
    """

    size: Annotated[int, Field(ge=8, le=128)] = 48
    validation_fraction: Fraction = 0.1
    limit: NonNegativeInt = 0


class Recording(NamedTuple):
    """What is read of one recording.

    `key` says where it stands among the others (numbers in it count as numbers), `part` is the split that it was
    published for, "" for none, `group` says which recordings are not independent. `events` has a field t, and those of
    its place (of a camera x, y and p). Its window lasts from `start` to `stop`, in the unit of t; None for the first
    and last event.
    """

    key: str
    of_class: str
    part: str
    group: str
    events: NDArray[np.void]
    start: int | None = None
    stop: int | None = None


def recordings_dataset(
    info: DatasetInfo,
    options: Shares,
    content: Any,
    recordings: Callable[[], Iterator[Recording]],
    place: Place,
    *,
    classes: tuple[str, ...] | None = None,
    test_fraction: float | None = None,
    test_choice: TestChoice = "last",
) -> Dataset:
    """A data set of the recordings that `recordings` reads, from the cache where they were read before.

    Args:
        info: What is told of it; its name is that of the cached folder.
        options: How they are used.
        content: All that the events depend on besides the width of a frame, the files foremost; JSON-able.
        recordings: Reads them, in any order.
        place: Where the events of a recording lie in a frame, from events and key.
        classes: The names of all classes; None for the names that are found, sorted.
        test_fraction, test_choice: Which share of each class is for test, where none was published for it; None
            where one must be.

    Raises: TsearchError for too few recordings or classes, and events outside the sensor."""
    from tsearch.data.mapped import MappedEvents

    everything = {"format": FORMAT, "content": content, "size": info.shape[-1], "n": info.n_classes}
    stored = mapped_arrays(
        info.name,
        everything,
        lambda growing: _store(growing, SampleList(info, classes), recordings(), place),
    )
    parts = parts_of_stored(info, stored, options, test_fraction=test_fraction, test_choice=test_choice)
    most, row, samples = int(stored["most_per_pixel"].max()), stored["row"], np.argsort(stored["row"])
    events = Events(
        pixel=stored["pixel"],
        time=stored["time"],
        offsets=stored["offsets"],
        labels=stored["labels"][samples],  # the events lie in the order in which they were read
        start=np.zeros(len(row), np.int64),
        stop=stored["duration"],
        shape=info.shape,
        groups=stored["groups"][samples],
    )
    splits = (
        MappedEvents(StoredEvents(events, row[part], samples_hash(stored, part), most)) for part in parts
    )
    told = replace(info, most_events_per_pixel=max(info.most_events_per_pixel, most))
    return Dataset(told, **dict(zip(SPLITS, splits, strict=True)))


def _store(
    growing: Growing,
    samples: SampleList,
    recordings: Iterator[Recording],
    place: Place,
) -> Arrays:
    offsets, durations, most = [0], [], []
    for recording in recordings:
        events = recording.events
        if not len(events):
            raise TsearchError(f"{recording.key}: holds no events. Get this file again.")
        pixel, time = place(events, recording.key), events["t"].astype(np.int64)
        start = int(time.min()) if recording.start is None else recording.start
        duration = (int(time.max()) if recording.stop is None else recording.stop) - start
        if (np.diff(time) < 0).any():
            order = np.argsort(time, kind="stable")
            pixel, time = pixel[order], time[order]
        time = (time - start).astype(np.uint32)
        growing.append("pixel", pixel)
        growing.append("time", time)
        samples.add(
            recording.key,
            recording.of_class,
            recording.part,
            recording.group,
            pixel,
            time,
            np.array([duration]),
        )
        offsets.append(offsets[-1] + len(pixel))
        durations.append(duration)
        most.append(int(np.bincount(pixel).max()))
    return samples.arrays() | {
        "offsets": np.array(offsets), "duration": np.array(durations), "most_per_pixel": np.array(most),
    }  # fmt: skip


def on_sensor(sensor: tuple[int, int], options: Recordings) -> Place:
    """Where events of a `sensor` (height, width) lie in frames of the size that the options say."""
    return lambda events, key: pixels(events, sensor, options.size, key)


def pixels(events: NDArray[np.void], sensor: tuple[int, int], size: int, key: str) -> NDArray[np.uint16]:
    """Place of every event, polarity * size * size + y * size + x, on a sensor of `size` pixels a side.

    Raises: TsearchError, with `key`, for events outside the `sensor` (height, width)."""
    height, width = sensor
    x, y, p = (events[field] for field in ("x", "y", "p"))
    if min(x.min(), y.min(), p.min()) < 0 or x.max() >= width or y.max() >= height or p.max() > 1:
        raise TsearchError(
            f"{key}: events outside a sensor of {width} x {height} pixels, such as x {x.max()}, y {y.max()}. Get this "
            "file again."
        )
    planes = (np.arange(2) * size * size).astype(np.uint16)
    rows = (np.arange(height) * size // height * size).astype(np.uint16)
    columns = (np.arange(width) * size // width).astype(np.uint16)
    place: NDArray[np.uint16] = planes[p.astype(np.int64)] + rows[y] + columns[x]
    return place
