"""Search spaces: every proposal decodes, everything in the space can be encoded, counts agree with
enumeration."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsearch.configuration import Configuration
from tsearch.space.domains import Choice
from tsearch.space.file import known_spaces, parse_space
from tsearch.space.space import SearchSpace, load_space

FINITE = """
name: small
data: {name: digits}
backbone: {widths: [4, 4, 4], pool_after: [2]}
timesteps: [1, 2, 4]
schedule: {epochs: 2, leading: [[], [4]], leading_epochs: 1}
temporal_transformer: [bucket, score_mix]
neuron: {tau: [1.5, 2.0]}
"""


@pytest.fixture(scope="module")
def small() -> SearchSpace:
    return parse_space(FINITE)


def any_values(space: SearchSpace, data: st.DataObject) -> dict:
    values = {}
    for name, domain in space.parameters().items():
        if isinstance(domain, Choice):
            values[name] = data.draw(st.sampled_from(domain.choices))
        elif domain.size is None:
            values[name] = data.draw(st.floats(domain.low, domain.high))
        else:
            values[name] = data.draw(st.integers(domain.low, domain.high))
    return values


@pytest.mark.parametrize("name", known_spaces())
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_parameter_values_decode_and_encode_back(name: str, data: st.DataObject) -> None:
    space = load_space(name)
    configuration = space.decode(any_values(space, data))
    assert space.decode(space.encode(configuration)) == configuration


@pytest.mark.parametrize("name", known_spaces())
def test_random_configurations_lie_in_the_space(name: str) -> None:
    space, rng = load_space(name), np.random.default_rng(0)
    for _ in range(50):
        configuration = space.random(rng)
        assert space.decode(space.encode(configuration)) == configuration


def test_enumeration_is_complete_and_free_of_duplicates(small: SearchSpace) -> None:
    everything = list(small.enumerate())
    assert len(everything) == len(set(everything)) == small.size
    rng = np.random.default_rng(0)
    assert {small.random(rng) for _ in range(300)} <= set(everything)


def test_size_by_hand(small: SearchSpace) -> None:
    # Divisions of 3 blocks: one of 1 stage, two of 2, one of 3. Vectors over {1, 2, 4}: 3, 6, 10. Leading
    # [4] changes all but those
    # that are (4, ..., 4) already: 2, 5, 9 more. Times 2 tau; times 2 transformers where there is a boundary.
    structures = {1: 3 + 2, 2: 2 * (6 + 5), 3: 10 + 9}
    assert small.n_structures == sum(structures.values())
    assert small.size == 2 * (structures[1] + 2 * (structures[2] + structures[3]))


def test_transformer_makes_no_difference_in_a_single_stage(small: SearchSpace) -> None:
    one, two = (small.decode({"temporal_transformer": mode}) for mode in ("bucket", "score_mix"))
    assert one == two
    assert one.stages == (3,)


def test_baselines_are_uniform_and_cover_every_choice_and_schedule(small: SearchSpace) -> None:
    schedules = [tuple(phase.timesteps for phase in c.schedule) for c in small.baselines()]
    assert schedules == [((1,),), ((2,),), ((4,),), ((4,), (1,)), ((4,), (2,))]
    assert {configuration.schedule[-1].epochs for configuration in small.baselines()} == {2}


def test_a_configuration_outside_is_refused(small: SearchSpace) -> None:
    inside = small.baselines()[0].model_dump()
    outside = Configuration.model_validate(inside | {"neuron": {"tau": 3.0}})
    with pytest.raises(ValueError, match=r"neuron.tau: 3.0 is not one of"):
        small.encode(outside)
    foreign = Configuration.model_validate(inside | {"schedule": [{"timesteps": [3], "epochs": 2}]})
    with pytest.raises(ValueError, match="timesteps 3 is not one of"):
        small.encode(foreign)
    longer = Configuration.model_validate(inside | {"schedule": [{"timesteps": [1], "epochs": 9}]})
    with pytest.raises(ValueError, match="is not one of this space"):
        small.encode(longer)


@pytest.mark.parametrize("name", known_spaces())
def test_a_space_survives_json(name: str) -> None:
    space = load_space(name)
    back = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())), space.source_text)
    assert back == space
    assert back.space_key == space.space_key


def test_the_shipped_spaces_are_these() -> None:
    assert known_spaces() == ["digits", "digits_dvs", "nmnist", "nmnist_playback"]
