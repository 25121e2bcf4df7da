"""What an epoch draws: every sample, or one recording of every scan."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tsearch.data.dataset import epoch_of, epoch_size, groups_of

GROUPS = np.array([7, 3, 7, 5, 3, 7])


class Samples(SimpleNamespace):
    """A split of the user's own, of which only the number of samples matters here."""

    n: int

    def __len__(self) -> int:
        return self.n


@pytest.mark.parametrize("attributes", [{}, {"groups": None}, {"groups": GROUPS}])
def test_without_drawing_an_epoch_is_the_permutation_it_has_always_been(attributes: dict[str, Any]) -> None:
    split = Samples(n=6, **attributes)
    assert_array_equal(
        epoch_of(split, np.random.default_rng(5)), np.random.default_rng(5).permutation(6), strict=True
    )
    assert epoch_size(split) == 6


def test_without_groups_every_sample_is_its_own() -> None:
    assert groups_of(Samples(n=4)).tolist() == [0, 1, 2, 3]
    assert groups_of(Samples(n=6, groups=GROUPS.tolist())).tolist() == GROUPS.tolist()


def test_an_epoch_draws_every_scan_once() -> None:
    split = Samples(n=6, groups=GROUPS, draws_one_per_group=True)
    assert epoch_size(split) == 3
    for seed in range(20):
        epoch = epoch_of(split, np.random.default_rng(seed))
        assert sorted(GROUPS[epoch]) == [3, 5, 7]
        assert_array_equal(epoch, epoch_of(split, np.random.default_rng(seed)))


def test_recordings_and_orders_are_drawn_with_equal_chances() -> None:
    """Of 6,000 epochs, each of the three recordings of scan 7 is in 2,000 and each place holds it in 2,000, to within
    five standard deviations."""
    split, rng = Samples(n=6, groups=GROUPS, draws_one_per_group=True), np.random.default_rng(0)
    epochs = np.array([epoch_of(split, rng) for _ in range(6000)])
    drawn = np.bincount(epochs.ravel(), minlength=6)
    assert drawn[3] == 6000
    assert drawn[[0, 2, 5]] == pytest.approx([2000] * 3, abs=180)
    assert drawn[[1, 4]] == pytest.approx([3000] * 2, abs=195)
    assert (GROUPS[epochs] == 7).sum(0) == pytest.approx([2000] * 3, abs=180)
