"""What docs/own_network.md says of errors is what is said."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from torch import nn

import tsearch
from tsearch.errors import TsearchError
from tsearch.space.file import parse_space

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "own_network.md").read_text()
SPACE = "name: own\n\ndata: {name: 'mine:bars'}\nbackbone: {name: 'mine:network', width: [8, 16]}\ntimesteps: [1, 2]\n"


class Gelu(nn.Module):
    """A block whose neurons are none."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv2d(8, 8, 3, padding=1), nn.GELU()

    def forward(self, x):
        return self.act(self.conv(x))


def _network(shape, _n_classes, width):
    del width
    return [nn.Sequential(nn.Conv2d(shape[0], 8, 3), nn.BatchNorm2d(8), tsearch.LIF()), Gelu()]


@pytest.fixture
def mine(monkeypatch):
    module = ModuleType("mine")
    module.network = _network
    module.bars = lambda: tsearch.event_dataset(np.ones((20, 4, 2, 8, 8), int), np.arange(20) % 2)
    monkeypatch.setitem(sys.modules, "mine", module)
    monkeypatch.setattr("tsearch.data._loaded", {})
    return module


def _error() -> str:
    with pytest.raises(TsearchError) as caught:
        parse_space(SPACE, "own.yaml")
    return str(caught.value)


@pytest.mark.usefixtures("mine")
def test_the_error_of_a_layer_that_is_not_known_is_that_of_the_guide() -> None:
    beginning = next(line for line in DOCS.splitlines() if "(GELU)" in line).strip().removesuffix(", ...")
    assert _error().startswith(beginning)


def test_the_error_of_labels_with_a_gap_is_that_of_the_guide(mine) -> None:
    mine.bars = lambda: tsearch.event_dataset(np.ones((20, 4, 2, 8, 8), int), np.arange(20) % 2 * 2)
    assert _error() == next(line for line in DOCS.splitlines() if "has no sample" in line).strip()


def test_an_error_inside_torch_points_at_the_users_line(mine) -> None:
    def network(shape, _n_classes, width):
        return [nn.Conv2d(shape[0], -width, 3)]

    mine.network = network
    line = network.__code__.co_firstlineno + 1
    assert f"(test_custom_errors.py:{line})" in _error()


def test_options_that_do_not_fit_point_at_the_users_function(mine) -> None:
    def network(shape, _n_classes):
        return shape

    mine.network = network
    assert f"(test_custom_errors.py:{network.__code__.co_firstlineno})" in _error()
