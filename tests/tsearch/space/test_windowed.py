"""Spaces of windows: what may be searched, and phases that such networks cannot have."""

import pytest

from tsearch.errors import TsearchError
from tsearch.networks.backbones.windowed import PAPER_NEURON
from tsearch.space.file import parse_space

BASE = """\
name: windows
data: {name: digits}
backbone: {name: windowed, width: 4, depths: [1, 1], core: [lstm, cnn], groups: [1, 4], gate: threshold}
neuron: {tau: 1.6666666666666667, threshold: 0.5, reset: hard, surrogate_width: 2.0}
timesteps: [1, 2]
"""


def test_settings_of_windows_are_searched_and_the_papers_neuron_can_be_written() -> None:
    space = parse_space(BASE)
    every = list(space.enumerate())
    assert {(c.backbone.core, c.backbone.groups) for c in every} == {
        (a, b) for a in ("lstm", "cnn") for b in (1, 4)
    }
    assert {c.neuron for c in every} == {PAPER_NEURON}
    assert all(space.decode(space.encode(c)) == c for c in every[::5])


def test_more_blocks_than_memory_are_refused_in_one_line() -> None:
    with pytest.raises(TsearchError, match="at most 256 blocks, found 10,000,000,000,001"):
        parse_space(BASE.replace("depths: [1, 1]", "depths: [1, 10000000000000]"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "schedule: {ann_epochs: 2}",
            "6: 'ann_epochs': backbone 'windowed' has no form as an ANN. Leave it out.",
        ),
        (
            "compression: {sparsity: [0.0, 0.5]}",
            "6: 'compression': weights of backbone 'windowed' are neither",
        ),
        ("compression: {weight_bits: 8}", "6: 'compression': weights of backbone 'windowed' are neither"),
    ],
)
def test_phases_of_an_ann_and_compressed_weights_are_refused_at_their_line(given: str, message: str) -> None:
    with pytest.raises(TsearchError) as error:
        parse_space(f"{BASE}{given}\n")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
