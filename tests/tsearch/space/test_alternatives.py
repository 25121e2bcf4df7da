"""Several families of backbones in one space: counted, encoded and drawn as a union, every mistake at its line."""

import json
import sys
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch import nn

from tsearch import LIF
from tsearch.cli.preview import preview
from tsearch.cli.space_table import preview_text
from tsearch.cli.tables import telling_details
from tsearch.errors import TsearchError
from tsearch.front.point import Point, setting_title
from tsearch.networks.backbones.windowed import Windowed
from tsearch.networks.plan import Neuron
from tsearch.space.domains import Choice, Whole
from tsearch.space.file import parse_space
from tsearch.space.kinds import space_from_dict
from tsearch.space.loading import as_written
from tsearch.space.space import SearchSpace
from tsearch.space.union import UnionSpace

HEAD = "name: families\ndata: {name: digits}\nbackbone:\n"
VGG = "  - {name: vgg, widths: [[4, 4], [4, 8]], pool_after: [], stages: [[2], [1, 1]], neuron: {tau: [2, 1.5]}}\n"
DEEP = "  - {name: vgg, widths: [4, 4, 4], pool_after: [], masks: {mode: [none, free]}}\n"
RESNET = "  - {name: resnet18, width: 4, blocks: [1, 1], timesteps: [2, 3]}\n"
REST = """\
timesteps: [1, 3]
schedule: {epochs: 4, leading: any, most_leading: 2, leading_epochs: 2}
neuron: {reset: [soft, hard]}
"""
TEXT = HEAD + VGG + DEEP + RESNET + REST


@pytest.fixture(scope="module")
def space() -> UnionSpace:
    found = parse_space(TEXT)
    assert isinstance(found, UnionSpace)
    return found


def alone(alternative: str) -> SearchSpace:
    """The space of one alternative, as a file has it that holds no other."""
    found = parse_space(HEAD + alternative + REST)
    assert isinstance(found, SearchSpace)
    return found


def test_it_is_the_union_of_its_alternatives(space: UnionSpace) -> None:
    members = [alone(text) for text in (VGG, DEEP, RESNET)]
    assert list(space.alternatives) == ["vgg_1", "vgg_2", "resnet18"]
    assert space.n_structures == sum(member.n_structures for member in members)
    assert space.size == sum(member.size or 0 for member in members)
    every = list(space.enumerate())
    assert len(every) == len(set(every)) == len({space.key(c) for c in every}) == space.size
    assert {c.epochs for c in (*every, *space.baselines())} == {2 * 2 + 4}
    assert len(space.baselines()) == sum(len(member.baselines()) for member in members)


def test_every_configuration_is_encoded(space: UnionSpace) -> None:
    for configuration in list(space.enumerate())[::31]:
        values = space.encode(configuration)
        assert values.keys() == space.parameters().keys()
        assert space.decode(values) == configuration


@settings(max_examples=40)
@given(data=st.data())
def test_any_parameter_values_decode_to_the_family_that_they_name(
    space: UnionSpace, data: st.DataObject
) -> None:
    values = {}
    for name, domain in space.parameters().items():
        if isinstance(domain, Choice):
            values[name] = data.draw(st.sampled_from(domain.choices))
        else:
            numbers = st.integers if isinstance(domain, Whole) else st.floats
            values[name] = data.draw(numbers(*domain.ends))
    configuration = space.decode(values)
    assert space.alternative_of(configuration) == values["backbone"]
    assert space.decode(space.encode(configuration)) == configuration
    conditions = space.conditions()
    others = {n for n, (_, family) in conditions.items() if family != values["backbone"]}
    assert space.decode({n: v for n, v in values.items() if n not in others}) == configuration


def test_what_is_alike_is_one_parameter(space: UnionSpace) -> None:
    always = [name for name in space.parameters() if name not in space.conditions()]
    assert always == ["backbone", "schedule.n_leading", "neuron.reset"]
    assert {
        "vgg_1.widths",
        "vgg_1.neuron.tau",
        "vgg_1.stages",
        "vgg_2.cut.1",
        "vgg_2.cut.2",
        "resnet18.timesteps.first",
    } <= (space.conditions().keys())
    assert "masks.mode" not in str([name for name in space.parameters() if name.startswith("vgg_1.")])


def test_draws_take_families_alike_and_their_structures_too(space: UnionSpace) -> None:
    rng = np.random.default_rng(0)
    drawn = [space.random(rng) for _ in range(1200)]
    counts = Counter(space.alternative_of(configuration) for configuration in drawn)
    assert chisquare([counts[name] for name in space.alternatives]).pvalue > 0.01
    of_vgg = Counter((c.stages, c.schedule) for c in drawn if space.alternative_of(c) == "vgg_1")
    assert len(of_vgg) == space.alternatives["vgg_1"].n_structures
    assert chisquare(list(of_vgg.values())).pvalue > 0.01


