"""Timestep vectors and cuts: counts from combinatorics, encodings that always decode to something valid."""

from itertools import pairwise, product
from math import comb

from hypothesis import given
from hypothesis import strategies as st

from tsearch.space.timesteps import (
    cuts_of_division,
    division_of_cuts,
    shares_of_vector,
    shrinking_vectors,
    vector_of_shares,
    vectors,
)

choices_lists = st.lists(st.integers(1, 20), min_size=1, max_size=6, unique=True)


@given(st.lists(st.booleans(), max_size=10))
def test_cuts_and_divisions_are_two_forms_of_the_same(cuts: list[bool]) -> None:
    assert cuts_of_division(division_of_cuts(cuts)) == tuple(cuts)


@given(choices_lists, st.integers(1, 4))
def test_vectors_are_the_non_increasing_ones(choices: list[int], n_stages: int) -> None:
    brute = {v for v in product(choices, repeat=n_stages) if all(a >= b for a, b in pairwise(v))}
    found = list(vectors(choices, n_stages))
    assert set(found) == brute
    assert len(found) == comb(len(choices) + n_stages - 1, n_stages)


@given(choices_lists, st.data())
def test_any_shares_decode_to_a_valid_vector(choices: list[int], data: st.DataObject) -> None:
    first = data.draw(st.sampled_from(choices))
    shares = data.draw(st.lists(st.floats(0, 1), max_size=4))
    vector = vector_of_shares(choices, first, shares)
    assert vector[0] == first
    assert set(vector) <= set(choices)
    assert list(vector) == sorted(vector, reverse=True)


@given(choices_lists, st.integers(1, 4), st.data())
def test_every_vector_can_be_encoded(choices: list[int], n_stages: int, data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from(sorted(vectors(choices, n_stages))))
    assert vector_of_shares(choices, vector[0], shares_of_vector(choices, vector)) == vector


def test_extreme_shares_pick_the_smallest_and_the_same() -> None:
    assert vector_of_shares([1, 2, 4, 8], 4, [1.0, 0.0]) == (4, 4, 1)


def test_a_schedule_shrinks_to_its_final_vector() -> None:
    assert shrinking_vectors((5, 3), (1, 1)) == ((5, 5), (3, 3), (1, 1))
    assert shrinking_vectors((6,), (6, 3, 1)) == ((6, 6, 6), (6, 3, 1))


def test_a_phase_that_repeats_the_next_is_left_out() -> None:
    assert shrinking_vectors((2,), (6, 3)) == ((6, 3),)
    assert shrinking_vectors((4, 4), (2,)) == ((4,), (2,))
