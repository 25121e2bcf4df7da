"""What is not known is refused by name, never left out."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import hwcost as h


class Between(nn.Module):
    """conv - neurons - a function - linear."""

    def __init__(self, neuron: type[nn.Module], function: Callable[[Tensor, nn.Module], Tensor]) -> None:
        super().__init__()
        self.conv, self.fire, self.fc = nn.Conv2d(1, 2, 3, padding=1), neuron(), nn.LazyLinear(3)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.function(self.fire(self.conv(x)), self))


class Threshold(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ARG004
        return (x > 0).float()


FUNCTIONS: dict[str, tuple[Callable[[Tensor, Any], Tensor], str]] = {
    "matmul": (lambda x, _: (x @ x).flatten(1), r"calls matmul\(\), which is not known"),
    "attention": (
        lambda x, _: F.scaled_dot_product_attention(x, x, x).flatten(1),
        "scaled_dot_product_attention",
    ),
    "einsum": (lambda x, _: torch.einsum("bchw,bchw->bc", x, x), r"calls einsum\(\)"),
    "upsample": (
        lambda x, _: F.interpolate(x, scale_factor=2).flatten(1),
        r"interpolate\(\).* module of its own .*hwcost\.register\(",
    ),
    "gelu": (lambda x, _: F.gelu(x).flatten(1), r"calls gelu\(\).* conventional activation"),
    "cat": (
        lambda x, m: torch.cat([x, m.conv(x[:, :1])], 1).flatten(1),
        r"'conv' \(Conv2d\) reads \(1, 4, 4\) at a time",
    ),
    "crop": (lambda x, _: x[:, :, 1:].flatten(1), r"'fc' \(Linear\) reads \(24,\) at a time"),
    "shuffle": (lambda x, _: x.flip(1).flatten(1), "cut or in another order"),
    "mean": (lambda x, _: x.mean(dim=(2, 3)), r"reads the result of mean\(\), which is known at the end"),
    "bias": (lambda x, _: (x + 0.5).flatten(1), r"reads the result of add\(\) in 'forward' \(Between\)"),
    "offset": (lambda x, _: (x - 0.5).flatten(1), r"calls sub\(\)"),
    "write": (lambda x, _: _written(x), r"calls __setitem__\(\)"),
    "custom": (lambda x, _: Threshold.apply(x).flatten(1), r"calls gt\(\)"),
    "numpy": (
        lambda x, _: torch.from_numpy(x.numpy()).flatten(1),
        r"'fc' \(Linear\) reads a tensor that no layer gave",
    ),
    "again": (lambda x, m: m.conv(x[:, :1].contiguous()).flatten(1), r"reads \(1, 4, 4\) at a time"),
    "per token": (lambda x, _: x, r"reads \(4,\) at a time, but 'fire' gives 32 numbers"),
}


def _written(x: Tensor) -> Tensor:
    x[:, 0] = 0
    return x.flatten(1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_is_not_known_is_refused(name: str, neuron: Any, events: Any) -> None:
    function, expected = FUNCTIONS[name]
    model, batch = Between(neuron, function), events(2, 2, 1, 4, 4)
    if name == "per token":
        model.fc = nn.Linear(4, 3)
    model(batch[0])  # the model itself works
    model.fire.reset()
    with pytest.raises(h.HwcostError, match=expected) as refused:
        h.from_torch(model, batch)
    assert "\n" not in str(refused.value)


MODULES = {
    "Upsample": nn.Upsample(scale_factor=2),
    "GELU": nn.GELU(),
    "ReLU": nn.ReLU(),
    "LSTM": nn.LSTM(3, 3),
    "AdaptiveAvgPool2d": nn.AdaptiveAvgPool2d(4),
    "MaxPool2d": nn.MaxPool2d(2, ceil_mode=True),
    "AvgPool2d": nn.AvgPool2d(3, padding=1, count_include_pad=False),
    "GroupNorm": nn.GroupNorm(1, 2),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_not_known_is_refused_by_name(name: str, events: Any) -> None:
    model = nn.Sequential(nn.Linear(3, 3) if name == "LSTM" else nn.Conv2d(1, 2, 1), MODULES[name])
    batch = events(2, 2, 3) if name == "LSTM" else events(2, 2, 1, 5, 5)
    with pytest.raises(h.HwcostError, match=rf"'1' \({name}\)"):
        h.from_torch(model, batch)


class Recurrent(nn.Module):
    """Spikes of the timestep before come back."""

    def __init__(self, neuron: type[nn.Module]) -> None:
        super().__init__()
        self.fc, self.back, self.fire = nn.Linear(4, 3), nn.Linear(3, 3), neuron()

    def forward(self, x: Tensor) -> None:
        before = torch.zeros(x.shape[1], 3)
        for t in range(len(x)):
            before = self.fire(self.fc(x[t]) + self.back(before))


class Late(Recurrent):
    def forward(self, x: Tensor) -> None:
        spikes = [self.fire(self.fc(frame)) for frame in x]
        for t in range(len(x)):
            self.back(spikes[t - 1])


def test_recurrence_and_delays_are_refused(neuron: Any, events: Any) -> None:
    with pytest.raises(
        h.HwcostError, match=r"'back' \(Linear\) reads a tensor that no layer gave .* recurrence"
    ):
        h.from_torch(Recurrent(neuron), events(3, 2, 4))
    with pytest.raises(
        h.HwcostError, match=r"'back' reads timestep 2 of 'fire' at its own timestep 0; delays"
    ):
        h.from_torch(Late(neuron), events(3, 2, 4))


def test_weights_that_are_used_twice_are_refused(neuron: Any, events: Any) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.fire, self.again = nn.Linear(4, 4), neuron(), neuron()

        def forward(self, x: Tensor) -> Tensor:
            return self.again(self.fc(self.fire(self.fc(x))))

    with pytest.raises(h.HwcostError, match=r"'fc' is used a second time on other inputs; shared weights"):
        h.from_torch(Twice(), events(3, 2, 4))


def test_numbers_that_are_no_events_are_refused(events: Any) -> None:
    class Loud(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 3 * (x > 0).float()

    h.register(Loud, lambda *_: {"neuron": "if"})
    with pytest.raises(h.HwcostError, match=r"the output of '1' \(Loud\) is not binary: it holds 3"):
        h.from_torch(nn.Sequential(nn.Linear(4, 3), Loud()), events(3, 2, 4, rate=0.9))


def test_a_network_that_depends_on_its_samples_is_refused() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.more = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x) if float(x.sum()) > 0 else self.more(x)

    batch = torch.stack([torch.ones(2, 4), torch.zeros(2, 4)], dim=1)
    with pytest.raises(h.HwcostError, match="the network depends on the samples"):
        h.from_torch(Gated(), batch, samples_at_once=1)


def test_nothing_to_price_and_broken_numbers_are_refused() -> None:
    with pytest.raises(h.HwcostError, match="no layer that is known"):
        h.from_torch(nn.Identity(), torch.zeros(2, 1, 3))
    with pytest.raises(h.HwcostError, match="not finite"):
        h.from_torch(nn.Linear(3, 2), torch.full((2, 1, 3), float("nan")))
    with pytest.raises(h.HwcostError, match=r"\(2, 0, 3\) holds nothing"):
        h.from_torch(nn.Linear(3, 2), torch.zeros(2, 0, 3))
    with pytest.raises(h.HwcostError, match=r"a torch\.nn\.Module expected, got function"):
        h.from_torch(lambda x: x, torch.zeros(2, 1, 3))  # type: ignore[arg-type]


def test_the_input_cannot_be_added_to_a_current_as_spikes(neuron: Any, events: Any) -> None:
    class Skip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.fire = nn.Linear(4, 4), neuron()

        def forward(self, x: Tensor) -> Tensor:
            return self.fire(self.fc(x) + x)

    with pytest.raises(
        h.HwcostError, match=r"add\(\) in 'forward' \(Skip\) adds the network's input to numbers"
    ):
        h.from_torch(Skip(), events(3, 2, 4))
    network, _ = h.from_torch(Skip(), torch.rand(3, 2, 4))  # numbers can be added to numbers
    assert (network.layers[1].source, network.layers[1].other_source) == ("input", "fc")


def test_scripted_modules_are_refused(neuron: Any, events: Any) -> None:
    with warnings.catch_warnings(action="ignore"):
        scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 3), nn.Flatten()))
    with pytest.raises(h.HwcostError, match=r"'2' \(RecursiveScriptModule\) is compiled"):
        h.from_torch(
            nn.Sequential(nn.Linear(4, 3), neuron(), scripted, nn.Linear(3, 2)), events(3, 2, 4), loop=True
        )


class Rate(nn.Module):
    """Leaky neurons that are written out in forward."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        v, spikes = torch.zeros(x.shape[1], 3), []
        for frame in x:
            v = 0.5 * v + self.fc(frame)
            spikes.append((v > 1).float())
            v = v * (v <= 1)
        return torch.stack(spikes)


