"""Initial weights on the command line: told by `check`, noted by the run, and refused where they changed."""

import json
from pathlib import Path

import pytest
from safetensors.torch import save_file

from tsearch.configuration import Configuration, Phase
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise

SPACE = """\
name: begun
data: {name: digits}
backbone: {widths: [2, 3], pool_after: [1, 2]}
stages: [[1, 1]]
timesteps: [1, 2]
schedule: {epochs: 1}
search: {baselines: [1], trials: 1}
init: weights.safetensors
"""


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A space file with weights beside it: those of another division, and one that has no place."""
    schedule = (Phase(timesteps=(2,), epochs=1),)
    backbone = Vgg(widths=(2, 3), pool_after=(1, 2))
    network = build(Configuration(backbone=backbone, stages=(2,), schedule=schedule), (1, 8, 8), 10)
    initialise(network, 0, 0)
    write(network.state_dict() | {"foreign.weight": network.head.bias.detach()}, tmp_path)
    (tmp_path / "begun.yaml").write_text(SPACE)
    return tmp_path / "begun.yaml"


def write(state, folder: Path) -> None:
    save_file(
        {name: value.clone().contiguous() for name, value in state.items()}, folder / "weights.safetensors"
    )


def test_initial_weights_are_told_noted_and_held_to(type_in, space: Path, tmp_path: Path) -> None:
    told = "14 weights taken, 2 new (early_classifiers.after_block1.linear.weight, early_classifiers.after_block1"
    code, out, err = type_in("check", str(space))
    assert (code, err) == (0, "")
    assert f"initial weights: {told}" in out
    assert "1 left (foreign.weight)" in out
    flags = ["--runs", str(tmp_path / "runs")]
    assert type_in("run", str(space), "--name", "b", "--executor", "inline", *flags)[0] == 0
    page = Path(type_in("report", "b", *flags)[1].strip().split()[-1])
    assert f"Initial weights: {told}" in page.read_text()
    task = json.loads((tmp_path / "runs" / "b" / "run.json").read_text())["task"]
    assert task["init"]["file"] == str(tmp_path / "weights.safetensors")
    write({"head.weight": build_nothing()}, tmp_path)
    code, _, err = type_in("resume", "b", "--trials", "+1", *flags)
    assert (code, err.count("\n")) == (2, 1)
    assert "weights.safetensors: its content changed since this run started" in err
    (tmp_path / "weights.safetensors").unlink()
    code, _, err = type_in("check", str(space))
    assert (code, err.count("\n")) == (2, 1)
    assert "begun.yaml:8: init" in err
    assert "No such file or directory" in err


def test_initial_weights_are_told_of_every_alternative(type_in, space: Path) -> None:
    widths = ", ".join(f"[2, 3, {n}]" for n in range(4, 10))
    more = f"{{widths: [{widths}], pool_after: []}}"
    text = SPACE.replace("stages: [[1, 1]]\n", "")
    first = f"backbone: [{more}, {{widths: [2, 3], pool_after: [1, 2]}}"
    given = text.replace("backbone: {widths: [2, 3], pool_after: [1, 2]}", first + "]")
    space.write_text(given)
    assert "14 weights taken" in type_in("check", str(space))[1]
    space.write_text(given.replace(first, first + ", {name: resnet20, width: 4, blocks: [1]}"))
    code, _, err = type_in("check", str(space))
    assert (code, err.count("\n")) == (2, 1)
    assert "no weights of it fit this network" in err


def build_nothing():
    """A weight of another shape."""
    import torch

    return torch.ones(1, 1)
