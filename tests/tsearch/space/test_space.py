"""Search spaces: every proposal decodes, everything in the space can be encoded, counts agree with
enumeration."""

import json
import tarfile
from collections import Counter
from functools import cache
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from tsearch.cli.preview import preview
from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.space.divisions import AnyDivision
from tsearch.space.domains import Choice
from tsearch.space.file import known_spaces, load_space, parse_space
from tsearch.space.goals import Constraint
from tsearch.space.kinds import space_from_dict
from tsearch.space.protocol import Space
from tsearch.space.space import SearchSpace
from tsearch.space.structures import Structures

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


shipped = cache(load_space)


def any_values(space: Space, data: st.DataObject) -> dict:
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
@settings(max_examples=20)
@given(data=st.data())
def test_any_parameter_values_decode_and_encode_back(name: str, data: st.DataObject) -> None:
    space = shipped(name)
    configuration = space.decode(any_values(space, data))
    assert space.decode(space.encode(configuration)) == configuration


@pytest.mark.parametrize("name", known_spaces())
def test_random_configurations_lie_in_the_space(name: str) -> None:
    space, rng = shipped(name), np.random.default_rng(0)
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


def test_a_configuration_outside_is_refused(small: SearchSpace) -> None:
    inside = small.baselines()[0].model_dump()
    outside = Configuration.model_validate(inside | {"neuron": {"tau": 3.0}})
    with pytest.raises(ValueError, match=r"neuron.tau: 3.0 is not one of"):
        small.encode(outside)
    foreign = Configuration.model_validate(inside | {"schedule": [{"timesteps": [3], "epochs": 2}]})
    with pytest.raises(ValueError, match="timesteps 3 is not one of"):
        small.encode(foreign)
    for epochs in (2, 9):  # not the total
        longer = Configuration.model_validate(inside | {"schedule": [{"timesteps": [1], "epochs": epochs}]})
        with pytest.raises(ValueError, match="is not one of this space"):
            small.encode(longer)


@pytest.mark.parametrize("name", known_spaces())
def test_a_space_survives_json(name: str) -> None:
    space = shipped(name)
    back = space_from_dict(json.loads(json.dumps(space.to_dict())), space.source_text)
    assert back == space
    assert back.to_dict() == space.to_dict()


def test_the_shipped_spaces_are_these() -> None:
    assert known_spaces() == [
        "digits", "digits_dvs", "families_mnist", "iir_cifar10", "iir_cifar100_resnet20", "iir_cifar10_vgg16",
        "iir_digits", "nmnist", "nmnist_playback", "speech_spikes", "spikformer_cifar10", "spikformer_cifar10_full",
        "spikformer_digits", "ssnn_cifar10dvs", "ssnn_digits", "ssnn_dvsgesture", "ssnn_nmnist",
        "windowed_cifar10_full", "windowed_mnist",
    ]  # fmt: skip


DEEP = f"""
name: deep
data: {{name: digits}}
backbone: {{widths: {[4] * 19}, pool_after: []}}
timesteps: [1, 2, 3, 4, 6, 8]
schedule: {{leading: [[], [8], [8, 4]]}}
search: {{trials: 3}}
"""


def test_a_deep_space_is_counted_drawn_and_encoded_without_listing_its_divisions(monkeypatch) -> None:
    for listing in (AnyDivision, Structures):
        monkeypatch.setattr(listing, "__iter__", None)
    space = parse_space(DEEP)
    # Vectors of n stages over 6 choices that end in 8, in 4 or 6, and below: 1, 2 and 3 distinct schedules.
    n_vectors = [comb(n + 5, 5) for n in range(1, 20)]
    ends_in_8, ends_in_6, ends_in_4 = 1, lambda n: n, lambda n: comb(n + 1, 2)
    schedules = [
        3 * every - 2 * ends_in_8 - ends_in_6(n) - ends_in_4(n) for n, every in enumerate(n_vectors, start=1)
    ]
    assert space.n_structures == sum(comb(18, n) * schedules[n] for n in range(19))
    rng = np.random.default_rng(0)
    for _ in range(5):
        configuration = space.random(rng)
        assert space.decode(space.encode(configuration)) == configuration
    assert len(space.parameters()) == 18 + 1 + 18 + 1
    content = preview(space, n_proposals=2)
    assert content["n_structures"] == space.n_structures
    assert content["size"] == space.size == space.n_structures
    assert [c.stages for c in space.baselines()] == [(19,)] * len(space.baselines())


def test_random_configurations_are_uniform_over_structures() -> None:
    text = FINITE.replace("[4, 4, 4], pool_after: [2]", "[4, 4], pool_after: []").replace(
        "[[], [4]]", "[[], [4], [2]]"
    )
    space, rng = parse_space(text), np.random.default_rng(5)
    counts: Counter = Counter()
    for _ in range(20 * space.n_structures):
        configuration = space.random(rng)
        counts[configuration.stages, configuration.schedule] += 1
    assert len(counts) == space.n_structures == len({(c.stages, c.schedule) for c in space.enumerate()})
    assert chisquare(list(counts.values())).pvalue > 0.01


