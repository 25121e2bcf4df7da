"""Weights of zero in a model: pruned where that is asked for, and never without a word where they are many."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import hwcost as h
from hwcost.__main__ import main

SCATTER = h.load_profile("45nm_memory").where(dataflow="none")


def zeroed(model: nn.Module, share: float) -> nn.Module:
    """Some weights of every layer are zero; the mask lies in the model as torch has it."""
    for module in model.modules():
        if hasattr(module, "weight"):
            prune.random_unstructured(module, "weight", share)
    return model


def network_of_all_kinds(neuron: Any) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, groups=2),
        neuron(0.1),
        nn.ConvTranspose2d(4, 2, 2, stride=2),
        neuron(0.1),
        nn.Flatten(),
        nn.Linear(128, 5),
    )


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_pruning_could_not_be_reached_from_a_model(
    share: float, neuron: Any, events: Any, excite: Any
) -> None:
    """Operations are those that a walk with the model's own zeros meets: torch finds the borders."""
    model = zeroed(excite(network_of_all_kinds(neuron)), share)
    batch = events(3, 2, 2, 4, 4)
    met: dict[str, int] = {}

    def count(name: str) -> Any:
        def hook(module: Any, args: Any, _: Any) -> None:
            ones = (module.weight != 0).double()
            places = (args[0] != 0).double()
            if isinstance(module, nn.Linear):
                out = nn.functional.linear(places, ones)
            elif isinstance(module, nn.ConvTranspose2d):
                out = nn.functional.conv_transpose2d(places, ones, None, module.stride, module.padding)
            else:
                out = nn.functional.conv2d(
                    places, ones, None, module.stride, module.padding, 1, module.groups
                )
            met[name] = met.get(name, 0) + int(out.sum())

        return hook

    found = h.from_torch(model, batch, loop=True, pruned=True)
    weighted = [(name, module) for name, module in model.named_children() if hasattr(module, "weight")]
    for name, module in weighted:
        module.register_forward_hook(count(name))
    with torch.no_grad():
        for module in model.modules():
            if hasattr(module, "reset"):
                module.reset()
        for frame in batch:
            model(frame)
    cost = h.estimate(found.network, found.spikes, SCATTER)
    rows = {row.layer: row for row in cost.rows if row.item == "synaptic_operation"}
    assert {name: sum(row.steps) for name, row in rows.items()} == met
    assert min(met.values()) > 0
    for name, module in weighted:
        assert found.network.layer(name).n_parameters == int((module.weight != 0).sum())


def test_without_zeros_pruned_changes_nothing(neuron: Any, events: Any, excite: Any) -> None:
    model, batch = excite(network_of_all_kinds(neuron)), events(3, 9, 2, 4, 4)
    assert h.from_torch(model, batch, pruned=True) == h.from_torch(model, batch)


def test_zeros_were_priced_without_a_word(neuron: Any, events: Any, excite: Any) -> None:
    batch = events(3, 9, 2, 4, 4)  # more samples than run at once, and still one warning
    model = zeroed(excite(network_of_all_kinds(neuron)), 0.75)
    expected = r"priced like others in 0 \(75%\), 2 \(75%\), 5 \(75%\); from_torch\(\.\.\., pruned=True\)"
    with pytest.warns(UserWarning, match=expected) as told:
        whole = h.from_torch(model, batch)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert not any(layer.kept for layer in whole.network.layers)
    with warnings.catch_warnings(action="error"):
        h.from_torch(zeroed(excite(network_of_all_kinds(neuron)), 0.4), batch)


MODEL = """
import hwcost
from torch import nn
class Fire(nn.Module):
    def forward(self, x):
        return (x > 0).float()
hwcost.register(Fire, {"neuron": "if"})
net = nn.Sequential(nn.Linear(4, 3), Fire(), nn.Linear(3, 2))
net[0].weight.data[1:] = 0
"""


def test_a_batch_with_samples_first_was_taken_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], neuron: Any
) -> None:
    model = nn.Sequential(nn.Linear(4, 3), neuron(), nn.Linear(3, 2))
    found = h.from_torch(model, torch.ones(4, 8, 4))
    assert repr(found) == "Described(T=4, samples=8, layers=0, 2)"
    (tmp_path / "model.py").write_text(MODEL)
    np.save(tmp_path / "spikes.npy", np.ones((4, 8, 4)))
    command = ["price", f"{tmp_path}/model.py:net", "--data", f"{tmp_path}/spikes.npy"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert out.startswith("T=4, samples=8\n")
    assert err.startswith(f"{tmp_path}/model.py:net: weights of zero are priced like others in 0 (67%)")
    assert main([*command, "--pruned"]) == 0
    assert capsys.readouterr().err == ""
