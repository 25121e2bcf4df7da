"""The gestures in the files of DVS128 Gesture, of tonic's layout, of the authors', or of one .npz."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tsearch.configuration import DataSpec
from tsearch.data.aedat import FIELDS, dvs128_gesture_of, read_aedat_addresses
from tsearch.data.archives import find, members
from tsearch.data.recordings import Recording
from tsearch.errors import TsearchError

SENSOR = (128, 128)
SUFFIXES = (".npy", ".npz", ".aedat", "_labels.csv")
PAGE = "https://research.ibm.com/interactive/dvsgesture/"
LAST_TRAINING_USER = 23
_PLACES = ("dvs_gesture", "DVSGesture", "DvsGesture", ".")
_TRAIN = ("ibmGestureTrain", "ibmGestureTrain.tar.gz")
_TEST = ("ibmGestureTest", "ibmGestureTest.tar.gz")
_WHOLE = ("DvsGesture", "DvsGesture.tar.gz", "dvs_gesture*.npz")


def find_gestures(spec: DataSpec) -> list[Path]:
    """The folders or archives that hold the gestures. Raises: TsearchError where there are none."""
    first = find(spec, _PLACES, (*_TRAIN, *_WHOLE), PAGE)
    if first.name not in _TRAIN:
        return [first]
    others = [first.parent / name for name in _TEST]
    return [first, *[other for other in others if other.exists()][:1]]


def gestures(source: Path) -> Iterator[Recording]:
    """Every gesture with its class "0" to "10", times in us; the groups are the users.

    Raises: TsearchError for damaged files."""
    is_cut = source.name in (*_TRAIN, *_TEST)
    tables = {} if is_cut else {_stem(path): table for path, table in members(source, ("_labels.csv",))}
    for path, content in members(source, (".npy", ".npz", ".aedat")):
        name = f"{source}/{path}"
        if path.endswith(".npz"):
            yield from _of_npz(path, content, name)
        elif path.endswith(".npy"):
            yield _of_npy(path, content, name)
        elif _stem(path) in tables:
            yield from _of_aedat(path, content, tables[_stem(path)], name)
        else:
            raise TsearchError(f"{name}: there is no {_stem(path)}_labels.csv beside it. Get it again.")


def _of_npy(path: str, content: bytes, name: str) -> Recording:
    """Columns x, y, p and t, the last in ms."""
    events = _loaded(content, name)
    of_class = PurePosixPath(path).stem
    if (
        not isinstance(events, np.ndarray)
        or events.ndim != 2
        or events.shape[1] != 4
        or not of_class.isdecimal()
    ):
        raise TsearchError(
            f"{name}: no gesture, an array of four columns in a file <class>.npy. Get it again."
        )
    rows = np.empty(len(events), FIELDS)
    for field, column, scale in (("x", 0, 1), ("y", 1, 1), ("p", 2, 1), ("t", 3, 1000)):
        rows[field] = np.rint(events[:, column].astype(np.float64) * scale)
    person = PurePosixPath(path).parent.name
    return Recording(f"{person}/{of_class}", of_class, _part(person, name), _user(person), rows)


def _of_npz(path: str, content: bytes, name: str) -> Iterator[Recording]:
    stored, stem = _loaded(content, name), _stem(path)
    try:
        for i, label in enumerate(stored["labels"].tolist()):
            yield Recording(f"{stem}/{i}", str(label), "", f"{stem}/{i}", stored[f"events_{i}"])
    except (KeyError, ValueError, IndexError, TypeError) as problem:
        raise TsearchError(
            f"{name}: no labels and events_0, events_1, ... ({problem}). Get it again."
        ) from None


def _of_aedat(path: str, content: bytes, table: bytes, name: str) -> Iterator[Recording]:
    """The gestures of one recording, from its table: class from 1, first and last time in us."""
    events = dvs128_gesture_of(*read_aedat_addresses(content, name))
    person = _stem(path)
    try:
        rows = [
            [int(cell) for cell in row] for row in list(csv.reader(table.decode().splitlines()))[1:] if row
        ]
        for number, (label, start, stop) in enumerate(rows):
            within = events[(events["t"] >= start) & (events["t"] < stop)]
            key = f"{person}/{number}"
            yield Recording(key, str(label - 1), _part(person, name), _user(person), within, start, stop)
    except (ValueError, UnicodeDecodeError) as problem:
        raise TsearchError(f"{name}: its table of labels cannot be read ({problem}). Get it again.") from None


def _loaded(content: bytes, name: str) -> Any:
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as problem:  # a damaged file fails in many ways
        raise TsearchError(f"{name}: cannot be read ({problem}). Get it again.") from None


def _stem(path: str) -> str:
    return PurePosixPath(path).stem.removesuffix("_labels")


def _user(person: str) -> str:
    return person.partition("_")[0]


def _part(person: str, name: str) -> str:
    """The official split: by the number of the user."""
    number = re.match(r"user(\d+)", person)
    if number is None:
        raise TsearchError(
            f"{name}: the folder or file of a gesture names its user, such as user01_fluorescent."
        )
    return "train" if int(number[1]) <= LAST_TRAINING_USER else "test"
