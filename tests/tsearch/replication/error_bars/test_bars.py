"""Error bars against closed forms: Student's t, the maximum of normal numbers, fronts without any spread."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from tsearch.front import Front, Point
from tsearch.replication.error_bars.bars import error_bars, probabilities_on_front
from tsearch.replication.error_bars.gap_to_test import gap_to_test
from tsearch.replication.error_bars.spread import sampling_error
from tsearch.replication.error_bars.tuning_noise import expected_excess
from tsearch.space.goals import Objective

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
)
BOX = {"accuracy": 0.0, "energy_pj": 1e6}, {"accuracy": 1.0, "energy_pj": 1e3}
Fresh = Sequence[tuple[float, float]]


def point(number: int, first: tuple[float, float], fresh: Fresh = (), n: int | None = 300) -> Point:
    metrics = [{"accuracy": accuracy, "energy_pj": energy} for accuracy, energy in (first, *fresh)]
    return Point(
        number, f"{number:016x}", metrics[0], (2, 1), (1, 1), n_validation=n, replicates=tuple(metrics[1:])
    )


def front(*points: Point) -> Front:
    return Front(points, OBJECTIVES, *BOX)


def test_without_fresh_trainings_there_are_no_bars() -> None:
    assert error_bars(front(point(0, (0.8, 2e4)), point(1, (0.9, 3e4)))) is None


def test_the_probability_of_two_points_of_equal_cost_is_students_t_of_their_difference() -> None:
    ours, theirs = [0.82, 0.80, 0.81, 0.79], [0.80, 0.78, 0.81, 0.785]
    shown = front(
        point(0, (0.82, 1e4), [(a, 1e4) for a in ours]), point(1, (0.82, 1e4), [(a, 1e4) for a in theirs])
    )
    chances = probabilities_on_front(shown, n_draws=5000)
    p_theirs_is_better = stats.ttest_ind(theirs, ours, alternative="less").pvalue
    assert chances[1] == pytest.approx(p_theirs_is_better, abs=0.02)
    assert chances[0] == pytest.approx(1 - p_theirs_is_better, abs=0.02)


def test_single_trainings_vary_by_the_normal_error_of_their_samples() -> None:
    shown = front(point(0, (0.9, 1e4), n=100), point(1, (0.9, 1e4), n=100))
    drawn = probabilities_on_front(front(*shown.complete), n_draws=2000)
    assert drawn[0] == pytest.approx(0.5, abs=0.04)
    error = math.sqrt(2) * sampling_error(0.9, 100)
    # The dearer and better one leaves the front where the noise turns their order around.
    dearer = front(point(0, (0.9, 1e4), n=100), point(1, (0.92, 2e4), n=100))
    assert probabilities_on_front(dearer, 4000)[1] == pytest.approx(stats.norm.cdf(0.02 / error), abs=0.025)
    assert probabilities_on_front(dearer)[0] == 1.0


def test_a_front_whose_trainings_are_all_alike_has_its_own_hypervolume_and_no_width() -> None:
    plain = front(point(0, (0.8, 2e4)), point(1, (0.9, 3e4)))
    bars = error_bars(
        front(point(0, (0.8, 2e4), [(0.8, 2e4)] * 3), point(1, (0.9, 3e4), [(0.9, 3e4)] * 3)), n_draws=50
    )
    assert bars is not None
    assert bars.hypervolume is not None
    assert list(bars.hypervolume.model_dump().values()) == pytest.approx([plain.hypervolume] * 3)
    assert [member.on_front for member in bars.members.values()] == [1.0, 1.0]
    assert bars.tuning is not None
    assert bars.tuning.measured == pytest.approx(0.0)


def test_an_interval_is_students_t_of_the_fresh_trainings_and_an_accuracys_adds_its_samples() -> None:
    accuracies, energies = [0.80, 0.84, 0.82], [1.0e4, 1.1e4, 1.3e4]
    fresh = list(zip(accuracies, energies, strict=True))
    bars = error_bars(front(point(0, (0.9, 1e4), fresh)), n_draws=10)
    assert bars is not None
    shown = bars.members[0].metrics
    assert bars.members[0].n_fresh == 3
    logs = np.log(energies)
    low, high = stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs))
    assert (shown["energy_pj"].low, shown["energy_pj"].high) == pytest.approx((math.exp(low), math.exp(high)))
    assert shown["energy_pj"].value == pytest.approx(stats.gmean(energies))
    reach = math.hypot(stats.t.ppf(0.975, 2) * stats.sem(accuracies), 1.96 * math.sqrt(0.82 * 0.18 / 300))
    assert shown["accuracy"].value == pytest.approx(0.82)
    assert shown["accuracy"].high - 0.82 == pytest.approx(reach, rel=1e-4)


def test_spreads_are_pooled_so_that_one_fresh_training_has_an_interval_too() -> None:
    rng = np.random.default_rng(0)
    rows = [[(0.7 + 0.05 * i + e, 1e4 * (i + 1)) for e in rng.normal(0, 0.01, 4)] for i in range(3)]
    single = point(3, (0.9, 9e4), [(0.88, 9e4)], n=10**9)
    bars = error_bars(front(*(point(i, r[0], r) for i, r in enumerate(rows)), single), n_draws=10)
    assert bars is not None
    pooled = math.sqrt(np.mean([np.var([a for a, _ in r], ddof=1) for r in rows]))
    assert bars.sd == pytest.approx(pooled)
    shown = bars.members[3].metrics["accuracy"]
    assert shown.high - 0.88 == pytest.approx(stats.t.ppf(0.975, 9) * pooled, rel=1e-3)


def test_no_probability_is_told_of_a_member_with_fewer_than_two_fresh_trainings() -> None:
    twice = point(0, (0.8, 1e4), [(0.79, 1e4), (0.78, 1e4)])
    once, never = point(1, (0.85, 2e4), [(0.84, 2e4)]), point(2, (0.9, 3e4))
    bars = error_bars(front(twice, once, never), n_draws=10)
    assert bars is not None
    assert {number: member.on_front for number, member in bars.members.items()} == {0: 1.0, 1: None}


@pytest.mark.parametrize(("n_again", "are_told"), [(1, False), (2, True), (4, True)])
def test_a_front_is_told_of_as_a_whole_once_half_of_it_was_trained_again(
    n_again: int, are_told: bool
) -> None:
    rows = [(0.8 + 0.02 * i, 1e4 * (i + 1)) for i in range(4)]
    points = [point(i, row, [row, row] if i < n_again else ()) for i, row in enumerate(rows)]
    bars = error_bars(front(*points), n_draws=10)
    assert bars is not None
    assert bars.are_of_front == are_told
    assert list(bars.members) == list(range(n_again))
    assert bars.members[0].metrics["accuracy"].value == pytest.approx(0.8)
    of_front = (bars.hypervolume, bars.sd, bars.tuning, bars.members[0].on_front)
    assert [one is not None for one in of_front] == [are_told] * 4


def test_the_mean_leaves_out_the_training_that_the_point_was_picked_by() -> None:
    bars = error_bars(front(point(0, (0.99, 1e4), [(0.80, 1e4), (0.82, 1e4)])), n_draws=10)
    assert bars is not None
    assert bars.members[0].metrics["accuracy"].value == pytest.approx(0.81)
    assert bars.tuning is not None
    assert bars.tuning.measured == pytest.approx(0.18)


def test_a_drawn_point_that_breaks_a_constraint_is_not_on_the_front() -> None:
    fresh = [(0.79, 1e4), (0.81, 1e4), (0.80, 1e4), (0.80, 1e4)]
    shown = Front((point(0, (0.82, 1e4), fresh),), OBJECTIVES, *BOX, constraints={"accuracy": (0.80, None)})
    assert probabilities_on_front(shown, 2000)[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("n", [2, 8, 40])
def test_the_best_of_equal_candidates_is_too_good_by_the_expected_maximum_of_normals(n: int) -> None:
    maximum, _ = integrate.quad(
        lambda x: x * n * stats.norm.pdf(x) * stats.norm.cdf(x) ** (n - 1), -np.inf, np.inf
    )
    excess = expected_excess(np.full(n, 0.8), 0.015, np.random.default_rng(1), n_draws=20_000)
    assert excess == pytest.approx(0.015 * maximum, rel=0.03)


def test_the_best_of_far_apart_candidates_is_not_picked_by_luck() -> None:
    assert expected_excess(np.linspace(0.1, 0.9, 9), 0.005, np.random.default_rng(1)) == pytest.approx(
        0.0, abs=5e-4
    )


def test_the_measured_tuning_noise_is_what_a_simulated_search_picks_up() -> None:
    """Forty equal networks, searched once and trained again: the front's best falls back by the expected maximum."""
    rng, sd, falls = np.random.default_rng(3), 0.01, []
    for _ in range(60):
        firsts = 0.8 + sd * rng.standard_normal(40)
        best = int(np.argmax(firsts))
        fresh = [(a, 1e4) for a in 0.8 + sd * rng.standard_normal(4)]
        points = [point(i, (a, 1e4), fresh if i == best else ()) for i, a in enumerate(firsts)]
        bars = error_bars(front(*points), n_draws=1)
        assert bars is not None
        assert bars.tuning is not None
        falls.append(bars.tuning.measured)
    assert np.mean(falls) == pytest.approx(2.16 * sd, rel=0.1)


