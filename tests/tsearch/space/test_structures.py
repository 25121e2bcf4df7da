"""Structures: counts and numbers agree with listing everything, draws are uniform, and no depth is too deep."""

from collections import Counter
from itertools import combinations, combinations_with_replacement, islice, pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from tsearch.space.divisions import AnyDivision, Division, Divisions, ListedDivisions
from tsearch.space.led_paths import LedPaths
from tsearch.space.structures import Structure, Structures, _below
from tsearch.space.timesteps import Vector, shrinking_vectors

leadings = st.lists(st.lists(st.integers(1, 6), max_size=3).map(tuple), min_size=1, max_size=4)
choices = st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True)


def compositions(depth: int) -> list[Division]:
    """Every division of `depth` blocks, fewest stages first, then larger first stages first."""
    every = []
    for n_cuts in range(depth):
        for cuts in combinations(range(1, depth), n_cuts):
            every.append(tuple(b - a for a, b in pairwise((0, *cuts, depth))))
    return sorted(every, key=lambda division: (len(division), [-n for n in division]))


def brute(allowed: list[Division], timesteps: list[int], leading: list[Vector]) -> list:
    """Every distinct (division, phases) in the order in which vectors and schedules are listed."""
    distinct: dict = {}
    for division in allowed:
        for vector in combinations_with_replacement(sorted(timesteps, reverse=True), len(division)):
            for timesteps_before in leading:
                path = shrinking_vectors(timesteps_before, vector)
                distinct.setdefault((division, path))
    return list(distinct)


def check_against_brute(divisions: Divisions, allowed: list, timesteps: list, leading: list) -> None:
    structures = Structures(divisions, LedPaths(tuple(timesteps), tuple(leading)))
    expected = brute(allowed, timesteps, leading)
    assert structures.n == len(expected)
    assert [structures.at(i) for i in range(structures.n)] == expected
    assert list(structures) == expected
    for n_stages in range(1, divisions.most_stages + 1):
        assert structures.count(n_stages) == sum(len(division) == n_stages for division, _ in expected)
    assert [structure.n_phases for structure in structures] == [len(path) for _, path in expected]
    kinds = [Structure(division, path).kind for division, path in expected]
    assert structures.kinds == Counter(kinds)
    with pytest.raises(IndexError):
        structures.at(structures.n)


@settings(max_examples=60)
@given(st.integers(1, 5), choices, leadings)
def test_any_division_agrees_with_listing(depth: int, timesteps: list[int], leading: list[Vector]) -> None:
    check_against_brute(AnyDivision(depth), compositions(depth), timesteps, leading)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(compositions(5)), min_size=1, max_size=8),  # some of them twice
    choices,
    leadings,
)
def test_listed_divisions_agree_with_listing(
    allowed: list[Division], timesteps: list[int], leading: list[Vector]
) -> None:
    ordered = [division for division in compositions(5) if division in allowed]
    check_against_brute(ListedDivisions(allowed), ordered, timesteps, leading)


@pytest.mark.parametrize("depth", range(1, 9))
def test_there_are_two_to_the_depth_minus_one_divisions(depth: int) -> None:
    divisions = AnyDivision(depth)
    listed = list(divisions)
    assert listed == compositions(depth)
    assert len(listed) == 2 ** (depth - 1) == sum(divisions.count(n) for n in range(1, depth + 1))
    assert all(division in divisions for division in listed)
    assert divisions.first == (depth,)
    for n_stages in range(1, depth + 1):
        found = [divisions.at(n_stages, i) for i in range(divisions.count(n_stages))]
        assert found == [division for division in listed if len(division) == n_stages]


@pytest.mark.parametrize("divisions", [AnyDivision(3), ListedDivisions([(1, 2), (3,)])])
@pytest.mark.parametrize("wrong", [(), (2,), (4, -1), (0, 3), (2, 2), [3], (1, 1, 1, 1), 3])
def test_what_is_no_division_is_not_among_them(divisions: Divisions, wrong: object) -> None:
    assert wrong not in divisions
    assert (3,) in divisions


def test_six_choices_at_depth_16_are_69_million() -> None:
    # Vectors of n stages over 6 choices: comb(n + 5, 5); divisions of 16 blocks into n stages: comb(15, n - 1).
    structures = Structures(AnyDivision(16), LedPaths((1, 2, 3, 4, 6, 8), ((),)))
    assert structures.n == sum(comb(15, n - 1) * comb(n + 5, 5) for n in range(1, 17)) == 68_889_600


def test_every_structure_is_drawn_alike() -> None:
    structures = Structures(AnyDivision(3), LedPaths((1, 2, 4), ((), (4,), (4, 2), (2, 2))))
    rng, counts = np.random.default_rng(1), dict.fromkeys(structures, 0)
    for _ in range(40 * structures.n):
        counts[structures.random(rng)] += 1
    assert len(counts) == structures.n
    assert chisquare(list(counts.values())).pvalue > 0.01


def test_a_space_of_a_thousand_blocks_is_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """More structures than fit 64 bits: exact numbers, and no list of divisions anywhere."""
    monkeypatch.setattr(AnyDivision, "__iter__", None)
    structures = Structures(AnyDivision(1000), LedPaths((1, 2, 4), ((), (4,))))
    n_vectors = [
        comb(n + 2, 2) for n in range(1, 1001)
    ]  # each with 2 schedules, but for the one that is all 4
    assert structures.n == sum(comb(999, n - 1) * (2 * n_vectors[n - 1] - 1) for n in range(1, 1001))
    last = structures.at(structures.n - 1)
    assert last == ((1,) * 1000, ((4,) * 1000, (1,) * 1000))
    drawn = structures.random(np.random.default_rng(0))
    assert sum(drawn.division) == 1000
    assert len(drawn.division) == len(drawn.vector)


def test_a_draw_takes_steps_in_proportion_to_the_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Binomials asked for while one structure is found by its number: one per block."""
    asked: list[int] = []
    monkeypatch.setattr(
        "tsearch.space.divisions.comb", lambda n, k: asked.append(n) or comb(n, k), raising=True
    )
    for depth in (4, 19, 76):
        structures = Structures(AnyDivision(depth), LedPaths((1, 2, 4), ((),)))
        n = structures.n
        asked.clear()
        structures.at(n // 3)
        assert len(asked) <= depth + 1


def test_listing_is_lazy() -> None:
    structures = Structures(AnyDivision(40), LedPaths((1, 2, 4, 8), ((),)))
    assert [division for division, _ in islice(structures, 5)] == [(40,)] * 4 + [(39, 1)]


@pytest.mark.parametrize("n", [1, 7, 2**63 - 1, 2**63, 3**60])
def test_large_numbers_are_drawn_from_the_whole_range(n: int) -> None:
    rng = np.random.default_rng(0)
    drawn = [_below(rng, n) for _ in range(200)]
    assert all(0 <= number < n for number in drawn)
    assert n < 100 or (min(drawn) < n // 10 and max(drawn) > 9 * n // 10)
