"""Data sets from arrays: for data of the user's own, `data: {name: "mine:digits"}`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsearch.data.dataset import Dataset, DatasetInfo, InputClass
from tsearch.data.events import Events
from tsearch.data.splits import SPLIT_SEED, Indices, stratified_splits
from tsearch.errors import TsearchError

Part = float | Sequence[int] | NDArray[Any]


def image_dataset(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    validation: Part = 0.15,
    test: Part = 0.15,
    n_classes: int | None = None,
    seed: int = SPLIT_SEED,
) -> Dataset:
    """A data set of static images.

    Args:
        images: Real numbers [N, C, H, W], best in [0, 1].
        labels: Class of every image, whole numbers [N] from 0 on.
        validation, test: Which samples these splits hold: a fraction of all, drawn stratified by class, or their
            indices. Training has the others.
        n_classes: Number of classes; by default the largest label and one.
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
    parts = _parts(classes, validation, test, seed)
    values = array.astype(np.float32)
    splits = (ImageSplit(values[part], classes[part]) for part in parts)
    return Dataset(_info(array.shape[1:], n_classes, is_static=True), *splits)


def event_dataset(
    events: Events | ArrayLike,
    labels: ArrayLike | None = None,
    *,
    validation: Part = 0.15,
    test: Part = 0.15,
    n_classes: int | None = None,
    seed: int = SPLIT_SEED,
) -> Dataset:
    """A data set of recordings of an event sensor, from which frames of any number of timesteps are made.

    Args:
        events: Recordings, or the numbers of events in fine steps of time, whole numbers [N, T, C, H, W].
        labels: Class of every recording [N]; None where `events` holds them.
        validation, test, n_classes, seed: As for `image_dataset`.

    Raises: TsearchError as `image_dataset`."""
    from tsearch.data.batches import EventSplit

    if not isinstance(events, Events):
        if labels is None:
            raise TsearchError("labels: counts of events need them, one per recording.")
        events = events_of_counts(np.asarray(events), np.asarray(labels))
    if not len(events):
        raise TsearchError("events: there is no recording.")
    classes, n_classes = _classes(events.labels if labels is None else labels, len(events), n_classes)
    parts = _parts(classes, validation, test, seed)
    info = replace(
        _info(events.shape, n_classes, is_static=False), most_events=int(np.diff(events.offsets).max())
    )
    return Dataset(info, *(EventSplit(events.select(p)) for p in parts))


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


def _parts(labels: Indices, validation: Part, test: Part, seed: int) -> list[Indices]:
    """Indices of training, validation and test: given ones as they are, fractions out of those left."""
    n, parts = len(labels), {"validation": validation, "test": test}
    given = {name: _given(part, name, n) for name, part in parts.items() if not isinstance(part, float | int)}
    taken = np.concatenate([np.zeros(0, np.int64), *given.values()])
    if len(np.unique(taken)) < len(taken):
        raise TsearchError("validation and test share samples, or name one twice.")
    left = np.setdiff1d(np.arange(n), taken)
    sizes = {name: round(float(part) * n) for name, part in parts.items() if name not in given}  # type: ignore[arg-type]
    for name, size in sizes.items():
        if not 0 < size < len(left):
            raise TsearchError(
                f"{name}: {parts[name]} of {n} samples is {size}. Give a larger part of them, below 1."
            )
    if sum(sizes.values()) >= len(left):
        raise TsearchError("validation and test leave no samples to train with.")
    *drawn, train = stratified_splits(labels[left], *sizes.values(), seed=seed)
    if len(np.unique(labels[left][train])) < 2:
        raise TsearchError(
            f"training has {len(train)} of {n} samples, all of one class. Give more samples, or smaller parts."
        )
    found = given | {name: left[indices] for name, indices in zip(sizes, drawn, strict=True)}
    return [left[train], found["validation"], found["test"]]


def _given(part: Any, name: str, n: int) -> Indices:
    indices = np.asarray(part)
    is_whole = np.issubdtype(indices.dtype, np.integer)
    if indices.ndim != 1 or not len(indices) or not is_whole or not 0 <= indices.min() <= indices.max() < n:
        raise TsearchError(f"{name}: give a fraction of the samples, or indices from 0 to {n - 1}.")
    return indices.astype(np.int64)
