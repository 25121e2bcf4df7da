"""Paths of per-stage timesteps: counts from MacMahon's formula, numbers and draws that agree with a full list."""

from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement, islice, pairwise
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from tsearch.space.any_paths import AnyPaths
from tsearch.space.divisions import AnyDivision, ListedDivisions
from tsearch.space.led_paths import LedPaths
from tsearch.space.neighbours import neighbours
from tsearch.space.path_counts import n_continuations
from tsearch.space.paths import Path
from tsearch.space.structures import Structures
from tsearch.space.timesteps import Vector

CHOICES = (1, 2, 4, 8)
small_paths = st.builds(AnyPaths, st.integers(1, 4).map(lambda n: CHOICES[:n]), st.integers(1, 3))


def vectors(choices: Vector, n_stages: int) -> list[Vector]:
    return list(combinations_with_replacement(sorted(choices, reverse=True), n_stages))


def brute(choices: Vector, n_stages: int, most: int) -> set[Path]:
    """Every chain of distinct vectors none of which grows in any stage, by going on from shorter ones."""
    every = vectors(choices, n_stages)
    chains: list[Path] = [(vector,) for vector in every]
    found = set(chains)
    for _ in range(most):
        chains = [
            (vector, *chain)
            for chain in chains
            for vector in every
            if vector != chain[0] and all(a >= b for a, b in zip(vector, chain[0], strict=True))
        ]
        found.update(chains)
    return found


def plane_partitions(a: int, b: int, c: int) -> int:
    """MacMahon's product for a box of a x b x c."""
    cells = ((i, j, k) for i in range(1, a + 1) for j in range(1, b + 1) for k in range(1, c + 1))
    return int(prod(Fraction(i + j + k - 1, i + j + k - 2) for i, j, k in cells))


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 8))
def test_paths_whose_phases_may_be_equal_are_plane_partitions_in_a_box(
    n_phases: int, n_stages: int, n_choices: int
) -> None:
    found = n_continuations(n_stages, (n_choices - 1,) * n_phases)
    assert found == plane_partitions(n_phases, n_stages, n_choices - 1)


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 8))
def test_paths_whose_phases_differ_by_inclusion_and_exclusion(
    n_phases: int, n_stages: int, n_choices: int
) -> None:
    """Every path of k phases that may be equal has i distinct ones, in one of comb(k - 1, i - 1) ways."""
    expected = sum(
        (-1) ** (n_phases - i) * comb(n_phases - 1, i - 1) * plane_partitions(i, n_stages, n_choices - 1)
        for i in range(1, n_phases + 1)
    )
    start = (n_choices - 1,) * n_phases
    assert n_continuations(n_stages, start, frozenset(range(n_phases - 1))) == expected


@settings(max_examples=30)
@given(small_paths, st.integers(1, 3))
def test_counts_and_numbers_agree_with_listing_everything(paths: AnyPaths, n_stages: int) -> None:
    listed = list(paths.listed(n_stages))
    assert set(listed) == brute(paths.timesteps, n_stages, paths.most)
    assert len(listed) == len(set(listed)) == paths.count(n_stages)
    assert [paths.at(n_stages, i) for i in range(len(listed))] == listed
    assert paths.count_single(n_stages) == sum(len(path) == 1 for path in listed)
    assert paths.most_leading(n_stages) == max(len(path) for path in listed) - 1


@settings(max_examples=30)
@given(small_paths, st.integers(1, 3))
def test_every_path_can_be_encoded_also_where_others_have_more_stages(paths: AnyPaths, n_stages: int) -> None:
    for path in paths.listed(n_stages):
        values = paths.encode(path, 3)
        assert values.keys() == paths.parameters(3).keys()
        assert paths.decode(values, n_stages) == path


@given(small_paths, st.integers(1, 4), st.data())
def test_any_values_decode_to_a_path_of_the_space(
    paths: AnyPaths, n_stages: int, data: st.DataObject
) -> None:
    values = {
        name: data.draw(
            st.sampled_from(domain.values) if domain.size is not None else st.floats(domain.low, domain.high)
        )
        for name, domain in paths.parameters(4).items()
    }
    path = paths.decode(values, n_stages)
    assert path in brute(paths.timesteps, n_stages, paths.most)
    assert paths.decode(paths.encode(path, 4), n_stages) == path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (
            ((4, 4), (2, 2), (1, 1)),
            r"2 vectors before the last one, at most 1 are allowed \(`most_leading`\)",
        ),
        (((2, 2), (2, 2)), r"\[2, 2\] comes twice in a row"),
        (((4, 1), (2, 2)), r"it grows from \[4, 1\] to \[2, 2\]"),
        (((2, 4), (2, 2)), r"\[2, 4\] increases from stage to stage"),
        (((3, 3), (2, 2)), "timesteps 3 is not one of"),
    ],
)
def test_what_is_no_path_of_a_space_is_refused_with_the_reason(path: Path, why: str) -> None:
    with pytest.raises(ValueError, match=rf"schedule \[.*\]: {why}"):
        AnyPaths(CHOICES, 1).encode(path, 2)


