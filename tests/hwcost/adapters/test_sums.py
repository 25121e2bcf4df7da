"""Sums, gates and factors between layers, and what neurons belong to."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import hwcost as h

Join = Callable[[Tensor, Tensor], Tensor]


class Branches(nn.Module):
    """Two branches of 3 spikes, joined and read."""

    def __init__(self, neuron: type[nn.Module], join: Join, *, spikes: bool = True) -> None:
        super().__init__()
        self.a, self.b, self.out = nn.Linear(4, 3), nn.Linear(4, 3), nn.Linear(3, 2)
        self.fire_a, self.fire_b, self.fire = neuron(), neuron(), neuron()
        self.join, self.spikes = join, spikes

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.fire_a(self.a(x)), self.b(x)
        joined = self.join(a, self.fire_b(b) if self.spikes else b)
        return self.out(joined if self.spikes else self.fire(joined))


def by_hand(model: Branches, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Spikes of both branches [T, samples, 3]."""
    for fire in (model.fire_a, model.fire_b):
        fire.reset()  # type: ignore[operator]
    with torch.no_grad():
        pairs = [(model.fire_a(model.a(x)), model.fire_b(model.b(x))) for x in batch]
    return torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs])


@pytest.mark.parametrize(
    ("kind", "join"),
    [
        ("sew_add", lambda a, b: a + b),
        ("sew_add", torch.add),
        ("sew_add", lambda a, b: b.add_(a)),
        ("sew_and", lambda a, b: a * b),
        ("sew_iand", lambda a, b: a * (1.0 - b)),
    ],
    ids=["+", "torch.add", "add_", "*", "* (1 -"],
)
def test_spikes_joined_with_spikes(kind: str, join: Join, neuron: Any, events: Any, excite: Any) -> None:
    model = excite(Branches(neuron, join))
    batch = events(4, 3, 4, rate=0.5)
    network, spikes = h.from_torch(model, batch)
    a, b = by_hand(model, batch)
    layer = network.layers[2]
    assert (layer.kind, network.layers[3].in_max) == (kind, 2 if kind == "sew_add" else 1)
    assert {layer.source or network.layers[1].name, layer.other_source} == {"a", "b"}
    assert network.layers[1].source == "input"
    joined = join(a, b.clone())
    assert [sum(row) for row in spikes.layers["out"].events] == (joined != 0).sum(dim=(1, 2)).tolist()
    assert [sum(row) for row in spikes.layers["out"].sums] == joined.sum(dim=(1, 2)).int().tolist()
    first = a if layer.source == "a" else b
    assert [sum(row) for row in spikes.layers[layer.name].events] == first.sum(dim=(1, 2)).int().tolist()
    assert h.estimate(network, spikes, "45nm_memory").total_pj > 0


def test_adds_of_a_sew_sum_are_those_of_the_branch_with_fewer_events(
    neuron: Any, events: Any, excite: Any
) -> None:
    model = excite(Branches(neuron, lambda a, b: a + b))
    batch = events(4, 3, 4, rate=0.5)
    network, spikes = h.from_torch(model, batch)
    a, b = by_hand(model, batch)
    fewer = torch.minimum(a.sum(dim=(1, 2)), b.sum(dim=(1, 2))).sum()
    row = next(r for r in h.estimate(network, spikes, "45nm_memory").rows if r.item == "residual_add")
    assert sum(row.steps) == int(fewer) > 0


def test_spikes_added_to_a_current_are_a_membrane_shortcut(neuron: Any, events: Any, excite: Any) -> None:
    model = excite(Branches(neuron, lambda a, b: a + b, spikes=False))
    batch = events(4, 3, 4, rate=0.5)
    network, spikes = h.from_torch(model, batch)
    layer = network.layers[2]
    assert (layer.kind, layer.neuron, layer.in_class) == ("membrane_shortcut", "if", "analog")
    assert (network.layers[1].name, layer.source, layer.other_source) == ("b", "", "a")
    model.fire_a.reset()
    a = torch.stack([model.fire_a(model.a(x)) for x in batch])
    row = next(r for r in h.estimate(network, spikes, "45nm_memory").rows if r.item == "residual_add")
    assert list(row.steps) == a.sum(dim=(1, 2)).int().tolist()


class Preactivation(nn.Module):
    """A sum of currents that neurons read, and the next sum: x + conv(neurons(x))."""

    def __init__(self, neuron: type[nn.Module]) -> None:
        super().__init__()
        self.stem, self.fire, self.branch = nn.Linear(4, 3), neuron(), nn.Linear(3, 3)
        self.last, self.head = neuron(), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.branch(self.fire(x)) + x
        return self.head(self.last(x))


def test_neurons_that_share_their_current_with_a_shortcut_stand_alone(neuron: Any, events: Any) -> None:
    network, spikes = h.from_torch(Preactivation(neuron), events(3, 2, 4))
    found = [(la.name, la.kind, la.neuron, la.source, la.other_source) for la in network.layers]
    assert found == [
        ("stem", "linear", None, "", ""),
        ("fire", "neurons", "if", "", ""),
        ("branch", "linear", None, "", ""),
        ("add", "membrane_shortcut", "if", "", "stem"),
        ("head", "linear", None, "", ""),
    ]
    assert h.estimate(network, spikes, "45nm_memory").count("neuron_update") == 2 * 3 * 3


class Scaled(nn.Module):
    """Factors that the weights behind them take up."""

    def __init__(self, neuron: type[nn.Module]) -> None:
        super().__init__()
        self.a, self.fire, self.b = nn.Linear(4, 3), neuron(), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.fire(10 * self.a(x / 2)) * 0.25) @ self.b.weight.T

    def usual(self, x: Tensor) -> Tensor:
        return self.b(self.fire(10 * self.a(x / 2)) * 0.25)


def test_factors_cost_nothing_and_events_stay_events(neuron: Any, events: Any) -> None:
    model, batch = Scaled(neuron), events(3, 2, 4)
    model.forward = model.usual  # type: ignore[method-assign]
    network, spikes = h.from_torch(model, batch)
    assert [(layer.kind, layer.in_class) for layer in network.layers] == [("linear", "binary")] * 2
    assert [sum(row) for row in spikes.layers["a"].events] == batch.sum(dim=(1, 2)).int().tolist()
    with pytest.raises(
        h.HwcostError, match=r"'forward' \(Scaled\) calls relu\(\)|matmul\(\), which is not known"
    ):
        h.from_torch(Scaled(neuron), batch)
