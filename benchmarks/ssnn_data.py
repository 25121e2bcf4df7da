"""Data of `ssnn_ablation.py` that no data set of the program gives: folds of N-MNIST, windows of gesture recordings."""

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np

from tsearch.configuration import DataSpec
from tsearch.data import load_dataset
from tsearch.data.batches import EventSplit
from tsearch.data.dataset import Dataset, DatasetInfo
from tsearch.data.events import Events
from tsearch.data.folders import data_root
from tsearch.data.splits import stratified_splits
from tsearch.errors import TsearchError

N_FOLDS = 5
WINDOW_US, STRIDE_US = 60_000, 20_000
TRAIN_UNTIL_US, TEST_FROM_US, END_US = 700_000, 750_000, 1_200_000  # 50 ms in between belong to neither
JOINED = 8  # pixels of a side of the gesture sensor that become one


def nmnist(fold: int, playback: bool = False) -> Dataset:
    """All recordings at hand, training and test alike, joined to 17 x 17 pixels; the part `fold` of five, stratified by
    digit, is the test split. Nothing is chosen on validation data, which are those of training.

    With `playback` every recording is there backwards too, in the part of the one forwards."""
    events = _recordings()
    folds = stratified_splits(events.labels, *[len(events) // N_FOLDS] * (N_FOLDS - 1))
    held_back = folds[fold]
    train, test = (
        events.select(part) for part in (np.setdiff1d(np.arange(len(events)), held_back), held_back)
    )
    if playback:
        train, test = train.playback(10), test.playback(10)
    return _dataset(train, test, 20 if playback else 10)


@cache
def _recordings() -> Events:
    dataset = load_dataset(DataSpec(name="nmnist", options={"downsample": 2}))
    parts = [split.events for split in (dataset.train, dataset.validation, dataset.test)]  # type: ignore[attr-defined]
    joined = _joined(parts)
    return replace(joined, groups=np.arange(len(joined)))


def _joined(parts: list[Events]) -> Events:
    """The recordings of all parts, one after the other."""
    names = [field.name for field in fields(Events) if field.name not in ("offsets", "shape", "groups")]
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    return Events(offsets=np.concatenate([[0], np.cumsum(counts)]), shape=parts[0].shape, **arrays)


def gestures() -> Dataset:
    """Windows of 60 ms of ten recordings, one per class, at 16 x 16 pixels: those that end before .70 s to train,
    those that begin after .75 s to test. Windows overlap; a group is a recording."""
    spec = DataSpec(name="dvs_gesture")
    path = data_root(spec) / "dvs_gesture" / "dvs_gesture_10x1.2s.npz"
    if not path.exists():
        raise TsearchError(f"{path} is missing. Point TSEARCH_DATA at the folder that holds dvs_gesture/.")
    return _dataset(*(_windows(path, *span) for span in ((0, TRAIN_UNTIL_US), (TEST_FROM_US, END_US))), 10)


def _windows(path: Path, first: int, last: int) -> Events:
    """Windows of all recordings between two times, in us."""
    starts = np.arange(first, last - WINDOW_US + 1, STRIDE_US)
    with np.load(path) as stored:
        recordings = [stored[f"events_{i}"] for i in range(len(stored["labels"]))]
    pixels, times, classes = [], [], []
    for label, events in enumerate(recordings):
        x, y = events["x"].astype(np.int64) // JOINED, events["y"].astype(np.int64) // JOINED
        place = (events["p"].astype(np.int64) * 16 + y) * 16 + x
        for start in starts:
            inside = (events["t"] >= start) & (events["t"] < start + WINDOW_US)
            order = np.argsort(events["t"][inside], kind="stable")
            pixels.append(place[inside][order].astype(np.uint16))
            times.append((events["t"][inside][order] - start).astype(np.int32))
            classes.append(label)
    n = len(pixels)
    return Events(
        pixel=np.concatenate(pixels),
        time=np.concatenate(times),
        offsets=np.cumsum([0, *(len(pixel) for pixel in pixels)]),
        labels=np.array(classes),
        start=np.zeros(n, np.int64),
        stop=np.full(n, WINDOW_US),
        shape=(2, 16, 16),
        groups=np.array(classes),
    )


def _dataset(train: Events, test: Events, n_classes: int) -> Dataset:
    """Nothing is chosen on validation data, so that training data stand in their place."""
    most = max(255, train.most_per_pixel(), test.most_per_pixel())
    info = DatasetInfo("", train.shape, n_classes, False, "graded", most_events_per_pixel=most)
    split = EventSplit(train)
    return Dataset(info, split, split, EventSplit(test))