def test_divisions_listed_twice_count_once() -> None:
    space = parse_space(FINITE + "stages: [[1, 2], [3], [1, 2]]\n")
    assert space.parameters()["stages"] == Choice(((3,), (1, 2)))
    everything = list(space.enumerate())
    assert len(everything) == len(set(everything)) == space.size
    assert [space.decode(space.encode(c)) for c in everything] == everything


def test_settings_that_another_one_makes_idle_count_once() -> None:
    training = (
        "training: {optimizer: [adamw, sgd], transformer_adam: [false, true], loss: [mean, tet], "
        "tet_weight: [0.2, 0.5], learning_rate_schedule: [one_cycle, step, constant], warmup: [0.1, 0.2], "
        "step_every: [0.2, 0.3]}\n"
    )
    one_phase = FINITE.replace("[[], [4]]", "[[]]").replace("[bucket, score_mix]", "bucket")
    space = parse_space(one_phase.replace("[1.5, 2.0]", "2.0") + "stages: [[3], [1, 2]]\n" + training)
    everything = list(space.enumerate())
    # 3 vectors of one stage, and 6 of two, which alone have temporal transformers: (1 + 2) losses, (2 + 2 + 1) rates
    assert len(everything) == len(set(everything)) == space.size == (3 * 2 + 6 * 3) * 3 * 5
    assert [space.decode(space.encode(c)) for c in everything] == everything
    rng = np.random.default_rng(3)
    assert {space.random(rng) for _ in range(200)} <= set(everything)


def test_a_copy_with_other_fields_is_counted_anew(small: SearchSpace) -> None:
    assert small.model_copy(update={"divisions": ((3,),)}).n_structures == 5 < small.n_structures
    assert small.model_copy(update={"settings": {}}).depth == 3


# ---------------------------------------------------------------------- what the engine asks


def test_the_prefix_key_is_that_of_the_phases_begun(small: SearchSpace) -> None:
    space = small.model_copy(update={"leading": Choice(((4, 2),))})
    configuration = space.decode({"timesteps.first": 1})  # 1 epoch with 4 timesteps, 1 with 2, 2 with 1
    phases = [configuration.prefix_key(phase) for phase in range(3)]
    assert [space.prefix_key(configuration, epoch) for epoch in range(5)] == [
        phases[0],
        phases[0],
        phases[1],
        phases[2],
        phases[2],
    ]
    assert space.epochs(configuration) == 4
    assert space.prefix_key(configuration, 4) == space.key(configuration) == configuration.key
    other = space.decode({"timesteps.first": 2})
    assert space.prefix_key(other, 1) == phases[0]


def test_a_configuration_survives_json(small: SearchSpace) -> None:
    configuration = small.random(np.random.default_rng(0))
    content = json.loads(json.dumps(small.to_plain(configuration)))
    assert small.from_plain(content) == configuration
    content["transformer"] = content.pop("temporal_transformer")
    assert small.from_plain(content) == configuration


def test_what_cannot_meet_the_constraints_is_refused(small: SearchSpace) -> None:
    configuration = small.baselines()[0]
    assert small.refuse(configuration) is None
    strict = small.model_copy(update={"constraints": {"energy_pj": Constraint(max=1.0)}})
    assert "energy is at least" in str(strict.refuse(configuration))


def test_the_reference_box_spans_what_is_possible(small: SearchSpace) -> None:
    worst, best = small.reference_box()
    assert (worst["accuracy"], best["accuracy"]) == (0.1, 1.0)
    assert worst["energy_pj"] > best["energy_pj"] > 0


def test_a_space_is_read_back_by_its_kind(small: SearchSpace) -> None:
    content = json.loads(json.dumps(small.to_dict()))
    assert content["kind"] == "network"
    space: Space = space_from_dict(content, small.source_text)
    assert space == small
    del content["kind"]  # as earlier versions wrote it
    assert space_from_dict(content, small.source_text) == small
    with pytest.raises(TsearchError, match="a space of kind 'poem', which this tsearch does not know"):
        space_from_dict(content | {"kind": "poem"})


def test_a_space_of_version_0_1_0_is_read() -> None:
    path = Path(__file__).parents[1] / "engine" / "fixtures" / "run_7c9e42e.tar.xz"
    with tarfile.open(path) as archive:
        content = json.load(archive.extractfile("run/run.json"))
        results = [
            json.load(archive.extractfile(name))
            for name in archive.getnames()
            if name.startswith("run/results/") and name.endswith(".json")
        ]
    space = SearchSpace.from_dict(content["space"], content["space_text"])
    assert "transformer" in content["space"]["settings"]
    assert "temporal_transformer" in space.settings
    for result in results:
        configuration = space.from_plain(result["configuration"])
        assert space.decode(space.encode(configuration)) == configuration
    as_written_now = content["space_text"].replace("\ntransformer:", "\ntemporal_transformer:")
    today = parse_space(as_written_now)
    assert (space.has_one_total, today.has_one_total) == (False, True)
    now, then = today.to_dict() | {"has_one_total": False}, space.to_dict()
    for content in (now, then):  # there are more settings today, and the training has other defaults
        named = {"learning_rate", "batch_size"}
        settings = content.pop("settings").items()
        content["settings"] = {
            name: domain
            for name, domain in settings
            if name in space.settings
            and (not name.startswith("training.") or name.removeprefix("training.") in named)
        }
        for configuration in content["enqueued"]:
            configuration.pop("training")
    assert now == then
