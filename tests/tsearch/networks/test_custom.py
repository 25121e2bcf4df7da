"""A function of the user's as a backbone: its settings, its key, its plan, and what is wrong with it in one line."""

import json
import pickle
import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tsearch import LIF
from tsearch.configuration import Configuration, DataSpec, Task
from tsearch.errors import TsearchError
from tsearch.export.contents import needed_modules
from tsearch.networks.backbones import Backbone, family
from tsearch.networks.backbones.custom import Custom, refuse_other_network
from tsearch.networks.plan import Neuron, Plan

SHAPE = (2, 8, 8)


def network(shape, _n_classes, width=4, depth=2, threshold=None):
    channels = (shape[0], *[width] * depth)
    return [
        nn.Sequential(nn.Conv2d(a, b, 3, padding=1), LIF(threshold=threshold)) for a, b in pairwise(channels)
    ]


class Family(Backbone):
    """A family of the user's, with settings and a plan of its own."""

    name: str
    width: int = 3

    @property
    def depth(self) -> int:
        return 1

    def plan(self, shape, n_classes, neuron) -> Plan:
        raise NotImplementedError


Family.__module__, Family.__qualname__ = "somebody", "Family"


@pytest.fixture
def module(monkeypatch):
    """A module of the user's that holds the above."""
    made = SimpleNamespace(__file__="somebody.py", network=network, Family=Family)
    monkeypatch.setitem(sys.modules, "somebody", made)
    return made


def settings(**options):
    given = {"name": "somebody:network", **options}
    return given | family("somebody:network").derived(given, SHAPE, 10)


def configuration(backbone, **more) -> Configuration:
    return Configuration.model_validate(
        {"backbone": backbone, "stages": [1, 1], "schedule": [{"timesteps": [2, 1], "epochs": 1}]} | more
    )


@pytest.mark.usefixtures("module")
def test_what_follows_from_the_plan_is_filled_in() -> None:
    backbone = configuration(settings(width=6)).backbone
    assert isinstance(backbone, Custom)
    assert (backbone.depth, backbone.options) == (2, {"width": 6})
    plan = backbone.plan(SHAPE, 10, Neuron(tau=5.0))
    assert [node.shape for node in plan.nodes] == [(6, 8, 8), (6, 8, 8), (10,)]
    assert plan.nodes[0].neuron == Neuron(tau=5.0)


@pytest.mark.usefixtures("module")
def test_a_configuration_travels_as_json_and_as_pickle() -> None:
    made = configuration(settings(width=6))
    for copy in (
        Configuration.model_validate(json.loads(made.model_dump_json())),
        pickle.loads(pickle.dumps(made)),
    ):
        assert (copy, copy.key, hash(copy)) == (made, made.key, hash(made))
        assert copy.backbone.options == {"width": 6}


@pytest.mark.usefixtures("module")
def test_every_option_enters_the_key() -> None:
    keys = {configuration(settings(**o)).key for o in ({}, {"width": 4}, {"width": 5}, {"threshold": 0.5})}
    assert len(keys) == 4
    settings_of_neurons = [configuration(settings(), neuron=Neuron(tau=tau)).backbone for tau in (2.0, 3.0)]
    assert settings_of_neurons[0] == settings_of_neurons[1]


def test_a_function_that_has_changed_is_another_network(module) -> None:
    old = configuration(settings())
    module.network = lambda shape, n_classes: network(shape, n_classes, threshold=0.7)
    assert configuration(settings()).key != old.key
    with pytest.raises(TsearchError, match=r"it gives another network for \[2, 8, 8\] frames"):
        old.backbone.plan(SHAPE, 10, Neuron())
    with pytest.raises(TsearchError, match=r"than when this configuration was made\. Start a new run"):
        refuse_other_network(old)
    module.network = lambda shape, n_classes: network(shape, n_classes, 4, 2)
    assert old.backbone.plan(SHAPE, 10, Neuron()).depth == 2
    refuse_other_network(old)
    refuse_other_network({"x": 0.5})


@pytest.mark.usefixtures("module")
def test_a_network_is_made_for_one_shape() -> None:
    with pytest.raises(ValueError, match=r"another network for \[3, 8, 8\] frames and 10 classes"):
        configuration(settings()).backbone.plan((3, 8, 8), 10, Neuron())


def test_making_it_draws_no_random_numbers(module) -> None:
    state = torch.get_rng_state()
    settings(width=7)
    module.network = lambda shape, n_classes: network(shape, n_classes, 4 + int(torch.rand(1).item()))
    assert settings()["n_blocks"] == 2  # looks at a number that it has drawn
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.usefixtures("module")
def test_a_family_of_the_users_is_read_by_its_own_class() -> None:
    made = configuration(
        {"name": "somebody:Family", "width": 9}, stages=[1], schedule=[{"timesteps": [1], "epochs": 1}]
    )
    assert isinstance(made.backbone, Family)
    assert made.backbone.width == 9


@pytest.mark.usefixtures("module")
def test_what_was_searched_can_be_shown_without_the_module(monkeypatch) -> None:
    text = configuration(settings(width=6)).model_dump_json()
    monkeypatch.delitem(sys.modules, "somebody")
    shown = Configuration.model_validate_json(text)
    assert (shown.backbone.name, shown.backbone.depth) == ("somebody:network", 2)
    with pytest.raises(TsearchError, match="'somebody:network': module 'somebody' not found"):
        shown.backbone.plan(SHAPE, 10, Neuron())


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda _: [], r"called with \(\(2, 8, 8\), 10\), it failed: TypeError"),
        (lambda _, __: 1 / 0, r"it failed: ZeroDivisionError: division by zero \(test_custom.py:\d+\)"),
        (lambda shape, n: network(shape, n)[0][0], "must give the blocks of the network, a list .* found Conv2d"),
        (lambda _, __: [], "found an empty one"),
        (lambda _, __: [nn.GELU()], "^backbone somebody:network: block 1 has a layer '0' .GELU. that the cost"),
    ],
)  # fmt: skip
def test_a_function_that_gives_no_network_is_one_line(module, function, expected) -> None:
    module.network = function
    with pytest.raises(TsearchError, match=expected):
        settings()


@pytest.mark.usefixtures("module")
def test_what_has_to_be_importable_is_told() -> None:
    own, ours = DataSpec(name="somebody:images"), DataSpec(name="digits")
    made = configuration(settings())
    assert needed_modules(Task(data=own), made) == ("somebody:network", "somebody:images")
    assert needed_modules(Task(data=ours), made) == ("somebody:network",)
    vgg = configuration({"name": "vgg", "widths": [4, 4], "pool_after": [1]})
    assert needed_modules(Task(data=ours), vgg) == ()