def test_three_stages_by_hand() -> None:
    """Two choices: a vector is a number of stages that still have the larger one, a path any set of such numbers."""
    paths = AnyPaths((1, 8), 3)
    assert paths.count(3) == sum(comb(4, n) for n in range(1, 5)) == 15
    assert ((8, 8, 8), (8, 8, 1), (1, 1, 1)) in set(paths.listed(3))
    assert paths.at(3, 14) == ((8, 8, 8), (8, 8, 1), (8, 1, 1), (1, 1, 1))


def test_every_structure_is_drawn_alike() -> None:
    structures = Structures(AnyDivision(3), AnyPaths((1, 2, 4), 1))
    rng, counts = np.random.default_rng(1), dict.fromkeys(structures, 0)
    for _ in range(40 * structures.n):
        counts[structures.random(rng)] += 1
    assert len(counts) == structures.n
    assert chisquare(list(counts.values())).pvalue > 0.01


def test_structures_are_numbered_exactly() -> None:
    structures = Structures(ListedDivisions([(3,), (1, 2), (1, 1, 1)]), AnyPaths((1, 2, 5), 2))
    listed = list(structures)
    assert [structures.at(i) for i in range(structures.n)] == listed
    kinds = Counter(structure.kind for structure in listed)
    assert structures.kinds == kinds
    for outside in (-1, structures.n):
        with pytest.raises(IndexError):
            structures.at(outside)


def test_nine_stages_with_eight_choices_in_three_phases_are_counted_without_listing() -> None:
    """97 thousand million; both ends of their numbers, and a list that goes as far as it is asked to."""
    structures = Structures(AnyDivision(9), AnyPaths(tuple(range(1, 9)), 2))
    one, two, three = (
        sum(comb(8, n - 1) * plane_partitions(k, n, 7) for n in range(1, 10)) for k in (1, 2, 3)
    )
    assert structures.n == one + (two - one) + (three - 2 * two + one) == 97_276_668_888
    first, last = structures.at(0), structures.at(structures.n - 1)
    assert first == ((9,), ((8,),))
    assert last.division == (1,) * 9
    assert last.path[-1] == (1,) * 9
    assert len(list(islice(structures, 5))) == 5
    drawn = structures.random(np.random.default_rng(0))
    assert all(a >= b for before, after in pairwise(drawn.path) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    "structures",
    [
        Structures(AnyDivision(3), AnyPaths((1, 2, 4), 1)),
        Structures(AnyDivision(2), AnyPaths((1, 2, 3), 2)),
        Structures(AnyDivision(3), LedPaths((1, 2, 4), ((), (4,), (4, 2)))),
    ],
)
def test_neighbours_are_mutual_inside_and_reach_everything(structures: Structures) -> None:
    near = {structure: list(neighbours(structures, structure)) for structure in structures}
    for structure, others in near.items():
        assert len(others) == len(set(others))
        assert structure not in others
        assert all(other in near and structure in near[other] for other in others)
    reached, new = set(), {structures.at(0)}
    while new:
        reached |= new
        new = {other for structure in new for other in near[structure]} - reached
    assert reached == near.keys()


def test_neighbours_of_a_path_by_hand() -> None:
    paths = AnyPaths((1, 2, 4), 1)
    assert set(paths.neighbours(((4, 2), (2, 1)))) == {
        ((4, 4), (2, 1)), ((2, 2), (2, 1)), ((4, 1), (2, 1)),  # the first phase changed
        ((4, 2), (4, 1)), ((4, 2), (1, 1)), ((4, 2), (2, 2)),  # the last one changed
    }  # fmt: skip
    assert set(paths.neighbours(((4,), (2,)))) == {((2,),), ((4,),), ((4,), (1,))}  # a phase left out


@pytest.mark.parametrize(
    ("most", "timesteps", "leads"),
    [(1, 1, ((), (8,))), (2, 1, ((), (8, 4))), (3, 1, ((), (8, 4, 2))), (2, 4, ((), (8,))), (2, 8, ((),))],
)
def test_baselines_begin_alone_or_behind_an_even_path(most: int, timesteps: int, leads: tuple) -> None:
    assert AnyPaths(CHOICES, most).uniform_leads(timesteps) == leads