def test_intervals_of_accuracies_hold_the_truth_in_about_95_of_100_fronts() -> None:
    rng, held = np.random.default_rng(5), []
    for _ in range(150):
        rows = [[(0.7 + 0.05 * i + e, 1e4 * (i + 1)) for e in rng.normal(0, 0.02, 2)] for i in range(4)]
        bars = error_bars(front(*(point(i, r[0], r, n=None) for i, r in enumerate(rows))), n_draws=1)
        assert bars is not None
        for i, member in bars.members.items():
            shown = member.metrics["accuracy"]
            held.append(shown.low <= 0.7 + 0.05 * i <= shown.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_the_gap_to_test_counts_a_scan_once_and_its_interval_is_that_of_the_samples() -> None:
    on_test = {0: {"accuracy": 0.8, "n_samples": 600.0}}
    shown = gap_to_test(front(point(0, (0.87, 1e4))), on_test)
    assert shown is not None
    assert shown.interval is not None
    error = math.hypot(sampling_error(0.8, 300), sampling_error(0.8, 600))
    assert shown.mean == pytest.approx(0.07)
    assert shown.interval.high - shown.mean == pytest.approx(1.96 * error, rel=1e-3)
    of_scans = gap_to_test(front(replace(point(0, (0.87, 1e4)), n_groups=60)), on_test)
    assert of_scans is not None
    assert of_scans.interval is not None
    wider = of_scans.interval.high - of_scans.mean
    assert wider == pytest.approx(math.sqrt(5) * 1.96 * error, rel=1e-3)
    assert gap_to_test(front(point(0, (0.87, 1e4))), {}) is None
    unknown = gap_to_test(front(point(0, (0.87, 1e4), n=None)), on_test)
    assert unknown is not None
    assert unknown.interval is None
