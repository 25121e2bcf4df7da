"""snnTorch 1.0: the convolutional network of its tutorial, in a loop of the user's and as a Sequential."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import hwcost as h


class Tutorial(nn.Module):
    """12C5-MP2-64C5-MP2-1024FC10 of snnTorch's tutorial 6; pools act on currents, in front of the neurons."""

    def __init__(self, snntorch: Any) -> None:
        super().__init__()
        self.conv1, self.lif1 = nn.Conv2d(1, 12, 5), snntorch.Leaky(beta=0.5)
        self.conv2, self.lif2 = nn.Conv2d(12, 64, 5), snntorch.Leaky(beta=0.5)
        self.fc1, self.lif3 = nn.Linear(64 * 4 * 4, 10), snntorch.Leaky(beta=0.5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mem1, mem2, mem3 = (lif.init_leaky() for lif in (self.lif1, self.lif2, self.lif3))
        kept_spikes, kept_membranes = [], []
        for _ in range(3):
            spk1, mem1 = self.lif1(F.max_pool2d(self.conv1(x), 2), mem1)
            spk2, mem2 = self.lif2(F.max_pool2d(self.conv2(spk1), 2), mem2)
            spk3, mem3 = self.lif3(self.fc1(spk2.view(x.shape[0], -1)), mem3)
            kept_spikes.append(spk3)
            kept_membranes.append(mem3)
        return torch.stack(kept_spikes), torch.stack(kept_membranes)


@pytest.fixture
def tutorial(snntorch: Any, excite: Any) -> Any:
    return excite(Tutorial(snntorch))


def test_the_tutorial_network(tutorial: Any, sop: Any, synapses_met: Any) -> None:
    images = torch.rand(2, 1, 28, 28)
    network, spikes = h.from_torch(tutorial, images, timesteps=3)
    assert network.stages == (h.StageSpec(3),)
    assert [(la.name, la.kind, la.in_class, la.neuron) for la in network.layers] == [
        ("conv1", "conv2d", "analog", None),
        ("max_pool2d", "max_pool2d", "analog", "lif"),
        ("conv2", "conv2d", "binary", None),
        ("max_pool2d_2", "max_pool2d", "analog", "lif"),
        ("fc1", "linear", "binary", "lif"),
    ]
    assert network.layers[0].constant_input
    hand = synapses_met(tutorial, lambda: tutorial(images))
    assert sop(network, spikes) == {name: hand[name] for name in ("conv2", "fc1")}
    assert min(hand.values()) > 0
    cost = h.estimate(network, spikes, "45nm_paper_simple")
    assert cost.sop * 2 == hand["conv2"] + hand["fc1"]


def test_hidden_states_and_a_loop_around(snntorch: Any, tutorial: Any) -> None:
    hidden = [snntorch.Leaky(beta=0.5, init_hidden=True, output=k == 2) for k in range(3)]
    model = nn.Sequential(
        tutorial.conv1, nn.MaxPool2d(2), hidden[0], tutorial.conv2, nn.MaxPool2d(2), hidden[1], nn.Flatten(),
        tutorial.fc1, hidden[2],
    )  # fmt: skip
    images = torch.rand(2, 1, 28, 28)
    ours = h.from_torch(model, images, timesteps=3).spikes
    theirs = h.from_torch(tutorial, images, timesteps=3).spikes
    assert list(ours.layers.values()) == list(theirs.layers.values())


@pytest.mark.parametrize(
    ("make", "neuron", "reset", "operands"),
    [
        (lambda snn: snn.Leaky(beta=1.0), "if", "soft", ()),
        (lambda snn: snn.Leaky(beta=torch.full((3,), 0.9), reset_mechanism="zero"), "lif", "hard", ()),
        (lambda snn: snn.Lapicque(beta=0.9, threshold=0.05), "lif", "soft", ()),
        (lambda snn: snn.Synaptic(alpha=0.9, beta=0.8), "lif", "soft", (("states", 2),)),
    ],
    ids=["Leaky, beta 1", "Leaky", "Lapicque", "Synaptic"],
)
def test_neurons(
    make: Any, neuron: str, reset: str, operands: Any, snntorch: Any, events: Any, excite: Any
) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.fire = nn.Linear(4, 3), make(snntorch)

        def forward(self, x: Tensor) -> list[Tensor]:
            states: list[Any] = []
            kept = []
            for frame in x:
                spikes, *states = self.fire(self.fc(frame), *states)
                kept.append(spikes)
            return kept

    (layer,), spikes = (found := h.from_torch(excite(Net()), events(4, 2, 4))).network.layers, found.spikes
    assert (layer.neuron, layer.reset, layer.operands) == (neuron, reset, operands)
    assert sum(spikes.layers["fc"].outputs) > 0


@pytest.mark.filterwarnings("ignore:Inhibition is an unstable feature:UserWarning")
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda snn: snn.RLeaky(beta=0.9, linear_features=3), r"'1' \(RLeaky\): recurrence is not known"),
        (
            lambda snn: snn.Leaky(beta=0.9, inhibition=True, init_hidden=True),
            r"'1' \(Leaky\): inhibition=True",
        ),
        (
            lambda snn: snn.Leaky(beta=0.9, graded_spikes_factor=2.0, init_hidden=True),
            r"'1' \(Leaky\): graded_spikes_factor other than 1",
        ),
        (lambda snn: snn.Alpha(alpha=0.9, beta=0.8, init_hidden=True), r"'1' \(Alpha\)"),
    ],
    ids=["RLeaky", "inhibition", "graded", "Alpha"],
)
def test_neurons_that_are_not_known_are_refused(make: Any, expected: str, snntorch: Any, events: Any) -> None:
    with pytest.raises(h.HwcostError, match=expected):
        h.from_torch(nn.Sequential(nn.Linear(4, 3), make(snntorch)), events(2, 2, 4), loop=True)
