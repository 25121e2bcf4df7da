"""Who is trained once more: case by case, and in a race against training everybody equally often."""

from collections.abc import Collection, Mapping

import numpy as np
import pytest

from tsearch.front import Front, Point
from tsearch.replication.error_bars.racing import next_wanted
from tsearch.space.goals import Objective

OBJECTIVES = (
    Objective(name="accuracy", direction="maximize"),
    Objective(name="energy_pj", direction="minimize"),
)
BOX = {"accuracy": 0.0, "energy_pj": 1e6}, {"accuracy": 1.0, "energy_pj": 1e3}
Fresh = Mapping[int, list[float]]


def front(firsts: list[float], fresh: Fresh, energies: list[float] | None = None) -> Front:
    """Point i costs a little more than point i - 1, and reached `firsts[i]`, then `fresh[i]`."""
    energies = energies or [1e4 * (1 + 0.1 * i) for i in range(len(firsts))]
    points = tuple(
        Point(
            number,
            f"{number:016x}",
            {"accuracy": accuracy, "energy_pj": energies[number]},
            (2, 1),
            (1, 1),
            n_validation=10_000,
            replicates=tuple({"accuracy": a, "energy_pj": energies[number]} for a in fresh.get(number, [])),
        )
        for number, accuracy in enumerate(firsts)
    )
    return Front(points, OBJECTIVES, *BOX)


def wanted(shown: Front, n: int, tried: Mapping[str, Collection[int]] | None = None) -> list[tuple[int, int]]:
    """Numbers of the points to be trained, each with its replicate; by default, all that were tried succeeded."""
    done = {point.key: range(1, len(point.replicates) + 1) for point in shown.points}
    return [(point.number, replicate) for point, replicate in next_wanted(shown, n, tried or done)]


def test_one_training_each_is_what_the_search_has_done() -> None:
    assert wanted(front([0.7, 0.8], {}), 1) == []


def test_every_member_is_trained_again_once_or_twice_before_anything_is_decided() -> None:
    clear = [0.70, 0.80, 0.90]
    assert wanted(front(clear, {}), 5) == [(0, 1), (1, 1), (2, 1)]
    assert wanted(front(clear, {0: [0.7], 1: [0.8], 2: [0.9]}), 5) == [(0, 2), (1, 2), (2, 2)]
    assert wanted(front(clear, {0: [0.7], 1: [0.8], 2: [0.9]}), 2) == []


def test_a_member_that_is_clearly_on_the_front_gets_the_number_asked_for() -> None:
    clear = {i: [value - 0.001, value + 0.001, value] for i, value in enumerate([0.7, 0.8, 0.9])}
    assert wanted(front([0.7, 0.8, 0.9], clear), 5) == [(0, 4), (1, 4), (2, 4)]
    assert wanted(front([0.7, 0.8, 0.9], clear), 4) == []


def test_a_member_that_is_clearly_off_the_front_is_left_and_one_undecided_gets_up_to_twice_as_many() -> None:
    fell = {0: [0.699, 0.701], 1: [0.649, 0.651], 2: [0.7, 0.701]}
    assert wanted(front([0.7, 0.72, 0.74], fell), 3) == [(2, 3)]
    more = fell | {2: [0.699, 0.701, 0.7, 0.7, 0.7]}
    assert wanted(front([0.7, 0.72, 0.74], more), 3) == []


def test_a_failed_training_counts_so_that_a_race_always_ends() -> None:
    shown = front([0.7, 0.8], {0: [0.7, 0.7]})
    keys = [point.key for point in shown.points]
    assert wanted(shown, 3, {keys[0]: {1, 2}, keys[1]: {1, 2}}) == []
    assert wanted(shown, 3, {keys[0]: {1, 2}, keys[1]: {2}}) == [(1, 1)]


def test_points_of_one_configuration_are_trained_once() -> None:
    shown = front([0.7, 0.7], {}, energies=[1e4, 1e4])
    twins = Front(
        tuple(Point(p.number, "same", p.metrics, p.timesteps, p.stages) for p in shown.complete),
        OBJECTIVES,
        *BOX,
    )
    assert len(next_wanted(twins, 3, {})) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_race_finds_the_members_that_stay_with_fewer_trainings_than_equal_shares(seed: int) -> None:
    """Twelve points that each looked better than the cheaper one before; every third one truly is worse."""
    rng, sd = np.random.default_rng(seed), 0.004
    truth = [0.60 + 0.02 * i - (0.032 if i % 3 == 2 else 0.0) for i in range(12)]
    stay = {i for i in range(12) if i % 3 != 2}
    firsts, fresh = [0.60 + 0.02 * i for i in range(12)], {i: [] for i in range(12)}
    n, n_trained = 4, 0
    while asked := wanted(front(firsts, fresh), n):
        for number, _ in asked:
            fresh[number].append(truth[number] + sd * rng.standard_normal())
            n_trained += 1
    means = {i: float(np.mean(values)) for i, values in fresh.items()}
    assert {i for i in means if all(means[j] < means[i] for j in range(i))} == stay
    assert n_trained < 12 * (n - 1)
    assert max(len(values) for values in fresh.values()) <= 2 * n - 1
