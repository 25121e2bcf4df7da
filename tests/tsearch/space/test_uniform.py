"""Uniform networks: the baselines of a space, and twins that differ from a configuration in timesteps alone."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsearch.configuration import Configuration
from tsearch.data import describe_dataset
from tsearch.errors import TsearchError
from tsearch.networks.build import build
from tsearch.space.file import load_space, parse_space
from tsearch.space.settings import flatten
from tsearch.space.space import SearchSpace

TEXT = """
name: small
data: {name: digits}
backbone: {widths: [[4, 8, 8], [2, 4, 4]], pool_after: [[], [2]]}
timesteps: [1, 2, 6]
schedule: {epochs: 4, leading: [[], [4], [6, 3]], leading_epochs: 2, leading_learning_rate: [1.0, 0.5]}
temporal_transformer: [bucket, score_mix]
training: {learning_rate: {low: 0.001, high: 0.1, log: true}, early_loss_weight: [0.3, 1.0]}
neuron: {tau: [2.0, 3.0]}
"""


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return parse_space(TEXT)


def test_there_is_one_staircase_with_every_schedule_for_every_backbone(space: SearchSpace) -> None:
    found = [
        (c.backbone.widths, c.backbone.pool_after, tuple(p.timesteps for p in c.schedule))
        for c in space.baselines()
    ]
    expected = {
        (widths, pool, (*((lead,) for lead in leading if lead > t), (t,)))
        for widths, pool, leading, t in product(
            [(4, 8, 8), (2, 4, 4)], [(), (2,)], [(), (4,), (6, 3)], range(1, 7)
        )
    }
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert [c.timesteps for c in space.baselines()[:6]] == [(t,) for t in range(1, 7)]


def test_baselines_have_defaults_but_for_the_backbone(space: SearchSpace) -> None:
    for configuration in space.baselines():
        assert configuration.stages == (3,)
        assert configuration.epochs == 8
        differing = {
            name
            for name, value in flatten(configuration).items()
            if name in space.settings and value != space.settings[name].default
        }
        assert differing <= {"backbone.widths", "backbone.pool_after"}


def test_a_baseline_lies_in_the_space_where_its_timesteps_do(space: SearchSpace) -> None:
    for configuration in space.baselines():
        if configuration.timesteps[0] in space.timesteps:
            assert space.decode(space.encode(configuration)) == configuration
        else:
            with pytest.raises(ValueError, match=r"timesteps [345] is not one of \[1, 2, 6\]"):
                space.encode(configuration)


@pytest.mark.parametrize(
    ("asked", "timesteps"), [("none", []), ("uniform", [1, 2, 3, 4]), ("[4, 3]", [4, 3]), ("[1]", [1])]
)
def test_baselines_may_be_named_or_left_out(asked: str, timesteps: list[int]) -> None:
    text = f"name: s\ndata: {{name: digits}}\ntimesteps: [2, 4]\nsearch: {{baselines: {asked}}}\n"
    space = parse_space(text)
    assert [c.timesteps[0] for c in space.baselines()] == timesteps
    assert SearchSpace.from_dict(space.to_dict(), text) == space


def test_the_box_of_a_hypervolume_holds_the_baselines() -> None:
    text = "name: s\ndata: {name: digits}\nbackbone: {widths: [4, 4]}\ntimesteps: [3, 4]\n"
    with_one, without = parse_space(text), parse_space(text + "search: {baselines: none}\n")
    (worst, best), (worst_without, best_without) = with_one.reference_box(), without.reference_box()
    assert worst == worst_without
    assert best["latency_s"] < best_without["latency_s"]


def any_configuration(space: SearchSpace, seed: int) -> Configuration:
    return space.random(np.random.default_rng(seed))


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_a_twin_differs_in_timesteps_alone(seed: int, timesteps: int) -> None:
    space = parse_space(TEXT)
    configuration = any_configuration(space, seed)
    twin = space.twins(configuration, timesteps)[0]
    assert Configuration.model_validate(twin.model_dump()) == twin  # a valid one
    assert twin.model_copy(update={"schedule": configuration.schedule}) == configuration
    assert set(twin.timesteps) == {timesteps}
    assert twin.epochs == configuration.epochs
    leading = [(p.timesteps[-1], p.epochs, p.learning_rate_scale) for p in configuration.schedule[:-1]]
    kept = [(p.timesteps, p.epochs, p.learning_rate_scale) for p in twin.schedule[:-1]]
    n_stages = len(configuration.stages)
    assert kept == [((lead,) * n_stages, n, scale) for lead, n, scale in leading if lead > timesteps]
    if timesteps in space.timesteps:
        assert space.decode(space.encode(twin)) == twin


@pytest.mark.parametrize("mode", ["score_mix", "bucket"])
def test_a_twin_that_mixes_has_a_plain_one_beside_it(mode: str) -> None:
    space = load_space("digits_dvs")
    configuration = space.enqueued[0].model_copy(update={"temporal_transformer": mode})
    twin, *plain = space.twins(configuration, 5)
    assert twin.temporal_transformer == mode
    without = [twin.model_copy(update={"temporal_transformer": "bucket"})]
    assert plain == (without if mode == "score_mix" else [])
    assert len(space.twins(space.baselines()[0], 5)) == 1  # one stage: nothing is mixed


def test_the_twin_of_a_uniform_network_is_itself(space: SearchSpace) -> None:
    for configuration in space.baselines():
        assert space.twins(configuration, configuration.timesteps[0])[0] == configuration


def test_the_twins_of_a_baseline_are_baselines(space: SearchSpace) -> None:
    """But where a phase that one T leaves out is not known any more: T=6 was led by nothing."""
    baselines = set(space.baselines())
    for configuration in baselines:
        assert {space.twins(configuration, t)[0] for t in range(configuration.timesteps[0], 7)} <= baselines


def test_twins_are_made_by_the_rule_of_the_run_that_they_belong_to(space: SearchSpace) -> None:
    old = space.model_copy(update={"has_one_total": False})
    configuration = old.decode(
        {"timesteps.first": 2, "schedule.leading": "[4]", "cut.1": True, "timesteps.share.2": 0.0}
    )
    assert [(p.timesteps, p.epochs) for p in configuration.schedule] == [((4, 4), 2), ((2, 1), 4)]
    assert [[(p.timesteps, p.epochs) for p in old.twins(configuration, t)[0].schedule] for t in (1, 4)] == [
        [((4, 4), 2), ((1, 1), 4)],
        [((4, 4), 6)],
    ]


def test_a_twin_keeps_early_classifiers_and_temporal_transformers() -> None:
    space = load_space("digits_dvs")
    configuration = space.enqueued[0]
    info = describe_dataset(space.data)
    networks = [
        build(c, info.shape, info.n_classes) for c in (configuration, space.twins(configuration, 5)[0])
    ]
    found = [
        {
            name: tuple(value.shape)
            for name, value in network.state_dict().items()
            if not name.startswith("boundaries")
        }
        for network in networks
    ]
    assert found[0] == found[1]
    assert any(name.startswith("early_classifiers.after_block2") for name in found[1])
    assert {"after_block1_5_to_5", "after_block2_5_to_5"} <= set(networks[1].boundaries)


@pytest.mark.parametrize("timesteps", [0, 7, -1])
def test_a_twin_beyond_the_largest_timesteps_is_refused(space: SearchSpace, timesteps: int) -> None:
    with pytest.raises(TsearchError, match="a uniform twin has 1 to 6 timesteps"):
        space.twins(space.baselines()[0], timesteps)[0]
