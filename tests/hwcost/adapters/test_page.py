"""What docs/any_network.md shows runs, each example by itself, in an empty folder."""

import contextlib
import io
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import hwcost as h
from hwcost.adapters.layer_rules import LAYERS
from hwcost.adapters.neuron_rules import NEURONS, feedback, integrator
from hwcost.network.layer import _LATER

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "any_network.md").read_text()
EXAMPLES = {
    section.splitlines()[0]: re.search(r"```python\n(.*?)```", section, re.DOTALL)
    for section in PAGE.split("\n## ")[1:]
}
LIBRARIES = {"SpikingJelly": "spikingjelly", "snnTorch": "snntorch", "Norse": "norse", "NIR": "nir"}


def printed(code: str, names: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings(action="ignore"):
        exec(code, names)  # what the page shows
    return out.getvalue()


@pytest.mark.parametrize("section", [name for name, example in EXAMPLES.items() if example])
def test_the_examples(
    section: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if section in LIBRARIES:
        request.getfixturevalue(LIBRARIES[section])
    monkeypatch.chdir(tmp_path)
    example = EXAMPLES[section]
    assert example is not None
    assert printed(example[1], {"__name__": "page"}).strip()


def test_the_three_lines(neuron: Any, events: Any) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    assert len([line for line in example[1].splitlines() if line.strip()]) == 3
    given = {"model": nn.Sequential(nn.Linear(4, 3), neuron()), "batch": events(2, 2, 4)}
    assert float(printed(example[1], given)) > 0


def test_every_neuron_with_a_rule_is_told() -> None:
    known = {name.partition(".")[2] for name, rule in NEURONS.items() if rule not in (feedback, integrator)}
    words = set(re.findall(r"\w+", PAGE))
    names = {name.partition(".")[2].removeprefix("Simple") for name in NEURONS}
    missing = [name for name in sorted(names - words) if name in known]
    assert missing == []


def test_every_layer_with_a_rule_belongs_to_torch() -> None:
    for name in LAYERS:
        kind = name.partition(".")[2]
        assert hasattr(nn, kind) or hasattr(torch.nn.modules.batchnorm, kind)


def test_every_kind_that_the_page_names_exists() -> None:
    table = PAGE.split("## What becomes of what")[1].split("\n\n")[1]
    kinds = set(re.findall(r"`(\w+)`", table))
    for kind in kinds:
        with pytest.raises(h.HwcostError) as refused:
            h.LayerSpec("x", kind, 0, (2,), (3,), stride=(1,))
        assert "unknown kind" not in str(refused.value)


def test_settings_of_a_layer_were_written_nowhere() -> None:
    """The table has every field of a layer that the shapes and the source of a network leave open."""
    table = PAGE.split("## Settings of a layer")[1].split("\n\n")[2]
    told = set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines())))
    assert told == set(_LATER) - {"other_source"}
