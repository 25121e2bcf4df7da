"""Stratified splits that are the same in every run: a function of the labels and a fixed seed only."""

import numpy as np
from numpy.typing import NDArray

SPLIT_SEED = 2024

Indices = NDArray[np.int64]


def stratified_splits(labels: Indices, *sizes: int, seed: int = SPLIT_SEED) -> tuple[Indices, ...]:
    """Disjoint ascending indices, one array per entry of `sizes` and a last one with all that is left.

    Each part holds every class in its share of what the parts before it left over, rounded by largest
    remainders.
    Raises: ValueError if the sizes add up to more than there is.
    """
    if sum(sizes) > len(labels) or min(sizes, default=0) < 0:
        raise ValueError(f"cannot take {list(sizes)} of {len(labels)} samples")
    order = np.argsort(np.random.default_rng(seed).random(len(labels)), kind="stable")
    parts = []
    for size in sizes:
        is_taken = _first_of_each_class(labels[order], size)
        parts.append(np.sort(order[is_taken]))
        order = order[~is_taken]
    return *parts, np.sort(order)


def largest_remainders(counts: Indices, size: int) -> Indices:
    """Whole numbers in proportion to `counts` that add up to `size`; the earlier class wins a tie."""
    exact, total = counts * size, max(int(counts.sum()), 1)
    shares = exact // total
    neediest = np.argsort(-(exact % total), kind="stable")
    shares[neediest[: size - int(shares.sum())]] += 1
    return shares


def _first_of_each_class(labels: Indices, size: int) -> NDArray[np.bool_]:
    classes, class_of, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares, is_taken = largest_remainders(counts, size), np.zeros(len(labels), bool)
    for which in range(len(classes)):
        is_taken[np.flatnonzero(class_of == which)[: shares[which]]] = True
    return is_taken
