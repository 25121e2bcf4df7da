"""Data sets from arrays: for data of the user's own, `data: {name: "mine:digits"}`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsearch.data.dataset import BYTE, Dataset, DatasetInfo, InputClass
from tsearch.data.events import Events
from tsearch.data.parts import Part, parts_of
from tsearch.data.splits import SPLIT_SEED, Indices
from tsearch.errors import TsearchError


def image_dataset(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    validation: Part = 0.15,
    test: Part = 0.15,
    n_classes: int | None = None,
    groups: ArrayLike | None = None,
    seed: int = SPLIT_SEED,
) -> Dataset:
    """A data set of static images.

    Args:
        images: Real numbers [N, C, H, W], best in [0, 1].
        labels: Class of every image, whole numbers [N] from 0 on.
        validation, test: Which samples these splits hold: a fraction of all, drawn stratified by class, or their
            indices. Training has the others.
        n_classes: Number of classes; by default the largest label and one.
        groups: Which subject, scan or the like every image shows, whole numbers [N]. A group belongs to one split, and
            fractions are drawn of groups, each in the class of its first sample. None: every image is its own.
        seed: Of the fractions.

    Raises: TsearchError for arrays that do not fit together, numbers that are none, labels outside the classes."""
    from tsearch.data.batches import ImageSplit

    array = np.asarray(images)
    _check_numbers(array, "images", "[N, C, H, W]", 4)
    if not np.issubdtype(array.dtype, np.floating):
        raise TsearchError(
            f"images are {array.dtype}; give real numbers, best in [0, 1], such as images / 255."
        )
    classes, n_classes = _classes(labels, len(array), n_classes)
    group = _groups(groups, len(array))
    values = array.astype(np.float32)
    parts = parts_of(classes, validation, test, seed, group)
    splits = (ImageSplit(values[p], classes[p], None if group is None else group[p]) for p in parts)
    return Dataset(_info(array.shape[1:], n_classes, is_static=True), *splits)


def event_dataset(
    events: Events | ArrayLike,
    labels: ArrayLike | None = None,
    *,
    validation: Part = 0.15,
    test: Part = 0.15,
    n_classes: int | None = None,
    groups: ArrayLike | None = None,
    draws_one_per_group: bool = False,
    seed: int = SPLIT_SEED,
) -> Dataset:
    """A data set of recordings of an event sensor, from which frames of any number of timesteps are made.

    Args:
        events: Recordings, or the numbers of events in fine steps of time, whole numbers [N, T, C, H, W].
        labels: Class of every recording [N]; None where `events` holds them.
        validation, test, n_classes, groups, seed: As for `image_dataset`; None where `events` holds the groups.
        draws_one_per_group: Whether a training epoch sees one recording of every group, drawn anew: for groups that are
            several recordings of one thing.

    Raises: TsearchError as `image_dataset`."""
    from tsearch.data.batches import EventSplit

    if not isinstance(events, Events):
        if labels is None:
            raise TsearchError("labels: counts of events need them, one per recording.")
        events = events_of_counts(np.asarray(events), np.asarray(labels))
    if not len(events):
        raise TsearchError("events: there is no recording.")
    classes, n_classes = _classes(events.labels if labels is None else labels, len(events), n_classes)
    if groups is not None:
        events = replace(events, groups=_groups(groups, len(events)))
    info = replace(
        _info(events.shape, n_classes, is_static=False),
        most_events=int(np.diff(events.offsets).max()),
        most_events_per_pixel=max(BYTE, events.most_per_pixel()),
    )
    train, *held_back = (events.select(p) for p in parts_of(classes, validation, test, seed, events.groups))
    drawn = EventSplit(train, draws_one_per_group=draws_one_per_group)
    return Dataset(info, drawn, *map(EventSplit, held_back))


def events_of_counts(counts: NDArray[Any], labels: NDArray[Any]) -> Events:
    """The events of recordings given as numbers of events [N, T, C, H, W]; the unit of time is one of these T steps.

    Raises: TsearchError for numbers that are no counts."""
    _check_numbers(counts, "events", "[N, T, C, H, W]", 5)
    if (counts < 0).any() or (counts != counts.round()).any():
        raise TsearchError("events: numbers of events are whole and not below 0.")
    n, n_steps, *shape = counts.shape
    classes, _ = _labels(labels, n, None)
    sample, time, *place = np.nonzero(counts)
    times = counts[(sample, time, *place)].astype(np.int64)
    pixel = np.ravel_multi_index(tuple(place), tuple(shape))
    n_events = np.bincount(sample, times, minlength=n).astype(np.int64)
    return Events(
        pixel=np.repeat(pixel, times).astype(np.uint32),
        time=np.repeat(time, times).astype(np.uint32),
        offsets=np.concatenate([[0], np.cumsum(n_events)]),
        labels=classes,
        start=np.zeros(n, np.int64),
        stop=np.full(n, n_steps),
        shape=(shape[0], shape[1], shape[2]),
    )


def _info(shape: Sequence[int], n_classes: int, *, is_static: bool) -> DatasetInfo:
    """Its name is given where it is loaded."""
    channels, height, width = shape
    input_class: InputClass = "analog" if is_static else "graded"
    return DatasetInfo("", (channels, height, width), n_classes, is_static, input_class)


def _check_numbers(array: NDArray[Any], what: str, shape: str, n_dimensions: int) -> None:
    if array.ndim != n_dimensions or 0 in array.shape:
        raise TsearchError(f"{what} must be {shape}, none of them 0; found {list(array.shape)}.")
    if not np.issubdtype(array.dtype, np.number) or np.issubdtype(array.dtype, np.complexfloating):
        raise TsearchError(f"{what} are {array.dtype}, which are no real numbers.")
    if not np.isfinite(array).all():
        raise TsearchError(f"{what} hold numbers that are infinite or NaN.")


def _classes(labels: ArrayLike, n: int, n_classes: int | None) -> tuple[Indices, int]:
    """Labels as int64 [N], and the number of classes, each of which has samples unless the user gave it."""
    classes, n_found = _labels(labels, n, n_classes)
    empty = np.setdiff1d(np.arange(min(n_found, n + 1)), classes)
    if n_classes is None and len(empty):
        raise TsearchError(
            f"labels: class {empty[0]} of 0 to {n_found - 1} has no sample. Number the classes from 0 on without gaps, "
            "or give n_classes."
        )
    return classes, n_found


def _labels(labels: ArrayLike, n: int, n_classes: int | None) -> tuple[Indices, int]:
    """Labels as int64 [N], and the number of classes."""
    array = np.asarray(labels)
    if array.shape != (n,) or not np.issubdtype(array.dtype, np.integer):
        raise TsearchError(
            f"labels must be {n} whole numbers, one per sample; found {array.dtype} {list(array.shape)}."
        )
    most = int(array.max())
    n_classes = most + 1 if n_classes is None else n_classes
    if array.min() < 0 or most >= n_classes or n_classes < 2:
        found = f"labels from {array.min()} to {most}"
        raise TsearchError(
            f"{found} do not fit {n_classes} classes; they count from 0, and there are at least 2."
        )
    return array.astype(np.int64), n_classes


def _groups(groups: ArrayLike | None, n: int) -> Indices | None:
    if groups is None:
        return None
    array = np.asarray(groups)
    if array.shape != (n,) or not np.issubdtype(array.dtype, np.integer):
        raise TsearchError(
            f"groups must be {n} whole numbers, one per sample; found {array.dtype} {list(array.shape)}."
        )
    return array.astype(np.int64)