def test_it_survives_json_and_knows_what_is_outside(space: UnionSpace) -> None:
    assert space_from_dict(json.loads(json.dumps(space.to_dict())), space.source_text) == space
    other = alone("  - {name: vgg, widths: [6], pool_after: []}\n").decode({})
    with pytest.raises(ValueError, match="is no backbone of this space"):
        space.encode(other)
    with pytest.raises(TsearchError, match="is no backbone of this space"):
        space.twins(other, 1)
    assert as_written("alternatives.vgg_2.settings.neuron.tau.values") == "vgg_2: neuron.tau"


def network(shape: tuple[int, int, int], _n_classes: int, width: int = 4) -> list[nn.Module]:
    """A network of one's own."""
    return [nn.Sequential(nn.Conv2d(shape[0], width, 3, padding=1), LIF())]


def test_an_own_network_without_an_option_is_another_one_than_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = SimpleNamespace(__file__="somebody.py", network=network)
    monkeypatch.setitem(sys.modules, "somebody", module)
    own = "  - {name: 'somebody:network'}\n  - {name: 'somebody:network', width: [8, 16]}\n"
    space = parse_space(HEAD + own + "timesteps: [1, 2]\n")
    every = list(space.enumerate())
    assert [space.alternative_of(c)[-1] for c in every] == ["1"] * 2 + ["2"] * 4
    assert all(space.decode(space.encode(c)) == c for c in every)


def test_alternatives_of_one_family_may_have_ranges() -> None:
    wide = "  - {name: spikformer, width: 16, layers: 2, pools: [3]}\n"
    scaled = (
        "  - {name: spikformer, width: 16, layers: 1, pools: [3], attention_scale: {low: 0.1, high: 1}}\n"
    )
    space = parse_space(HEAD + scaled + wide + "timesteps: [1, 2]\n")
    assert list(space.alternatives) == ["spikformer_1", "spikformer_2"]


def test_twins_follow_the_timesteps_of_their_family(space: UnionSpace) -> None:
    configuration = space.alternatives["resnet18"].decode({})
    assert {c.timesteps for c in space.twins(configuration, 3)} == {(3,)}
    assert all(c.backbone == configuration.backbone for c in space.twins(configuration, 3))


def test_the_box_of_a_hypervolume_holds_that_of_every_family(space: UnionSpace) -> None:
    worst, best = space.reference_box()
    for member in space.alternatives.values():
        low, high = member.reference_box()
        assert worst["energy_pj"] >= low["energy_pj"]
        assert best["energy_pj"] <= high["energy_pj"]
    assert (worst["accuracy"], best["accuracy"]) == (0.1, 1.0)


def test_an_alternative_that_no_chip_runs_is_named() -> None:
    spikformer = "  - {name: spikformer, width: 8, layers: 1, heads: 2, pools: [3]}\n"
    chip = "timesteps: [1]\nhardware: {profile: loihi, assume: {weight_bits: 8}}\n"
    text = (
        HEAD.replace("digits", "digits_dvs") + "  - {name: vgg, widths: [4], pool_after: []}\n" + spikformer
    )
    with pytest.raises(
        TsearchError, match=r"^families, spikformer: layer 'block1.pool3': .* no synapses for"
    ):
        parse_space(text + chip).reference_box()


def test_other_hardware_is_that_of_all_families(space: UnionSpace) -> None:
    changed = space.with_hardware("loihi")
    assert {member.hardware.profile for member in changed.alternatives.values()} == {"loihi"}


def test_an_alternative_that_the_hardware_cannot_run_is_named() -> None:
    found = parse_space(TEXT.replace("digits}", "digits_dvs}")).with_hardware("loihi", {"weight_bits": 8})
    with pytest.raises(
        TsearchError, match=r"^families, resnet18: layer 'block2.sum': the cores of profile 'loihi'"
    ):
        found.reference_box()


