"""Schedules: all configurations of a space train for as many epochs, and share what was trained before."""

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsearch.configuration import Configuration, Phase
from tsearch.errors import TsearchError
from tsearch.space.file import load_space, parse_space
from tsearch.space.schedules import Schedules
from tsearch.space.space import SearchSpace
from tsearch.space.timesteps import shrinking_vectors

leadings = st.lists(
    st.lists(st.integers(1, 6), max_size=3).map(lambda ts: sorted(ts, reverse=True)), min_size=1, max_size=4
)


def space_of(
    leading: list, timesteps: list[int], epochs: int = 5, leading_epochs: object = 2, more: str = ""
) -> SearchSpace:
    schedule = {"epochs": epochs, "leading": leading, "leading_epochs": leading_epochs}
    return parse_space(
        "name: s\ndata: {name: digits}\nbackbone: {widths: [4, 4], pool_after: []}\n"
        f"timesteps: {timesteps}\nschedule: {json.dumps(schedule)}\n{more}"
    )


def phases(configuration: Configuration) -> list[tuple[int, int]]:
    """Last timesteps and epochs of every phase."""
    return [(phase.timesteps[-1], phase.epochs) for phase in configuration.schedule]


@settings(max_examples=40)
@given(leadings, st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True), st.integers(1, 4))
def test_every_configuration_of_a_space_trains_equally_long(
    leading: list, timesteps: list[int], leading_epochs: int
) -> None:
    space = space_of(leading, timesteps, leading_epochs=leading_epochs)
    longest = max(len({t for t in given if t > 1}) for given in leading)  # what shrinks to one timestep
    every = list(space.enumerate())
    assert len(every) == len(set(every)) == space.size
    assert {c.epochs for c in (*every, *space.baselines())} == {5 + leading_epochs * longest}
    assert min(c.schedule[-1].epochs for c in every) >= 5
    assert {phase.epochs for c in every for phase in c.schedule[:-1]} <= {leading_epochs}
    assert [space.decode(space.encode(c)) for c in every] == every


def test_a_phase_that_would_shrink_nothing_leaves_its_epochs_to_the_last_one() -> None:
    uniform = {(c.timesteps, len(c.schedule)): c for c in load_space("digits_dvs").baselines()}
    assert phases(uniform[(8,), 1]) == [(8, 20)]
    assert ((8,), 2) not in uniform  # led by 8, it is the same training
    assert phases(uniform[(4,), 2]) == [(8, 4), (4, 16)]
    assert phases(uniform[(4,), 1]) == [(4, 20)]


def test_configurations_that_begin_alike_share_what_was_trained() -> None:
    space = space_of([[4, 2]], [1, 2, 4], leading_epochs=[3, 1])
    one, two = (space.decode({"timesteps.first": t}) for t in (1, 2))
    assert (phases(one), phases(two)) == ([(4, 3), (2, 1), (1, 5)], [(4, 3), (2, 6)])
    assert one.prefix_key(0) == two.prefix_key(0)


def test_leading_phases_have_epochs_and_a_learning_rate_of_their_own() -> None:
    text = "enqueue: [{stages: [2], timesteps: [1], leading: [4, 2], leading_learning_rate: 0.5}]\n"
    schedule = (
        "{epochs: 5, leading: [[], [4], [4, 2]], leading_epochs: [3, 1], leading_learning_rate: [1.0, 0.5]}"
    )
    space = parse_space(
        "name: s\ndata: {name: digits}\nbackbone: {widths: [4, 4], pool_after: []}\ntimesteps: [1, 2, 4]\n"
        f"schedule: {schedule}\n{text}"
    )
    assert space.enqueued[0].schedule == (
        Phase(timesteps=(4,), epochs=3, learning_rate_scale=0.5),
        Phase(timesteps=(2,), epochs=1, learning_rate_scale=0.5),
        Phase(timesteps=(1,), epochs=5),
    )
    every = list(space.enumerate())
    assert len(every) == len(set(every)) == space.size
    assert {c.epochs for c in every} == {9}
    assert {phase.learning_rate_scale for c in every for phase in c.schedule[:-1]} == {1.0, 0.5}
    assert [space.decode(space.encode(c)) for c in every] == every
    again = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())), space.source_text)
    assert (again, again.schedules.total_epochs) == (space, 9)
    rng = np.random.default_rng(0)
    assert all(space.encode(space.random(rng)) for _ in range(50))


def test_a_learning_rate_that_no_schedule_uses_makes_no_configurations() -> None:
    searched = parse_space(
        "name: s\ndata: {name: digits}\nbackbone: {widths: [4, 4], pool_after: []}\ntimesteps: [1, 2]\n"
        "schedule: {leading_learning_rate: {low: 0.1, high: 1.0}}\n"
    )
    assert searched.size == searched.n_structures == len(set(searched.enumerate()))


def test_a_configuration_with_another_scale_is_outside() -> None:
    space = space_of([[4]], [1, 4])
    one = space.decode({"timesteps.first": 1})
    first = one.schedule[0].model_copy(update={"learning_rate_scale": 0.5})
    with pytest.raises(ValueError, match="is not one of this space"):
        space.encode(one.model_copy(update={"schedule": (first, one.schedule[1])}))


def test_what_an_earlier_version_wrote_keeps_its_epochs_and_its_baselines() -> None:
    space = space_of([[], [4]], [1, 4])
    content = space.to_dict()
    del content["has_one_total"], content["confirm"], content["search"]["replicates"]  # which it did not know
    old = SearchSpace.from_dict(content)
    assert [phases(c) for c in old.baselines()] == [[(1, 5)], [(4, 5)], [(4, 2), (1, 5)]]
    assert [old.decode(old.encode(c)) for c in old.enumerate()] == list(old.enumerate())
    assert old.schedules.total_epochs is None


@pytest.mark.parametrize("has_one_total", [True, False])
def test_by_hand(has_one_total: bool) -> None:
    schedules = Schedules(2, 3, 10, has_one_total)
    found = {
        (leading, t): [phase.epochs for phase in schedules.phases(shrinking_vectors(leading, (t,)), {})]
        for leading, t in product(((), (8,), (8, 4, 4)), (1, 4, 8))
    }
    total = 16  # of the two phases led by 8 and by 4, and the last one
    assert found == {
        ((), 1): [total if has_one_total else 10],
        ((), 4): [total if has_one_total else 10],
        ((), 8): [total if has_one_total else 10],
        ((8,), 1): [3, 13 if has_one_total else 10],
        ((8,), 4): [3, 13 if has_one_total else 10],
        ((8,), 8): [total if has_one_total else 10],
        ((8, 4, 4), 1): [3, 3, 10],
        ((8, 4, 4), 4): [3, 13 if has_one_total else 10],
        ((8, 4, 4), 8): [total if has_one_total else 10],
    }


def test_leading_2_8_is_one_line_of_check_whatever_the_timesteps() -> None:
    for timesteps in ([1], [2, 4], [8], [8, 16]):
        with pytest.raises(TsearchError, match=r"^space.yaml:5: schedule.leading: \[2, 8\] grows"):
            space_of([[2, 8]], timesteps)
