"""SpikingJelly 2.0: networks of its model zoo; synaptic operations equal those of its own counter."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

import hwcost as h


def counted(peer: SimpleNamespace, model: nn.Module, run: Callable[[], Any]) -> int:
    """Synaptic operations that SpikingJelly counts itself."""
    counter = peer.op_counter.SynOpCounter()
    model.eval()
    peer.functional.reset_net(model)
    with torch.no_grad(), peer.op_counter.DispatchCounterMode([counter]):
        run()
    peer.functional.reset_net(model)
    return int(counter.get_total())


def test_the_gesture_net_of_the_plif_paper_costs_what_its_own_counter_says(
    spikingjelly: SimpleNamespace, events: Any, excite: Any, sop: Any, synapses_met: Any
) -> None:
    """Fang et al., ICCV 2021: 128C3-BN-PLIF-MP2 five times, with fewer channels here."""
    made = spikingjelly.models.plif.DVSGestureNet(
        channels=4, spiking_neuron=spikingjelly.neuron.ParametricLIFNode, init_tau=2.0
    )
    model = excite(made)
    spikingjelly.functional.set_step_mode(model, "m")
    batch = events(2, 2, 2, 128, 128, rate=0.05)
    network, spikes = h.from_torch(model, batch)
    by_layer = sop(network, spikes)
    cost = h.estimate(network, spikes, "45nm_paper_simple")
    assert cost.sop * 2 == sum(by_layer.values()) == counted(spikingjelly, model, lambda: model(batch))
    hand = synapses_met(model, lambda: model(batch))
    assert by_layer == hand
    assert min(hand.values()) > 0
    kinds = [layer.kind for layer in network.layers]
    assert kinds == ["conv2d", "max_pool2d"] * 5 + ["linear", "linear", "avg_pool1d"]
    assert [layer.neuron for layer in network.layers if layer.kind != "max_pool2d"] == ["lif"] * 7 + [None]
    assert all(layer.bias for layer in network.layers if layer.kind == "conv2d")  # BatchNorm


@pytest.mark.parametrize("connection", ["ADD", "AND", "IAND"])
def test_sew_resnet18(
    spikingjelly: SimpleNamespace, events: Any, excite: Any, sop: Any, synapses_met: Any, connection: str
) -> None:
    """Fang et al., NeurIPS 2021. Where sums are graded, SpikingJelly counts no synaptic operations (it takes them for
    numbers), so the count by hand stands for it."""
    made = spikingjelly.models.sew.sew_resnet18(
        cnf=connection, spiking_neuron=spikingjelly.neuron.IFNode, num_classes=5
    )
    model = excite(made, gain=1.0)
    spikingjelly.functional.set_step_mode(model, "m")
    batch = events(2, 1, 3, 32, 32)
    network, spikes = h.from_torch(model, batch)
    by_layer = sop(network, spikes)
    hand = synapses_met(model, lambda: model(batch))
    assert {name.removesuffix(".0"): n for name, n in hand.items()} == {
        name.removesuffix(".0"): n for name, n in by_layer.items()
    }
    spikingjelly.functional.reset_net(model)
    sums = [layer for layer in network.layers if layer.kind.startswith("sew")]
    assert [layer.kind for layer in sums] == [f"sew_{connection.lower()}"] * 8
    binary = sum(n for name, n in by_layer.items() if network.layer(name).in_class == "binary")
    assert binary == counted(spikingjelly, model, lambda: model(batch)) > 0
    if connection == "ADD":
        assert [layer.in_max for layer in network.layers if layer.name.endswith("0.conv1")] == [1, 3, 3, 3]
        assert binary < sum(by_layer.values())
    else:
        assert binary == sum(by_layer.values())


def test_averaged_spikes_are_events_here_and_numbers_to_the_other_counter(
    spikingjelly: Any, events: Any, excite: Any, sop: Any, synapses_met: Any
) -> None:
    layer = spikingjelly.layer
    model = excite(nn.Sequential(
        layer.Conv2d(2, 4, 3), spikingjelly.neuron.IFNode(), layer.AvgPool2d(2), layer.Flatten(), layer.Linear(196, 5)
    ))  # fmt: skip
    spikingjelly.functional.set_step_mode(model, "m")
    batch = events(3, 2, 2, 16, 16)
    met = sop(*h.from_torch(model, batch))
    assert met["0"] == counted(spikingjelly, model, lambda: model(batch))
    assert met == synapses_met(model, lambda: model(batch))
    assert met["4"] > 0


def test_single_step_models_are_called_once_per_timestep(spikingjelly: Any, events: Any, excite: Any) -> None:
    made = spikingjelly.models.sew.sew_resnet18(
        cnf="ADD", spiking_neuron=spikingjelly.neuron.LIFNode, num_classes=5
    )
    model, batch = excite(made, gain=1.0), events(3, 2, 3, 32, 32)
    by_step = h.from_torch(model, batch)
    spikingjelly.functional.set_step_mode(model, "m")
    assert h.from_torch(model, batch) == by_step


def test_neurons_that_take_samples_for_timesteps_are_refused(spikingjelly: Any, events: Any) -> None:
    model = nn.Sequential(nn.Linear(4, 3), spikingjelly.neuron.IFNode(step_mode="m"))
    with pytest.raises(
        h.HwcostError, match=r"'1' \(IFNode\) takes its first dimension as time, but of \(2, 3\)"
    ):
        h.from_torch(model, events(3, 2, 4), loop=True)
    with pytest.raises(h.HwcostError, match=r"'1' \(IFNode\) takes its first dimension as time"):
        h.from_torch(model, torch.rand(2, 4), timesteps=3)
    assert h.from_torch(model, events(3, 2, 4)).network.stages == (h.StageSpec(3),)


@pytest.mark.parametrize("name", ["LinearRecurrentContainer", "ElementWiseRecurrentContainer"])
def test_recurrent_containers_are_refused(name: str, spikingjelly: Any, events: Any) -> None:
    cell = spikingjelly.neuron.IFNode(step_mode="s")
    container = getattr(spikingjelly.layer, name)
    module = container(cell, 3, 3) if name.startswith("L") else container(cell, lambda x, y: x + y)
    with pytest.raises(h.HwcostError, match=rf"'1' \({name}\): recurrence is not known"):
        h.from_torch(nn.Sequential(nn.Linear(4, 3), module), events(3, 2, 4), loop=True)


def test_ms_resnet_adds_numbers_and_its_neurons_stand_alone(
    spikingjelly: Any, excite: Any, sop: Any, synapses_met: Any
) -> None:
    """Hu et al., TNNLS 2024: the sum of currents goes to the next block's neurons and to its shortcut."""
    model = excite(
        spikingjelly.models.ms.MSResNet(T=3, layers=(2, 1, 1), base_channels=4, num_classes=5), gain=1.0
    )
    images = torch.rand(2, 3, 32, 32)
    network, spikes = h.from_torch(model, images, timesteps=3)
    shortcuts = [layer for layer in network.layers if layer.kind == "membrane_shortcut"]
    alone = [layer for layer in network.layers if layer.kind == "neurons"]
    assert len(shortcuts) == len(alone) == 4
    assert shortcuts[-1].neuron == "lif"  # what only neurons read has them itself
    assert network.layers[0].constant_input
    hand = synapses_met(model, lambda: model(images))
    by_layer = sop(network, spikes)
    assert by_layer == {name: hand[name] for name in by_layer}
    analog = {layer.name for layer in network.layers if layer.is_analog and layer.kind == "conv2d"}
    assert set(hand) - set(by_layer) == analog
    assert sum(by_layer.values()) > 0


