"""Which samples training, validation and test hold: fractions or indices, and no group in two of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsearch.data.splits import Indices, stratified_splits
from tsearch.errors import TsearchError

_NAMES = ("training", "validation", "test")

Part = float | Sequence[int] | NDArray[Any]


def parts_of(
    labels: Indices, validation: Part, test: Part, seed: int, groups: Indices | None = None
) -> list[Indices]:
    """Indices of training, validation and test: given ones as they are, fractions out of those left.

    Args:
        labels: Class of every sample [N].
        validation, test: A fraction of all groups, drawn stratified by class; or indices of samples.
        seed: Of the fractions.
        groups: Group of every sample [N]; None where each one is its own.

    Raises: TsearchError for parts that overlap, are empty, divide a group or leave too little.
    """
    groups = np.arange(len(labels)) if groups is None else groups
    n, parts = len(labels), {"validation": validation, "test": test}
    given = {name: _given(part, name, n) for name, part in parts.items() if not isinstance(part, float | int)}
    taken = np.concatenate([np.zeros(0, np.int64), *given.values()])
    if len(np.unique(taken)) < len(taken):
        raise TsearchError("validation and test share samples, or name one twice.")
    left = np.setdiff1d(np.arange(n), taken)
    firsts = left[np.unique(groups[left], return_index=True)[1]]  # one sample of every group that is left
    n_groups, kind = len(np.unique(groups)), "samples" if len(np.unique(groups)) == n else "groups"
    sizes = {name: round(float(part) * n_groups) for name, part in parts.items() if name not in given}  # type: ignore[arg-type]
    for name, size in sizes.items():
        if not 0 < size < len(firsts):
            raise TsearchError(
                f"{name}: {parts[name]} of {n_groups} {kind} is {size}. Give a larger part of them, below 1."
            )
    if sum(sizes.values()) >= len(firsts):
        raise TsearchError("validation and test leave no samples to train with.")
    drawn = [
        left[np.isin(groups[left], groups[firsts[chosen]])]
        for chosen in stratified_splits(labels[firsts], *sizes.values(), seed=seed)
    ]
    train = drawn.pop()
    if len(np.unique(labels[train])) < 2:
        raise TsearchError(
            f"training has {len(train)} of {n} samples, all of one class. Give more samples, or smaller parts."
        )
    found = given | dict(zip(sizes, drawn, strict=True))
    chosen = [train, found["validation"], found["test"]]
    _check_groups([groups[part] for part in chosen])
    return chosen


def _given(part: Any, name: str, n: int) -> Indices:
    indices = np.asarray(part)
    is_whole = np.issubdtype(indices.dtype, np.integer)
    if indices.ndim != 1 or not len(indices) or not is_whole or not 0 <= indices.min() <= indices.max() < n:
        raise TsearchError(f"{name}: give a fraction of the samples, or indices from 0 to {n - 1}.")
    return indices.astype(np.int64)


def _check_groups(of_splits: list[Indices]) -> None:
    for first, second in ((0, 1), (0, 2), (1, 2)):
        shared = np.intersect1d(of_splits[first], of_splits[second])
        if len(shared):
            raise TsearchError(
                f"groups: {_NAMES[first]} and {_NAMES[second]} both have samples of group {shared[0]}. "
                "Give all samples of a group to one of them."
            )