def test_entries_to_be_tried_first_name_their_family() -> None:
    entries = """\
enqueue:
  - {stages: [1, 1], timesteps: [3, 1], backbone: {widths: [4, 8]}}
  - {stages: [3], timesteps: [3], backbone: {name: vgg, widths: [4, 4, 4]}}
  - {stages: [1, 1, 1], timesteps: [3, 3, 2], backbone: {name: resnet18}}
  - {stages: [3], timesteps: [3], backbone: {name: vgg_2}}
"""
    found = parse_space(TEXT + entries)
    assert [found.alternative_of(configuration) for configuration in found.enqueued] == [
        *found.alternatives,
        "vgg_2",
    ]
    with pytest.raises(
        TsearchError, match=r"s.yaml:11: enqueue\[0\]: backbone 'resnet20' is not in this space"
    ):
        parse_space(
            TEXT + "enqueue:\n  - {stages: [1], timesteps: [1], backbone: {name: resnet20}}\n", "s.yaml"
        )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("stages: [1, 1], timesteps: [5, 5], backbone: {widths: [4, 8]}", "timesteps 5 is not one of [1, 3]"),
        ("stages: [3], timesteps: [5], backbone: {widths: [4, 4, 4]}", "timesteps 5 is not one of [1, 3]"),
        ("stages: [3], timesteps: [1], backbone: {widths: [4]}", "backbone.widths: (4,) is not one of ["),
    ],
)
def test_an_entry_is_judged_by_the_alternative_with_its_backbone(entry: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_space(f"{TEXT}enqueue:\n  - {{{entry}}}\n", "s.yaml")
    assert str(caught.value).startswith(f"s.yaml:11: enqueue[0] is not in the space: {message}")


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("  - {name: vgg}\n  - {name: resnet}\n", "s.yaml:5: backbone 'resnet' not found. Did you mean 'resnet"),
        ("  - {name: vgg}\n  - {name: resnet18,\n     widht: 4}\n", "s.yaml:6: unknown key 'widht'. Did you"),
        ("  - {name: vgg}\n  - {name: resnet18, stagse: any}\n", "s.yaml:5: unknown key 'stagse'. Did you mean 'stage"),
        ("  - {name: vgg}\n  - name: resnet18\n    stages: [[1, 1]]\n", "s.yaml:6: stages [1, 1] hold 2 blocks"),
        ("  - name: vgg\n    neuron:\n      tau: 0.5\n", "s.yaml:6: 'neuron.tau': input should be greater"),
        ("  - name: vgg\n    masks: {mode: free, types: [qkv]}\n", "s.yaml:5: masks.types: 'qkv' is no type of layer"),
        ("  - {name: vgg}\n  - {name: vgg, widths: [[4, 4, 4], [8, 16, 32]]}\n", "s.yaml:5: 'backbone': alter"),
        ("  - {name: vgg}\n  - 3\n", "s.yaml:5: 'backbone': alternative 2 is no mapping of keys, found 3."),
        ("  []\n", "s.yaml:3: 'backbone': the list is empty."),
    ],
)  # fmt: skip
def test_a_mistake_in_an_alternative_is_one_line_with_its_number(backbone: str, message: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_space(HEAD + backbone + "timesteps: [1, 2]\n", "s.yaml")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_mistakes_of_what_all_share_are_at_their_lines() -> None:
    with pytest.raises(TsearchError, match=r"^space.yaml:9: 'neuron.tau'"):
        parse_space(
            TEXT.replace("{reset: [soft, hard]}", "{tau: 0.5}").replace(", neuron: {tau: [2, 1.5]}", "")
        )


def test_check_tells_what_every_family_holds(space: UnionSpace) -> None:
    content = preview(space, 3)
    text = preview_text(content)
    assert sum(own["size"] for own in content["alternatives"].values()) == content["size"]
    assert (
        content["alternatives"]["vgg_2"]["masks"]["n_structures"]
        == space.alternatives["vgg_2"].n_structures - 4
    )
    for name in space.alternatives:
        assert f"{name}, largest" in text
        assert f"{name}: phases: " in text
    assert "\nall: fixed: " not in text
    alike = preview_text(preview(parse_space(TEXT + "training: {loss: mean}\n"), 0))
    assert alike.count("training.loss=mean") == 1
    assert "\nall: fixed: training.loss=mean\n" in alike


def test_settings_of_windows_that_change_nothing_are_counted_once() -> None:
    backbone = "{name: windowed, width: 2, depths: [1], groups: [4, 1], windows: [normal, dilated],\n"
    backbone += "  fusion: [sum, nested], theta: [0.5, 0.3, 0.7]}"
    space = parse_space(f"name: w\ndata: {{name: digits}}\nbackbone:\n  {backbone}\ntimesteps: [1]\n")
    assert space.size == (2 + 1) * (1 + 3)
    every = list(space.enumerate())
    assert len(set(every)) == space.size
    assert all(space.decode(space.encode(c)) == c for c in every)
    one = [Windowed(width=2, depths=(1, 1), groups=1, windows=w) for w in ("NN", "DD")]
    assert len({backbone.plan((1, 8, 8), 10, Neuron()) for backbone in one}) == 1


def test_a_table_of_several_families_names_them(space: UnionSpace) -> None:
    configurations = [member.decode({}) for member in space.alternatives.values()]
    points = [
        Point(i, c.key, {}, c.timesteps, c.stages, configuration=c) for i, c in enumerate(configurations)
    ]
    assert telling_details(points)[0] == "backbone.name"
    assert setting_title("backbone.name") == "backbone"
    assert "backbone.name" not in telling_details(points[:2])
