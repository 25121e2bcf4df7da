"""Backbones in a space file: read by their family, every setting searched, checked against the data."""

import json
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import PositiveFloat, PositiveInt

from tsearch.errors import TsearchError
from tsearch.frozen import Frozen
from tsearch.networks.backbones import BACKBONES, Backbone, family
from tsearch.networks.plan import Neuron
from tsearch.space.domains import Choice, Real, Whole
from tsearch.space.file import parse_space
from tsearch.space.schema import SpaceFile
from tsearch.space.sections import searchable
from tsearch.space.space import SearchSpace

SPACE = "name: small\ndata: {name: digits}\ntimesteps: [1, 2]\n"  # frames of 8x8 pixels, 10 classes


class Stack(Backbone):
    """A family that does not fit frames smaller than its kernel."""

    name: Literal["stack"] = "stack"
    n_blocks: PositiveInt = 3
    kernel: PositiveInt
    width: PositiveFloat = 1.0

    @property
    def depth(self) -> int:
        return self.n_blocks

    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Any:
        del n_classes, neuron
        if self.kernel > shape[1]:
            raise ValueError(f"kernel {self.kernel} is larger than {shape[1]} pixels")


class Own(Backbone):
    """A family of whoever searches: options, and a number of blocks that follows from them."""

    model_config = Frozen.model_config | {"extra": "allow"}
    n_blocks: PositiveInt

    @property
    def depth(self) -> int:
        return self.n_blocks

    def plan(self, shape: tuple[int, int, int], n_classes: int, neuron: Neuron) -> Any:
        del shape, n_classes, neuron

    @classmethod
    def derived(
        cls, settings: Mapping[str, Any], shape: tuple[int, int, int], n_classes: int
    ) -> dict[str, Any]:
        if settings.get("broken"):
            raise ValueError("the network cannot be built")
        return {"n_blocks": settings.get("per_stage", 1) * 2, "frame": (*shape, n_classes)}