def test_one_network_on_three_chips(spikingjelly: Any, events: Any, excite: Any) -> None:
    """The lines that the README shows; weights are quantised to 8 bits."""
    layer, neuron = spikingjelly.layer, spikingjelly.neuron
    model = excite(nn.Sequential(
        layer.Conv2d(2, 8, 3, stride=2, padding=1), neuron.LIFNode(), layer.Flatten(),
        layer.Linear(512, 10), neuron.LIFNode(),
    ))  # fmt: skip
    spikingjelly.functional.set_step_mode(model, "m")
    readme = Path(__file__).resolve().parents[3] / "README.md"
    lines = readme.read_text().split("## Any network, any chip")[1].split("```python\n")[1].split("```")[0]
    shown: dict[str, Any] = {"model": model, "frames": events(4, 2, 2, 16, 16)}
    exec(lines, shown)
    costs = list(shown["costs"].values())
    assert len({cost.sop for cost in costs}) == 1
    assert len({cost.total_pj for cost in costs}) == 3
    assert min(sum(cost.cores.values()) for cost in costs) >= 1


def test_containers_and_soft_resets(spikingjelly: Any, events: Any, excite: Any) -> None:
    layer, neuron = spikingjelly.layer, spikingjelly.neuron
    model = nn.Sequential(
        layer.SeqToANNContainer(nn.Conv2d(2, 4, 3, stride=2), nn.BatchNorm2d(4)),
        neuron.LIFNode(step_mode="m", v_reset=None),
        layer.MultiStepContainer(nn.AvgPool2d(2), nn.Flatten()),
        layer.SeqToANNContainer(nn.Linear(36, 5)),
        neuron.IFNode(step_mode="m"),
    )
    network, _ = h.from_torch(excite(model), events(3, 2, 2, 15, 15))
    assert [(la.kind, la.neuron, la.reset) for la in network.layers] == [
        ("conv2d", "lif", "soft"),
        ("avg_pool2d", None, "soft"),
        ("linear", "if", "hard"),
    ]
    assert (network.layers[2].in_class, network.layers[2].in_max) == ("graded", 4)


def test_neurons_that_are_not_known_are_refused_by_name(spikingjelly: Any, events: Any) -> None:
    model = nn.Sequential(nn.Linear(4, 3), spikingjelly.neuron.IzhikevichNode())
    with pytest.raises(h.HwcostError, match=r"'1' \(IzhikevichNode\).*hwcost\.register\(IzhikevichNode, "):
        h.from_torch(model, events(2, 1, 4))
