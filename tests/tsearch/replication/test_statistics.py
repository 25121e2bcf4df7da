"""Means with their error against scipy, closed forms and brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from tsearch.replication.statistics import Estimate, Variance, difference, holm, variance_over_groups


def draws(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(("n", "m", "spread"), [(5, 5, 1.0), (2, 9, 3.0), (35, 5, 0.2)])
def test_a_difference_of_two_is_welchs_t_test(n: int, m: int, spread: float) -> None:
    a, b = draws(n, seed=1) + 1.0, spread * draws(m, seed=2)
    ours = difference([a, b], [1.0, -1.0])
    for limit in (0.0, 0.3):
        theirs = ttest_ind(a - limit, b, equal_var=False, alternative="greater")
        assert ours.p_above(limit) == pytest.approx(theirs.pvalue, rel=1e-9)
    interval = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert [ours.interval.low, ours.interval.high] == pytest.approx([interval.low, interval.high], rel=1e-9)


def test_weights_enter_as_scaled_samples_do() -> None:
    a, b, c = draws(5, seed=1), draws(7, seed=2), draws(4, seed=3)
    weighted, scaled = difference([a, b, c], [1, -0.3, -0.7]), difference([a, -0.3 * b, -0.7 * c], [1, 1, 1])
    assert weighted.value == pytest.approx(scaled.value)
    assert weighted.variance.value == pytest.approx(scaled.variance.value)
    assert weighted.variance.freedom == pytest.approx(scaled.variance.freedom)


def test_variances_add_by_satterthwaites_formula() -> None:
    two, three = Variance(3.0, 4) + Variance(2.0, 8), Variance(2.0, 5) + Variance(0.0, 3)
    assert (two.value, two.freedom) == pytest.approx((5.0, 25 / (9 / 4 + 4 / 8)))
    assert (three.value, three.freedom) == pytest.approx((2.0, 5.0))


def test_without_variance_a_number_is_known() -> None:
    still = difference([np.full(5, 2.0), np.full(5, 1.0)], [1.0, -1.0])
    assert (still.interval.low, still.interval.high) == (1.0, 1.0)
    assert [still.p_above(limit) for limit in (0.5, 1.0, 1.5)] == [0.0, 1.0, 1.0]


def test_one_replicate_and_one_group_have_no_variance() -> None:
    with pytest.raises(ValueError, match="at least 2 replicates"):
        difference([np.zeros(1), np.zeros(5)], [1.0, -1.0])
    with pytest.raises(ValueError, match="one group"):
        variance_over_groups(draws(10), np.zeros(10, dtype=np.int64))


def test_what_is_resolvable_is_shown_in_four_of_five_cases() -> None:
    error, n = 0.7, 20_000
    estimate = Estimate(0.0, Variance(error**2, 1e6))
    lows = estimate.resolvable + error * draws(n) + estimate.interval.low
    assert np.mean(lows > 0) == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / n))


@pytest.mark.parametrize("sizes", [np.ones(400), np.full(80, 5.0), 1 + np.arange(120) % 7])
def test_the_bootstrap_over_groups_agrees_with_the_closed_form(sizes: np.ndarray) -> None:
    n, groups = len(sizes), np.repeat(np.arange(len(sizes)), sizes.astype(int))
    values = draws(len(groups), seed=4) + draws(n, seed=5)[groups]
    sums = np.bincount(groups, weights=values - values.mean())
    closed = (sums @ sums) / len(groups) ** 2 * n / (n - 1)
    bootstrap = variance_over_groups(values, groups)
    assert bootstrap.value == pytest.approx(closed, rel=0.12)  # 2,000 resamples have a standard error of 3 %
    assert bootstrap.freedom == n - 1


def test_copies_of_samples_in_their_group_add_no_knowledge() -> None:
    values = draws(50, seed=6)
    alone = variance_over_groups(values, np.arange(50))
    copied = variance_over_groups(np.repeat(values, 8), np.repeat(np.arange(50), 8))
    assert (copied.value, copied.freedom) == pytest.approx((alone.value, alone.freedom))
    as_if_independent = variance_over_groups(np.repeat(values, 8), np.arange(400))
    assert as_if_independent.value < alone.value / 6


def test_names_of_groups_mean_nothing_and_repeats_are_equal() -> None:
    values, groups = draws(60, seed=7), np.repeat(np.arange(20), 3)
    assert variance_over_groups(values, groups) == variance_over_groups(values, 1000 * groups + 7)


def test_samples_that_all_agree_leave_the_doubt_of_one_group() -> None:
    assert variance_over_groups(np.zeros(40), np.arange(40)).value == pytest.approx(1 / 40**2)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.4, 0.9]) == pytest.approx([0.8, 0.9])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_holm_is_bonferroni_in_every_intersection_of_hypotheses(p_values: list[float]) -> None:
    n = len(p_values)
    subsets = [s for k in range(1, n + 1) for s in itertools.combinations(range(n), k)]
    of_subset = {s: min(1.0, len(s) * min(p_values[i] for i in s)) for s in subsets}
    closed = [max(p for s, p in of_subset.items() if i in s) for i in range(n)]
    assert holm(p_values) == pytest.approx(closed)


def test_intervals_of_replicates_and_samples_cover_the_truth() -> None:
    n_runs, n_groups, n_covered = 600, 40, 0
    for run in range(n_runs):
        rng = np.random.default_rng(run)
        samples = rng.standard_normal(n_groups)  # the same for both networks, which see them differently
        one, other = (
            0.15 * rng.standard_normal((5, 1)) + samples + 0.7 * rng.standard_normal(n_groups)
            for _ in range(2)
        )
        replicates = difference([one.mean(axis=1), other.mean(axis=1)], [1.0, -1.0])
        of_samples = variance_over_groups(one.mean(axis=0) - other.mean(axis=0), np.arange(n_groups))
        interval = Estimate(replicates.value, replicates.variance + of_samples).interval
        n_covered += interval.low <= 0 <= interval.high
    assert n_covered / n_runs == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / n_runs))
