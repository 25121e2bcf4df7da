"""Which samples of a set on disk are for training, validation and test: the same in every run."""

from typing import Annotated, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tsearch.data.dataset import SPLITS, DatasetInfo
from tsearch.data.splits import Indices, stratified_splits
from tsearch.errors import TsearchError
from tsearch.files.cache import Arrays

Fraction = Annotated[float, Field(gt=0, lt=1)]
TestChoice = Literal["last", "random"]
_TRAIN, _VALIDATION, _TEST = range(3)


class Shares(Protocol):
    """Options of a data set on disk: which share of training is set aside for validation, and the most samples of each
    class in both together, and in test; 0 for all."""

    @property
    def validation_fraction(self) -> float: ...

    @property
    def limit(self) -> int: ...


def parts_of_stored(
    info: DatasetInfo,
    stored: Arrays,
    shares: Shares,
    *,
    test_fraction: float | None = None,
    test_choice: TestChoice = "last",
) -> list[Indices]:
    """Samples of training, validation and test, [n] each, of what `SampleList.arrays` gave.

    The parts that samples were published for are kept. Without any for test, those for validation are for test, or
    else the last or a random share of each class. Without any for validation then, it is drawn from training,
    stratified by class; samples of one group stay together.

    Args:
        info: What is told of the data set.
        stored: Labels, parts and groups of all samples.
        shares: For validation, and the most of each class.
        test_fraction, test_choice: The share for test, and which of each class it is; None where test samples must
            have been published.

    Raises: TsearchError where a part would be empty, or training has no sample of a class."""
    name, n_classes = info.name, info.n_classes
    labels, part, groups = stored["labels"], stored["part"].copy(), stored["groups"]
    if not (part == _TEST).any():
        part[part == _VALIDATION] = _TEST  # the only part that was held back
    if not (part == _TEST).any() and test_fraction is not None:
        choose = last_of_each_class if test_choice == "last" else drawn_of_each_class
        part[choose(labels, test_fraction)] = _TEST
    kept = np.zeros(len(labels), bool)
    for half in (part == published for published in np.unique(part)):
        kept[np.flatnonzero(half)[first_of_each_class(labels[half], shares.limit)]] = True
    if not (part == _VALIDATION).any():
        training = np.flatnonzero(kept & (part != _TEST))
        part[training[drawn_groups(labels[training], groups[training], shares.validation_fraction)]] = (
            _VALIDATION
        )
    parts = [
        np.flatnonzero(kept & chosen) for chosen in (part < _VALIDATION, part == _VALIDATION, part == _TEST)
    ]
    sizes = [len(samples) for samples in parts]
    if min(sizes) == 0:
        told = ", ".join(f"{size} for {split}" for split, size in zip(SPLITS, sizes, strict=True))
        raise TsearchError(f"data {name}: too few samples: {told}. Get more files, or change the fractions.")
    absent = np.setdiff1d(np.arange(n_classes), labels[parts[_TRAIN]])
    if len(absent):
        raise TsearchError(
            f"data {name}: {len(absent)} of {n_classes} classes have no training sample, such as class {absent[0]}. "
            "Get the missing files, or choose fewer classes by the options of this data set (`tsearch check --all`)."
        )
    return parts


def first_of_each_class(labels: Indices, most: int) -> NDArray[np.bool_]:
    """The first `most` samples of every class, [N]; all where `most` is 0."""
    order = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return rank < (most or len(labels))


def last_of_each_class(labels: Indices, fraction: float) -> NDArray[np.bool_]:
    """The last share of the samples of every class, rounded, [N]: a split in the order of the files."""
    counts = np.bincount(labels)
    kept = counts - np.round(counts * fraction).astype(np.int64)
    is_last = np.zeros(len(labels), bool)
    for which in range(len(counts)):
        is_last[np.flatnonzero(labels == which)[kept[which] :]] = True
    return is_last


def drawn_of_each_class(labels: Indices, fraction: float) -> NDArray[np.bool_]:
    """A random share of the samples of every class, the same in every run, [N]."""
    drawn = stratified_splits(labels, round(len(labels) * fraction))[0]
    return np.isin(np.arange(len(labels)), drawn)


def drawn_groups(labels: Indices, groups: Indices, fraction: float) -> NDArray[np.bool_]:
    """The samples of a random share of the groups, stratified by the class of each group's first sample, [N]."""
    names, firsts = np.unique(groups, return_index=True)
    return np.isin(groups, names[drawn_of_each_class(labels[firsts], fraction)])