@pytest.fixture(autouse=True)
def families(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both families, by name, as if they stood in a file of `backbones/` each."""
    module = ModuleType("some_families")
    module.__dict__.update(Stack=Stack, Own=Own)
    monkeypatch.setitem(sys.modules, "some_families", module)
    monkeypatch.setitem(BACKBONES, "stack", "some_families:Stack")
    rooms = ("configuration", "networks.backbones", "space.backbone_checks", "space.schema", "space.settings")
    for room in rooms:
        monkeypatch.setattr(
            f"tsearch.{room}.family", lambda name: Own if name == "mine:network" else family(name)
        )


def with_backbone(backbone: str) -> SearchSpace:
    return parse_space(SPACE + f"backbone: {backbone}\n", "s.yaml")


def test_every_setting_of_a_family_is_a_value_a_list_or_a_range() -> None:
    space = with_backbone("{name: stack, kernel: {low: 3, high: 7}, width: {low: 0.5, high: 2, log: true}}")
    assert space.depth == 3
    backbone = {name: domain for name, domain in space.settings.items() if name.startswith("backbone.")}
    assert backbone == {
        "backbone.name": Choice(("stack",)),
        "backbone.n_blocks": Choice((3,)),
        "backbone.kernel": Whole(3, 7, False, 5),
        "backbone.width": Real(0.5, 2.0, True, 1.0),
    }
    configuration = space.random(np.random.default_rng(0))
    assert isinstance(configuration.backbone, Stack)
    assert space.decode(space.encode(configuration)) == configuration
    assert space.from_plain(space.to_plain(configuration)) == configuration


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("{name: stak}", "s.yaml:4: backbone 'stak' not found. Did you mean 'stack'?"),
        (
            "{name: [stack, vgg]}",
            "s.yaml:4: 'backbone.name': one name, found ['stack', 'vgg']. List families",
        ),
        ("{name: stack}", "s.yaml: 'backbone.kernel' is missing."),
        ("{name: stack, kernel: 9}", "s.yaml:4: 'backbone': kernel 9 is larger than 8 pixels."),
        ("{name: stack, kernel: [3, 9]}", "s.yaml:4: 'backbone': kernel 9 is larger than 8 pixels."),
        ("{name: stack, kernel: {low: 3, high: 9}}", "'backbone': kernel 9 is larger than 8 pixels."),
        ("{name: stack, kernel: 0}", "'backbone.kernel': input should be greater than 0, found 0."),
        ("{name: stack, kernel: {low: 0.5, high: 3}}", "'backbone.kernel': input should be a valid integer"),
        ("{name: stack, kernel: {low: 3, hihg: 5}}", "unknown key 'hihg'. Did you mean 'high'?"),
        ("{name: stack, kernel: 3, n_blocks: [2, 3]}", "backbones of different depths [2, 3]; one space has"),
        ("{name: stack, kernel: 3, n_blocks: {low: 2, high: 3}}", "different depths [2, 3]"),
        ("{name: stack, kernal: 3}", "s.yaml:4: unknown key 'kernal'. Did you mean 'kernel'?"),
        ("{name: stack, kernel: 3, widths: [8]}", "unknown key 'widths'. Did you mean 'width'?"),
        ("3", "s.yaml:4: 'backbone': input should be a mapping of keys"),
        ("{name: 'mine:network', broken: true}", "s.yaml:4: 'backbone': the network cannot be built."),
        ("{name: 'mine:network', per_stage: [1, 2]}", "one space has one of each"),
    ],
)
def test_a_mistake_in_a_backbone_is_one_line(backbone: str, message: str) -> None:
    with pytest.raises(TsearchError, match=r"^s\.yaml:") as caught:
        with_backbone(backbone)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_of_an_own_network_pass_and_what_follows_from_them_is_added() -> None:
    space = with_backbone(
        "{name: 'mine:network', per_stage: 2, activation: [relu, gelu], rate: {low: 0.1, high: 0.5},"
        " channels: [[4, 8], [8, 8]], layers: {low: 2, high: 6}, bias: null}"
    )
    assert space.depth == 4
    assert {name: domain for name, domain in space.settings.items() if name.startswith("backbone.")} == {
        "backbone.name": Choice(("mine:network",)),
        "backbone.per_stage": Choice((2,)),
        "backbone.activation": Choice(("relu", "gelu")),
        "backbone.rate": Real(0.1, 0.5, False, pytest.approx(0.3)),
        "backbone.channels": Choice(((4, 8), (8, 8))),
        "backbone.layers": Whole(2, 6, False, 4),
        "backbone.bias": Choice((None,)),
        "backbone.n_blocks": Choice((4,)),
        "backbone.frame": Choice(((1, 8, 8, 10),)),
    }
    configuration = space.random(np.random.default_rng(0))
    assert configuration.backbone.depth == 4
    assert space.decode(space.encode(configuration)) == configuration
    back = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())), space.source_text)
    assert back == space


def test_a_setting_that_is_given_is_not_derived() -> None:
    assert with_backbone("{name: 'mine:network', n_blocks: 5}").depth == 5


def test_the_schema_covers_every_family() -> None:
    schema = SpaceFile.model_json_schema()
    known = {searchable(family(name)).__name__ for name in BACKBONES if name != "stack"}
    *forms, several = schema["properties"]["backbone"]["anyOf"]
    sections = {part["$ref"].rpartition("/")[2] for part in forms}
    alternatives = {part["$ref"].rpartition("/")[2] for part in several["items"]["anyOf"]}
    assert alternatives == {name.replace("Space", "Alternative") for name in sections}
    assert "masks" in schema["$defs"]["VggAlternative"]["properties"]
    assert sections == known | {"OwnBackboneSpace"}
    for section in known:
        assert "const" in schema["$defs"][section]["properties"]["name"]
    assert schema["$defs"]["OwnBackboneSpace"]["additionalProperties"] is not False


def test_data_and_network_of_ones_own_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from tsearch.data import describe_dataset
    from tsearch.data.dataset import DatasetInfo

    info = DatasetInfo("mine:load", (2, 6, 6), 4, False, "graded")
    monkeypatch.setattr(
        "tsearch.data.describe_dataset",
        lambda spec: info if spec.name == "mine:load" else describe_dataset(spec),
    )
    space = parse_space(
        "name: own\ndata: {name: 'mine:load', options: {size: 6}}\nbackbone: {name: 'mine:network'}\ntimesteps: [1]\n"
    )
    assert space.data.options == {"size": 6}
    assert space.settings["backbone.frame"] == Choice(((2, 6, 6, 4),))
