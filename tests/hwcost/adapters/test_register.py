"""`register` teaches what is not known."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import hwcost as h


class Gain(nn.Module):
    """A weight per input: not known."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Separable(nn.Module):
    """A depthwise and a pointwise convolution in one function."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.point = nn.Conv2d(2, 2, 3, groups=2), nn.Conv2d(2, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.point(self.depth(x).exp().log())


def test_the_line_of_the_message_teaches(events: Any) -> None:
    class Own(Gain):
        pass

    model, batch = nn.Sequential(Own(4), nn.Linear(4, 3)), events(2, 2, 4)
    with pytest.raises(h.HwcostError, match=r"hwcost\.register\(Own, lambda module, in_shape, out_shape: "):
        h.from_torch(model, batch)
    h.register(Own, lambda module, in_shape, out_shape: {"kind": "linear"})  # noqa: ARG005
    assert [layer.name for layer in h.from_torch(model, batch).network.layers] == ["0", "1"]


def test_a_module_can_pass_on_what_it_gets_and_subclasses_follow(events: Any) -> None:
    class Nothing(Gain):
        pass

    class Less(Nothing):
        pass

    h.register(Nothing, lambda *_: {})
    batch = events(2, 2, 4)
    plain = h.from_torch(nn.Sequential(nn.Identity(), nn.Linear(4, 3)), batch)
    assert h.from_torch(nn.Sequential(Less(4), nn.Linear(4, 3)), batch).network == plain.network


def test_a_module_can_be_several_layers(events: Any, neuron: Any) -> None:
    def rule(module: Any, in_shape: Any, out_shape: Any) -> list[dict[str, Any]]:
        shape = module.depth(torch.zeros(1, *in_shape)).shape[1:]
        first = {"kind": "conv2d", "kernel": (3, 3), "groups": 2, "bias": True, "out_shape": tuple(shape)}
        return [first, {"kind": "conv2d", "kernel": (1, 1), "bias": True, "out_shape": out_shape}]

    h.register(Separable, rule)
    network, spikes = h.from_torch(nn.Sequential(Separable(), neuron()), events(2, 2, 2, 6, 6))
    assert network.layers == (
        h.conv("0.0", (2, 6, 6), 2, 3, groups=2, bias=True),
        h.conv("0.1", (2, 4, 4), 4, 1, bias=True, in_class="analog", neuron="if"),
    )
    assert h.estimate(network, spikes, "45nm_memory").total_pj > 0


def test_neurons_that_run_all_timesteps_in_one_call(events: Any, neuron: Any, excite: Any) -> None:
    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = neuron()

        def forward(self, x: Tensor) -> Tensor:
            self.cell.reset()
            return torch.stack([self.cell(frame) for frame in x])

    h.register(Whole, lambda *_: {"neuron": "if", "multi_step": True})
    linear, batch = excite(nn.Linear(4, 3)), events(5, 2, 4)
    expected = h.from_torch(nn.Sequential(linear, neuron()), batch)
    assert h.from_torch(nn.Sequential(linear, Whole()), batch) == expected


def test_only_classes_are_taught() -> None:
    with pytest.raises(h.HwcostError, match="a class of modules expected, got 'Linear'"):
        h.register("Linear", lambda *_: {})  # type: ignore[arg-type]


def test_an_empty_rule_was_taken_without_a_word() -> None:
    for rule in ({}, [], None, "lif"):
        with pytest.raises(
            h.HwcostError, match="the rule of Gain must be fields of a LayerSpec or a function"
        ):
            h.register(Gain, rule)  # type: ignore[arg-type]


@pytest.mark.parametrize("own", [nn.ReLU, Gain])
def test_an_empty_rule_made_the_next_layer_read_numbers(own: Any, events: Any) -> None:
    """A subclass, so that other tests know nothing of the rule."""

    class Own(own):  # type: ignore[misc]
        pass

    h.register(Own, lambda *_: {})
    layer = Own(inplace=True) if own is nn.ReLU else Own(3)
    if own is Gain:
        layer.weight.data *= 2
    expected = (
        "It is a conventional activation" if own is nn.ReLU else "but it changes the values; teach what it is"
    )
    with pytest.raises(h.HwcostError, match=rf"'1' \(Own\) has a rule of \{{\}}.*{expected}"):
        h.from_torch(nn.Sequential(nn.Linear(4, 3), layer, nn.Linear(3, 2)), events(2, 2, 4))


def test_fields_that_are_always_the_same_need_no_function(events: Any) -> None:
    class Spike(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x > 0).float()

    h.register(Spike, {"neuron": "if", "reset": "hard"})
    layer = h.from_torch(nn.Sequential(nn.Linear(4, 3), Spike()), events(2, 2, 4)).network.layers[0]
    assert (layer.neuron, layer.reset) == ("if", "hard")
