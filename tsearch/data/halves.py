"""Which samples of a set on disk are for training, validation and test: the same in every run."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tsearch.data.splits import Indices, stratified_splits
from tsearch.errors import TsearchError

Fraction = Annotated[float, Field(gt=0, lt=1)]


def first_of_each_class(labels: Indices, most: int) -> NDArray[np.bool_]:
    """The first `most` samples of every class, [N]; all where `most` is 0."""
    if not most:
        return np.ones(len(labels), bool)
    order = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return rank < most


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
    drawn, _ = stratified_splits(labels, round(len(labels) * fraction))
    return np.isin(np.arange(len(labels)), drawn)


def three_parts(
    name: str, labels: Indices, is_test: NDArray[np.bool_], validation_fraction: float, n_classes: int
) -> list[Indices]:
    """Samples of training, validation and test, [n] each; validation is drawn from training, stratified by class.

    Raises: TsearchError where a part would be empty, or training has no sample of a class."""
    training = np.flatnonzero(~is_test)
    n_validation = round(validation_fraction * len(training))
    if not 0 < n_validation < len(training) or not is_test.any():
        raise TsearchError(
            f"data {name}: {len(training)} training and {int(is_test.sum())} test samples are too few for training, "
            "validation and test."
        )
    validation, rest = stratified_splits(labels[training], n_validation)
    absent = np.setdiff1d(np.arange(n_classes), labels[training[rest]])
    if len(absent):
        raise TsearchError(
            f"data {name}: {len(absent)} of {n_classes} classes have no training sample, such as class {absent[0]}. "
            "Get the missing files, or see the options of this data set for fewer classes."
        )
    return [training[rest], training[validation], np.flatnonzero(is_test)]
