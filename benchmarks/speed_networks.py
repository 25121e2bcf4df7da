"""Three networks in the idiom of every library that benchmarks/training_speed.py compares.

a: VGG-like, images 3x32x32, T=4;  b: for events 2x34x34, T=8;  c: a small Spikformer, images 3x32x32, T=4. Every maker
gives (parameters, forward), where forward takes images [B, C, H, W] or frames [T, B, C, H, W] and gives logits.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.configuration import Configuration, Phase, Training
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build
from tsearch.networks.neuron import fire
from tsearch.networks.plan import Neuron

Norm = nn.BatchNorm1d
Made = tuple[nn.Module, Callable[[Tensor], Tensor]]
NEURON = Neuron(tau=2.0, reset="hard", surrogate="atan")
TIMESTEPS = {"a": 4, "b": 8, "c": 4}
SHAPES = {"a": (3, 32, 32), "b": (2, 34, 34), "c": (3, 32, 32)}
WIDTHS = {"a": (64, 64, 128, 128, 256, 256), "b": (16, 32, 64)}
POOLS = {"a": (2, 4, 6), "b": (1, 2)}
FEATURES = {"a": 256 * 4 * 4, "b": 64 * 8 * 8}
DIM, HEADS, DEPTH = 128, 8, 2


def batch(name: str, timesteps: int | None = None, samples: int = 64) -> tuple[Tensor, Tensor]:
    """Inputs and labels."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 10, (samples,), generator=generator)
    if name != "b":
        return torch.randn(samples, *SHAPES[name], generator=generator), labels
    shape = (timesteps or TIMESTEPS[name], samples, *SHAPES[name])
    return (torch.rand(shape, generator=generator) < 0.05).float(), labels


def ours(
    name: str, timesteps: int | None = None, precision: Literal["float32", "bfloat16"] = "float32"
) -> Made:
    """This package: a backbone of its own for a and b, its neuron in the Spikformer for c."""
    steps = timesteps or TIMESTEPS[name]
    if name == "c":
        former = Spikformer(partial(_our_neurons, steps), steps)
        return former, former
    configuration = Configuration(
        backbone=Vgg(widths=WIDTHS[name], pool_after=POOLS[name]),
        stages=(len(WIDTHS[name]),),
        schedule=(Phase(timesteps=(steps,), epochs=1),),
        neuron=NEURON,
        training=Training(precision=precision),
    )
    network = build(configuration, SHAPES[name], 10)
    return network, lambda x: network(x if x.dim() == 5 else x[None])


def twin(name: str, timesteps: int | None = None) -> Made:
    """The same network with ReLU at batch T * B, channels last."""
    steps = timesteps or TIMESTEPS[name]
    if name == "c":
        former = Spikformer(lambda x, norm: torch.relu(_normalised(x, norm)), steps)
        return former, lambda x: former(x, repeat=True)
    network = nn.Sequential(*_layers(name, nn, lambda: nn.ReLU(inplace=True)))
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(x: Tensor) -> Tensor:
        merged = x.flatten(0, 1) if x.dim() == 5 else x.repeat(steps, 1, 1, 1)
        merged = merged.contiguous(memory_format=torch.channels_last)
        logits: Tensor = network(merged).view(steps, -1, 10).mean(0)
        return logits

    return network, forward


def spikingjelly_multi_step(name: str) -> Made:
    return _spikingjelly(name, "m")


def spikingjelly_single_step(name: str) -> Made:
    return _spikingjelly(name, "s")


def snntorch(name: str) -> Made:
    import snntorch as library
    from snntorch import surrogate

    def neuron() -> Any:
        return library.Leaky(beta=0.5, spike_grad=surrogate.atan(), init_hidden=True, reset_mechanism="zero")

    network = PeerFormer(neuron) if name == "c" else nn.Sequential(*_layers(name, nn, neuron))

    def reset() -> None:
        for module in network.modules():
            if isinstance(module, library.Leaky):
                module.reset_mem()

    return network, _over_steps(network, name, reset)


