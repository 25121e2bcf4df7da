"""Norse 1.1: the convolutional network of its model zoo, cells and layers, states that are passed on."""

from typing import Any

import pytest
from torch import nn

import hwcost as h


@pytest.mark.usefixtures("norse")
def test_the_convolutional_network(events: Any, excite: Any, sop: Any, synapses_met: Any) -> None:
    """`norse.torch.models.conv.ConvNet`: 20C5-LIF-MP2-50C5-LIF-MP2-500FC-LIF-10LI, currents of conv2 times 10."""
    from norse.torch.models.conv import ConvNet

    model, batch = excite(ConvNet(), gain=30.0), events(3, 2, 1, 28, 28)
    network, spikes = h.from_torch(model, batch)
    assert [(la.name, la.kind, la.neuron, la.reset) for la in network.layers] == [
        ("conv1", "conv2d", "lif", "hard"),
        ("max_pool2d", "max_pool2d", None, "soft"),
        ("conv2", "conv2d", "lif", "hard"),
        ("max_pool2d_2", "max_pool2d", None, "soft"),
        ("fc1", "linear", "lif", "hard"),
        ("out", "linear", None, "soft"),
    ]
    assert network.layers[0].operands == (("states", 2),)
    hand = synapses_met(model, lambda: model(batch))
    met = sop(network, spikes)
    assert {name: met[name] for name in hand} == hand
    assert met["out"] == 10 * sum(spikes.layers["fc1"].outputs) > 0


def test_cells_in_a_sequential_get_their_states_back(norse: Any, events: Any, excite: Any) -> None:
    conv, fc = nn.Conv2d(1, 4, 5), nn.Linear(576, 5)
    cells = excite(norse.SequentialState(
        conv, norse.LIFCell(), nn.MaxPool2d(2), nn.Flatten(), fc, norse.LIFBoxCell(), norse.LICell()
    ), gain=30.0)  # fmt: skip
    layers = norse.SequentialState(
        norse.Lift(conv), norse.LIF(), norse.Lift(nn.MaxPool2d(2)), nn.Flatten(2), fc, norse.Lift(norse.LIFBoxCell())
    )  # fmt: skip
    batch = events(4, 2, 1, 28, 28)
    found, lifted = h.from_torch(cells, batch), h.from_torch(layers, batch)
    assert [layer.kind for layer in found.network.layers] == ["conv2d", "max_pool2d", "linear"]
    assert list(found.spikes.layers.values()) == list(lifted.spikes.layers.values())
    assert sum(found.spikes.layers["4"].outputs) > 0


@pytest.mark.parametrize("name", ["LIFRecurrentCell", "LSNNCell", "LIFAdExCell"])
def test_neurons_that_are_not_known_are_refused(name: str, norse: Any, events: Any) -> None:
    cell = getattr(norse, name)(*((3, 3) if "Recurrent" in name else ()))
    model = norse.SequentialState(nn.Linear(4, 3), cell)
    with pytest.raises(h.HwcostError, match=rf"'1' \({name}\)"):
        h.from_torch(model, events(2, 2, 4), loop=True)
