"""Masks of timesteps in a space file: every setting searched, counted once, encoded, and compared with none."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsearch.cli.preview import preview
from tsearch.cli.space_table import preview_text
from tsearch.configuration import Configuration, Masks, Phase
from tsearch.errors import TsearchError
from tsearch.front.point import Point
from tsearch.networks.backbones.vgg import Vgg
from tsearch.pricing.bounds import bound_of, rejection
from tsearch.pricing.price import cost_metrics
from tsearch.space.domains import Choice, Real, Whole
from tsearch.space.file import parse_space
from tsearch.space.space import SearchSpace

BASE = "name: masked\ndata: {name: digits}\nbackbone: {widths: [4], dense: [4], pool_after: []}\ntimesteps: [1, 3]\n"
ALL = """\
schedule: {epochs: 4, leading: [[], [3]], leading_epochs: 2}
masks:
  mode: [prefix_sum, none, free]
  granularity: [module, layer]
  types: [[], [dense]]
  weight: [0.1, 0]
  loss: [target, mean]
  target: [1, 2]
  initial_timesteps: [null, 2]
"""


@pytest.fixture
def space() -> SearchSpace:
    return parse_space(BASE + ALL)


def test_every_setting_is_a_value_a_list_or_a_range() -> None:
    text = "masks: {mode: free, weight: {low: 0.001, high: 1, log: true}, target: {low: 1, high: 3}, types: [dense]}\n"
    found = parse_space(BASE + text).settings
    assert found["masks.mode"] == Choice(("free",))
    assert found["masks.weight"] == Real(0.001, 1.0, True, pytest.approx(0.001**0.5))
    assert found["masks.target"] == Whole(1, 3, False, 2)
    assert found["masks.types"] == Choice((("dense",),))
    assert {name.removeprefix("masks.") for name in found if name.startswith("masks.")} == set(
        Masks.model_fields
    )


def test_the_size_by_hand(space: SearchSpace) -> None:
    # One stage: T=1 and T=3, and 3 before 1; two stages: 3 vectors, of which (1, 1) and (3, 1) may be led by 3.
    n_ones, n_others = 2, 2 + 2 + 2
    # 2 modes, 2 granularities, 2 beginnings; a loss without weight, or 2 times types, loss and target, or the mean.
    n_masks = 2 * 2 * 2 * (1 + 2 * (2 + 1))
    assert space.n_structures == n_ones + n_others
    assert space.size == n_ones + n_others * (n_masks + 1)


def test_every_configuration_is_counted_once_and_encoded(space: SearchSpace) -> None:
    every = list(space.enumerate())
    assert len(every) == len(set(every)) == len({c.key for c in every}) == space.size
    for configuration in every[::7]:
        assert space.decode(space.encode(configuration)) == configuration


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_draws_lie_in_the_space(seed: int) -> None:
    space = parse_space(BASE + ALL.replace("types: [[], [dense]]", "warmup: {low: 0, high: 0.5}"))
    configuration = space.random(np.random.default_rng(seed))
    assert space.decode(space.encode(configuration)) == configuration
    assert SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())), space.source_text) == space


def test_where_nothing_is_masked_there_is_nothing_of_masks(space: SearchSpace) -> None:
    for values in ({"masks.mode": "none"}, {"timesteps.first": 1}):
        values |= {"masks.weight": 0.1, "masks.granularity": "layer", "masks.loss": "target"}
        assert space.decode(values).masks == Masks()
    assert space.decode({"timesteps.first": 3}).masks == Masks(
        mode="prefix_sum", granularity="module", weight=0.1, loss="target"
    )


def test_a_space_without_the_section_is_as_it_was() -> None:
    space = parse_space(BASE)
    assert not any(name.startswith("masks") for name in space.settings)
    configuration = space.decode({})
    assert "masks" not in json.dumps(space.to_dict()["settings"])
    masked = configuration.model_copy(update={"masks": Masks(mode="free")})
    with pytest.raises(ValueError, match="this space has no masks"):
        space.encode(masked)


def test_masks_are_compared_with_uniform_networks_without_any(space: SearchSpace) -> None:
    baselines = space.baselines()
    assert {c.masks for c in baselines} == {Masks()}
    assert {c.timesteps for c in baselines} == {(1,), (2,), (3,)}
    masked = space.decode({"timesteps.first": 3})
    twin = space.twins(masked, 3)[0]
    assert masked.masks.are_learned
    assert twin == masked.model_copy(update={"masks": Masks()})
    assert twin in baselines


def test_only_a_network_without_masks_is_uniform() -> None:
    configuration = Configuration(
        backbone=Vgg(widths=(4,), pool_after=()), stages=(1,), schedule=(Phase(timesteps=(3,), epochs=1),)
    )
    masked = configuration.model_copy(update={"masks": Masks(mode="free")})
    found = [
        Point(0, c.key, {}, c.timesteps, c.stages, configuration=c).is_uniform
        for c in (configuration, masked)
    ]
    assert found == [True, False]


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ("{mode: prefix}", "space.yaml:5: 'masks.mode': "),
        ("\n  mode: free\n  weigth: 1", "space.yaml:7: unknown key 'weigth'. Did you mean 'weight'?"),
        ("\n  mode: free\n  types: [dnese]", "space.yaml:7: masks.types: 'dnese' is no type of layer of every vgg"),
        (
            "{mode: free, types: [[dense, convolution], [convolution, dense]]}",
            "space.yaml:5: masks.types: ['dense', 'convolution'] and ['convolution', 'dense'] are the same layers.",
        ),
        ("{mode: free, types: [[dense], [third]]}", "space.yaml:5: masks.types: 'third' is no type of layer"),
        ("{mode: free, warmup: 2}", "space.yaml:5: 'masks.warmup': input should be less than or equal to 1"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(masks: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_space(f"{BASE}masks: {masks}\n")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_masks_are_learned_of_layers_that_every_backbone_has() -> None:
    resnet = "name: masked\ndata: {name: digits}\ntimesteps: [2]\nmasks: {mode: free, types: [sum]}\n"
    backbone = "backbone: {name: resnet18, width: 4, blocks: [1], shortcut: "
    parse_space(resnet + backbone + "currents}\n")
    with pytest.raises(
        TsearchError, match=r":4: masks.types: 'sum' is no type of layer of every resnet18 here"
    ):
        parse_space(resnet + backbone + "[currents, spikes]}\n")


def test_masks_may_be_enqueued_where_the_space_has_them() -> None:
    entry = "enqueue:\n  - {stages: [2], timesteps: [3], masks: {mode: free, weight: 0}}\n"
    [configuration] = parse_space(BASE + ALL + entry).enqueued
    assert configuration.masks == Masks(mode="free", granularity="module", loss="target")
    with pytest.raises(
        TsearchError, match=r"space.yaml:6: enqueue\[0\]: 'masks.mode' is not set in this space"
    ):
        parse_space(BASE + entry)


def test_check_tells_how_many_assignments_leave_anything_to_learn(space: SearchSpace) -> None:
    content = preview(space, 0)
    assert content["masks"] == {"n_structures": 6, "are_always": False}
    assert "masks: may be learned in 6 of these assignments (more than one timestep)" in preview_text(content)
    assert preview(parse_space(BASE), 0)["masks"] is None


@pytest.mark.parametrize(
    ("masks", "is_vain"),
    [
        ("{weight: [0.1, 0.2]}", True),
        ("{mode: none, warmup: 0.5}", True),
        ("{mode: none}", False),
        ("{mode: [none, free], weight: 0.1}", False),
    ],
)
def test_check_warns_of_settings_of_masks_that_nothing_learns(masks: str, *, is_vain: bool) -> None:
    warnings = preview(parse_space(f"{BASE}masks: {masks}\n"), 0)["warnings"]
    assert any("`masks` changes nothing" in text for text in warnings) == is_vain


def test_bounds_of_a_masked_network_reach_from_one_timestep_to_all() -> None:
    space = parse_space(BASE + "masks: {mode: free}\n")
    masked = space.decode({"timesteps.first": 3})
    [plain] = [c for c in space.baselines() if c.timesteps == (3,)]
    low, high = (cost_metrics(end) for end in (bound_of(space, masked).low, bound_of(space, masked).high))
    assert high == cost_metrics(bound_of(space, plain).high)
    assert low["mean_timesteps_by_layer"] == 1
    assert low["energy_pj"] < cost_metrics(bound_of(space, plain).low)["energy_pj"]
    limit = (low["energy_pj"] + cost_metrics(bound_of(space, plain).low)["energy_pj"]) / 2
    tight = parse_space(BASE + f"masks: {{mode: free}}\nconstraints: {{energy_pj: {{max: {limit}}}}}\n")
    assert rejection(tight, masked) is None
    assert rejection(tight, plain) is not None


@pytest.mark.parametrize("metric", ["mean_timesteps", "mean_timesteps_by_layer", "mean_timesteps_by_mac"])
def test_a_limit_on_timesteps_is_one_on_those_that_masks_may_leave(metric: str) -> None:
    """Every layer of neurons may end with one timestep."""
    text = f"masks: {{mode: prefix_sum}}\nobjectives: [accuracy, {metric}]\nconstraints: {{{metric}: {{max: 1.5}}}}\n"
    space = parse_space(BASE + text)
    masked = space.decode({"timesteps.first": 3})
    assert (max(masked.timesteps), masked.masks.mode) == (3, "prefix_sum")
    assert rejection(space, masked) is None
    plain = masked.model_copy(update={"masks": Masks()})
    assert rejection(space, plain) is not None
    assert space.reference_box()[1][metric] == 1
