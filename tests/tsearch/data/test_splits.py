"""Splits are disjoint, complete, stratified and always the same."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tsearch.data.digits import digit_scans, digit_splits
from tsearch.data.splits import largest_remainders, stratified_splits


def test_largest_remainders_by_hand() -> None:
    """Shares 1.67, 1.67, 1.67 of 5 and 2.4, 1.2, 0.4 of 4."""
    assert largest_remainders(np.array([4, 4, 4]), 5).tolist() == [2, 2, 1]
    assert largest_remainders(np.array([6, 3, 1]), 4).tolist() == [3, 1, 0]


@given(labels=st.lists(st.integers(0, 4), min_size=10, max_size=60), a=st.integers(0, 5), b=st.integers(0, 5))
def test_parts_are_disjoint_and_complete(labels: list[int], a: int, b: int) -> None:
    parts = stratified_splits(np.array(labels), a, b)
    assert [len(part) for part in parts] == [a, b, len(labels) - a - b]
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(labels)))


def test_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot take \[3, 2\] of 4"):
        stratified_splits(np.zeros(4, int), 3, 2)


def test_digits_are_split_as_published() -> None:
    """997, 300 and 500 scans; every class near its share; the very indices pinned by their hash."""
    labels = digit_scans()["labels"]
    parts = digit_splits(labels)
    assert [len(part) for part in parts] == [997, 300, 500]
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1797))
    share = np.bincount(labels) / len(labels)
    for part in parts:
        assert np.abs(np.bincount(labels[part]) - share * len(part)).max() < 1.5
    assert hashlib.sha256(np.concatenate(parts).astype("<i8")).hexdigest()[:16] == "8a8652ad2b07613c"