def norse(name: str) -> Made:
    import norse.torch as library

    parameters = library.LIFBoxParameters(tau_mem_inv=torch.as_tensor(500.0))

    class Cell(nn.Module):
        """A cell that remembers its state until it is reset."""

        def __init__(self) -> None:
            super().__init__()
            self.cell, self.state = library.LIFBoxCell(parameters), None

        def forward(self, x: Tensor) -> Tensor:
            spikes, self.state = self.cell(x, self.state)
            return spikes

    network = PeerFormer(Cell) if name == "c" else nn.Sequential(*_layers(name, nn, Cell))

    def reset() -> None:
        for module in network.modules():
            if isinstance(module, Cell):
                module.state = None

    return network, _over_steps(network, name, reset)


PEERS = {
    "SpikingJelly multi-step": spikingjelly_multi_step,
    "SpikingJelly single-step": spikingjelly_single_step,
    "snnTorch": snntorch,
    "Norse": norse,
}


class Spikformer(nn.Module):
    """Rows of tokens [T, B * N, C] all the way; the embedding runs once, q, k and v are one product, and products run
    as convolutions 1x1, channels last: 15 to 25 % faster than linear layers of the same shape where oneDNN beats the
    BLAS."""

    def __init__(self, activation: Callable[[Tensor, Norm | None], Tensor], timesteps: int) -> None:
        super().__init__()
        self.activation, self.timesteps = activation, timesteps
        self.embed, self.norm = nn.Conv2d(3, DIM, 4, stride=4, bias=False), nn.BatchNorm1d(DIM)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "qkv": _pointwise(DIM, 3 * DIM),
                    "out": _pointwise(DIM, DIM),
                    "wide": _pointwise(DIM, 4 * DIM),
                    "narrow": _pointwise(4 * DIM, DIM),
                }
            )
            for _ in range(DEPTH)
        )
        self.head = nn.Linear(DIM, 10)

    def forward(self, images: Tensor, repeat: bool = False) -> Tensor:
        if repeat:
            images = images.repeat(self.timesteps, 1, 1, 1)
        maps = self.embed(images)
        n_tokens = maps.shape[2] * maps.shape[3]
        rows = maps.permute(0, 2, 3, 1).reshape(self.timesteps if repeat else 1, -1, DIM)
        x = self.activation(rows, self.norm)
        for block in self.blocks:
            qkv = self._fired(block["qkv"], x).view(-1, n_tokens, 3, HEADS, DIM // HEADS)
            q, k, v = qkv.permute(2, 0, 3, 1, 4).contiguous()
            mixed = q @ (k.transpose(-2, -1) @ v * 0.125)
            mixed = self.activation(mixed.transpose(1, 2).reshape(x.shape), None)
            x = x + self._fired(block["out"], mixed)
            x = x + self._fired(block["narrow"], self._fired(block["wide"], x))
        logits: Tensor = self.head(x.view(self.timesteps, -1, n_tokens, DIM).mean((0, 2)))
        return logits

    def _fired(self, layer: nn.Module, x: Tensor) -> Tensor:
        maps = layer["product"](x.view(-1, 8, 8, x.shape[2]).permute(0, 3, 1, 2))  # type: ignore[index]
        return self.activation(maps.permute(0, 2, 3, 1).reshape(*x.shape[:2], -1), layer["norm"])  # type: ignore[index]


def _pointwise(n_in: int, n_out: int) -> nn.ModuleDict:
    return nn.ModuleDict({"product": nn.Conv2d(n_in, n_out, 1, bias=False), "norm": nn.BatchNorm1d(n_out)})


def _our_neurons(timesteps: int, x: Tensor, norm: Norm | None) -> Tensor:
    if norm is not None and norm.training:
        return fire(x, timesteps, NEURON, norm=norm)
    return fire(_normalised(x, norm), timesteps, NEURON)


def _normalised(x: Tensor, norm: Norm | None) -> Tensor:
    if norm is None:
        return x
    rows: Tensor = norm(x.flatten(0, 1))
    return rows.view(x.shape)


class PeerFormer(nn.Module):
    """The same Spikformer with stateful neurons as modules, q, k and v apart; `sees_time`: neurons take [T, ...]."""

    def __init__(self, neuron: Callable[[], nn.Module], timesteps: int = 1, sees_time: bool = False) -> None:
        super().__init__()
        self.timesteps, self.sees_time = timesteps, sees_time
        self.embed, self.norm, self.first = (
            nn.Conv2d(3, DIM, 4, stride=4, bias=False),
            nn.BatchNorm1d(DIM),
            neuron(),
        )
        sizes = {"q": (DIM, DIM), "k": (DIM, DIM), "v": (DIM, DIM), "out": (DIM, DIM)}
        sizes |= {"wide": (DIM, 4 * DIM), "narrow": (4 * DIM, DIM)}
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {name: nn.ModuleList([_projection(*size), neuron()]) for name, size in sizes.items()}
                | {"mixed": neuron()}
            )
            for _ in range(DEPTH)
        )
        self.head = nn.Linear(DIM, 10)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.embed(images)
        n_tokens = maps.shape[2] * maps.shape[3]
        x = self._neurons(self.first, self.norm(maps.permute(0, 2, 3, 1).reshape(-1, DIM)))
        for block in self.blocks:
            q, k, v = (
                self._fired(block[name], x).view(-1, n_tokens, HEADS, DIM // HEADS).transpose(1, 2)
                for name in "qkv"
            )
            mixed = (q @ (k.transpose(-2, -1) @ v)) * 0.125
            mixed = self._neurons(block["mixed"], mixed.transpose(1, 2).reshape(-1, DIM))
            x = x + self._fired(block["out"], mixed)
            x = x + self._fired(block["narrow"], self._fired(block["wide"], x))
        logits: Tensor = self.head(x.view(-1, n_tokens, DIM).mean(1))
        return logits.view(self.timesteps, -1, 10) if self.sees_time else logits

    def _fired(self, layer: Any, x: Tensor) -> Tensor:
        projection, neuron = layer
        return self._neurons(neuron, projection(x))

    def _neurons(self, neuron: nn.Module, x: Tensor) -> Tensor:
        if self.sees_time:
            return neuron(x.view(self.timesteps, -1, x.shape[-1])).view(x.shape)
        return neuron(x)


def _spikingjelly(name: str, mode: str) -> Made:
    from spikingjelly.activation_based import functional as states
    from spikingjelly.activation_based import layer, surrogate
    from spikingjelly.activation_based import neuron as neurons

    steps = TIMESTEPS[name]

    def neuron() -> Any:
        return neurons.LIFNode(tau=2.0, surrogate_function=surrogate.ATan(), step_mode=mode)

    if name == "c":
        network: nn.Module = PeerFormer(neuron, steps, sees_time=True) if mode == "m" else PeerFormer(neuron)
    else:
        network = nn.Sequential(*_layers(name, layer, neuron))
        states.set_step_mode(network, mode)
    if mode == "s":
        return network, _over_steps(network, name, lambda: states.reset_net(network))

    def forward(x: Tensor) -> Tensor:
        frames = x if x.dim() == 5 else x.expand(steps, *x.shape)
        logits: Tensor = network(frames.flatten(0, 1) if name == "c" else frames).mean(0)
        states.reset_net(network)
        return logits

    return network, forward


def _over_steps(network: nn.Module, name: str, reset: Callable[[], None]) -> Callable[[Tensor], Tensor]:
    """The loop over timesteps that single-step libraries leave to their users."""

    def forward(x: Tensor) -> Tensor:
        reset()
        frames: Iterable[Tensor] = x if x.dim() == 5 else [x] * TIMESTEPS[name]
        logits = torch.stack([network(frame) for frame in frames]).mean(0)
        reset()
        return logits

    return forward


def _layers(name: str, library: Any, activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Convolutions, normalisations, activations and pools of a or b, from `library`'s classes."""
    layers: list[nn.Module] = []
    channels = SHAPES[name][0]
    for block, width in enumerate(WIDTHS[name], start=1):
        convolution = library.Conv2d(channels, width, 3, padding=1, bias=False)
        layers += [convolution, library.BatchNorm2d(width), activation()]
        if block in POOLS[name]:
            layers.append(library.AvgPool2d(2))
        channels = width
    return [*layers, library.Flatten(), library.Linear(FEATURES[name], 10)]


def _projection(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out))


def loss_of(forward: Callable[[Tensor], Tensor], inputs: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy."""
    return functional.cross_entropy(forward(inputs), labels)