def test_a_neuron_written_out_in_forward_was_refused_without_a_way_out(events: Any) -> None:
    told = r"'forward' \(Rate\) calls gt\(\).* module of its own, .*hwcost\.register\(Mine, \{\"neuron\": \"lif\""
    with pytest.raises(h.HwcostError, match=told):
        h.from_torch(Rate(), events(3, 2, 4))


@pytest.mark.parametrize("spike", [torch.sign, lambda x: torch.heaviside(x, x), lambda x: x >= 0])
def test_a_module_of_neurons_is_told_the_line_that_teaches_it(spike: Any, events: Any) -> None:
    class Own(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return spike(x).float()  # type: ignore[no-any-return]

    with pytest.raises(
        h.HwcostError, match=r"'1' \(Own\) calls .*hwcost\.register\(Own, \{\"neuron\""
    ) as refused:
        h.from_torch(nn.Sequential(nn.Linear(4, 3), Own()), events(3, 2, 4))
    line = str(refused.value).split("teach it: ")[1]
    exec(line, {"hwcost": h, "Own": Own})
    if spike is not torch.sign:
        assert (
            h.from_torch(nn.Sequential(nn.Linear(4, 3), Own()), events(3, 2, 4)).network.layers[0].neuron
            == "lif"
        )


ACTIVATIONS = [
    nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6(), nn.LeakyReLU(), nn.PReLU(), nn.ELU(), nn.SELU(), nn.GELU(),
    nn.SiLU(), nn.Mish(), nn.Sigmoid(), nn.Tanh(), nn.Hardtanh(), nn.Softplus(), nn.Softsign(), nn.Hardswish(),
    nn.Hardsigmoid(), nn.CELU(), nn.LogSigmoid(),
]  # fmt: skip


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_a_conventional_network_was_refused_without_a_way_out(activation: nn.Module, events: Any) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), activation, nn.Flatten(), nn.Linear(18, 3))
    expected = r"'1' \(\w+\) calls .* a conventional activation, not a spiking neuron; hwcost prices .*ann_twins prices"
    with pytest.raises(h.HwcostError, match=expected):
        h.from_torch(model, events(2, 2, 1, 5, 5))


def test_layers_joined_are_sent_to_a_description_by_hand(events: Any, neuron: Any) -> None:
    class Join(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.fc = nn.Linear(4, 3), nn.Linear(4, 3), nn.Linear(6, 2)
            self.fire, self.also = neuron(), neuron()

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(torch.cat([self.fire(self.a(x)), self.also(self.b(x))], -1))  # type: ignore[no-any-return]

    with pytest.raises(
        h.HwcostError, match=r"cat\(\) of several tensors \(by hand: a LayerSpec of kind 'concat'\)"
    ):
        h.from_torch(Join(), events(2, 2, 4))
