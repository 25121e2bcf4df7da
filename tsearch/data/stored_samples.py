"""What is told of every sample of a set on disk, in an order that depends on the names of the files alone."""

import hashlib
import logging
import re

import numpy as np
from numpy.typing import NDArray

from tsearch.data.dataset import SPLITS, DatasetInfo
from tsearch.data.splits import Indices
from tsearch.errors import TsearchError
from tsearch.files.cache import Arrays
from tsearch.files.notices import Progress

_log = logging.getLogger(__name__)


class SampleList:
    """Samples as they are read, in any order."""

    def __init__(self, info: DatasetInfo, classes: tuple[str, ...] | None = None) -> None:
        """`classes` are the names of all classes in order; None for the names that are found, sorted."""
        self._info, self._classes = info, classes
        self._keys: list[str] = []
        self._classes_of: list[str] = []
        self._parts: list[str] = []
        self._groups: list[str] = []
        self._digests: list[NDArray[np.uint8]] = []
        self._progress = Progress(_log, f"reading {info.name}", "samples")

    def __len__(self) -> int:
        """Number of samples so far."""
        return len(self._keys)

    def add(self, key: str, of_class: str, part: str, group: str, *content: NDArray[np.generic]) -> None:
        """One sample: `key` says where it stands among the others (numbers in it count as numbers), `part` is the split
        that it was published for, "" for none; samples of one `group` (a person, a recording) are not independent; its
        `content` is what its hash is of."""
        digest = hashlib.sha256()
        for values in content:
            digest.update(np.ascontiguousarray(values).data)
        self._digests.append(np.frombuffer(digest.digest(), np.uint8))
        self._keys.append(key)
        self._classes_of.append(of_class)
        self._parts.append(part)
        self._groups.append(group)
        self._progress.step()

    def arrays(self) -> Arrays:
        """In the order of the keys: `row`, the place of a sample in the order of reading, `labels`, `part` (its number
        in `SPLITS`, -1 for none), `groups`, numbered as they come, and `digest`, all [N] or [N, 32].

        Raises: TsearchError for no samples, names of no class, or another number of classes than was told."""
        name, n_classes = self._info.name, self._info.n_classes
        if not self._keys:
            raise TsearchError(f"data {name}: its files hold no samples. Get them again.")
        classes = self._classes or tuple(sorted(set(self._classes_of)))
        unknown = set(self._classes_of) - set(classes)
        if unknown:
            raise TsearchError(f"data {name}: '{min(unknown)}' is no class of it, such as {classes[0]}.")
        if len(classes) != n_classes:
            raise TsearchError(
                f"data {name}: found {len(classes)} classes instead of {n_classes}. Set its option "
                f"'classes' to {len(classes)}, or get the missing files."
            )
        row = natural_order(self._keys)
        number = {of_class: i for i, of_class in enumerate(classes)}
        groups = {group: i for i, group in enumerate(dict.fromkeys(self._groups[i] for i in row))}
        parts = {part: i for i, part in enumerate(SPLITS)} | {"": -1}
        return {
            "row": row,
            "labels": np.array([number[of_class] for of_class in self._classes_of], np.int64)[row],
            "part": np.array([parts[part] for part in self._parts], np.int64)[row],
            "groups": np.array([groups[group] for group in self._groups], np.int64)[row],
            "digest": np.stack(self._digests)[row],
        }


def natural_order(keys: list[str]) -> Indices:
    """Indices that sort `keys`, where numbers count as numbers: `cat_2` before `cat_10`."""
    padded = [re.sub(r"\d+", lambda number: number[0].zfill(12), key) for key in keys]
    return np.array(sorted(range(len(keys)), key=lambda i: padded[i]), np.int64)


def samples_hash(stored: Arrays, samples: Indices, also: str = "") -> str:
    """SHA-256 of the samples of a split, hexadecimal, from the hashes of each one: no sample is read."""
    digest = hashlib.sha256(stored["digest"][samples].tobytes() + stored["labels"][samples].tobytes())
    digest.update(also.encode())
    return digest.hexdigest()
