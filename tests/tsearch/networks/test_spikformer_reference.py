"""Spikformer against a second implementation, written from its description: tokens as rows, linear layers, neurons
that divide their currents by tau = 2 and fire at 1, those behind an attention at .5."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tsearch.configuration import Configuration, Phase
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.plan import Neuron

OF_RELEASED_CODE = Neuron(tau=2.0, threshold=2.0, reset="hard", surrogate="sigmoid")
T = 4
STATIC = Spikformer(width=32, layers=2, heads=4), (3, 16, 16), True
EVENTS = Spikformer(
    width=16, layers=2, heads=2, pools=(1, 2, 3, 4), attention_scale=0.5, biases="without_qkv", mlp_ratio=2
), (2, 32, 32), False  # fmt: skip


class Spike(torch.autograd.Function):
    """Heaviside step; its derivative is that of a sigmoid of slope 4."""

    @staticmethod
    def forward(ctx, distance):
        ctx.save_for_backward(distance)
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx, grad):
        (distance,) = ctx.saved_tensors
        value = (4 * distance).sigmoid()
        return grad * 4 * value * (1 - value)


def lif(current: Tensor, threshold: float = 1.0) -> Tensor:
    """`current` [T, ...]: v + (x - v) / 2, hard reset, which passes no gradient."""
    voltage, spikes = torch.zeros_like(current[0]), []
    for x in current:
        charged = voltage + (x - voltage) / 2
        spikes.append(Spike.apply(charged - threshold))
        voltage = charged * (1 - spikes[-1].detach())
    return torch.stack(spikes)


class Conv(nn.Module):
    """3x3 without bias, BatchNorm, neurons."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        current = self.norm(self.layer(x.flatten(0, 1)))
        return lif(current.unflatten(0, x.shape[:2]))


class Linear(nn.Module):
    """Linear layer of the channels of tokens [T, B, N, D], BatchNorm, neurons."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, outputs, bias=bias)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        rows = self.layer(x).flatten(0, 1)
        current = self.norm(rows.transpose(1, 2)).transpose(1, 2)
        return lif(current.unflatten(0, x.shape[:2]))


class Attention(nn.Module):
    def __init__(self, settings: Spikformer) -> None:
        super().__init__()
        width, qkv_bias = settings.width, settings.biases == "all"
        self.settings = settings
        self.query, self.key, self.value = (Linear(width, width, bias=qkv_bias) for _ in range(3))
        self.projection = Linear(width, width, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).unflatten(3, (self.settings.heads, -1)) for layer in (self.query, self.key, self.value)
        )
        scores = torch.einsum("tbnhd,tbmhd->tbhnm", q, k) * self.settings.attention_scale
        mixed = torch.einsum("tbhnm,tbmhd->tbnhd", scores, v)
        return self.projection(lif(mixed.flatten(3), 0.5))


class Reference(nn.Module):
    def __init__(self, settings: Spikformer, channels: int, n_classes: int) -> None:
        super().__init__()
        width, ratio = settings.width, settings.mlp_ratio
        self.pools = settings.pools
        sizes = [channels, width // 8, width // 4, width // 2, width, width]
        self.patches = nn.ModuleList(Conv(a, b) for a, b in pairwise(sizes))
        self.attentions = nn.ModuleList(Attention(settings) for _ in range(settings.layers))
        self.mlps = nn.ModuleList(
            nn.Sequential(Linear(width, ratio * width, bias=True), Linear(ratio * width, width, bias=True))
            for _ in range(settings.layers)
        )
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """`x` [T, B, C, H, W]."""
        for number, layer in enumerate(self.patches[:-1], start=1):
            x = layer(x)
            if number in self.pools:
                x = functional.max_pool2d(x.flatten(0, 1), 3, 2, 1).unflatten(0, x.shape[:2])
        x = x + self.patches[-1](x)
        tokens = x.flatten(3).transpose(2, 3)
        for attention, mlp in zip(self.attentions, self.mlps, strict=True):
            tokens = tokens + attention(tokens)
            tokens = tokens + mlp(tokens)
        logits: Tensor = self.head(tokens.mean(2).mean(0))
        return logits


def pairs(network: Network, reference: Reference) -> list[tuple[nn.Module, nn.Module]]:
    """Ours and theirs."""
    first = network.blocks["1"]
    names = (*(f"conv{number}" for number in (1, 2, 3, 4)), "position")
    found = [(first[name], layer) for name, layer in zip(names, reference.patches, strict=True)]
    for number, (attention, mlp) in enumerate(zip(reference.attentions, reference.mlps, strict=True)):
        block = network.blocks[str(2 + 2 * number)]
        found += [(block[name], getattr(attention, name)) for name in ("query", "key", "value", "projection")]
        found += list(zip((network.blocks[str(3 + 2 * number)][n] for n in ("fc1", "fc2")), mlp, strict=True))
    return found


def both(settings: Spikformer, shape: tuple[int, int, int]) -> tuple[Network, Reference]:
    """Networks of equal weights whose neurons fire, in numbers of 64 bits."""
    configuration = Configuration(
        backbone=settings, neuron=OF_RELEASED_CODE, stages=(2, settings.depth - 2),
        schedule=(Phase(timesteps=(T, T), epochs=1),), temporal_transformer="bucket",
    )  # fmt: skip
    network = build(configuration, shape, 7)
    initialise(network, 0, 0)
    generator = torch.Generator().manual_seed(0)
    reference = Reference(settings, shape[0], 7)
    for ours, theirs in pairs(network, reference):
        nn.init.uniform_(ours.norm.weight, 0.8, 1.2, generator=generator)
        nn.init.uniform_(ours.norm.bias, 0.5, 2.0, generator=generator)
        nn.init.uniform_(ours.norm.running_mean, -0.2, 0.2, generator=generator)
        nn.init.uniform_(ours.norm.running_var, 0.05, 0.2, generator=generator)
        if ours.conv.bias is not None:
            nn.init.uniform_(ours.conv.bias, -0.1, 0.1, generator=generator)
        theirs.norm.load_state_dict(ours.norm.state_dict())
        weights = ours.conv.state_dict()
        weights["weight"] = weights["weight"].view_as(theirs.layer.weight)
        theirs.layer.load_state_dict(weights)
    reference.head.load_state_dict(network.head.state_dict())
    return network.double(), reference.double()


def frames_of(shape: tuple[int, int, int], is_static: bool) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if is_static:
        return torch.rand(1, 3, *shape, generator=generator, dtype=torch.float64)
    return torch.randint(0, 3, (T, 3, *shape), generator=generator).double()


@pytest.mark.parametrize(("settings", "shape", "is_static"), [STATIC, EVENTS], ids=["images", "events"])
def test_with_copied_weights_logits_are_those_of_a_second_implementation(settings, shape, is_static) -> None:
    network, reference = both(settings, shape)
    frames, seen = frames_of(shape, is_static), {}
    with torch.no_grad():
        outputs = network.eval().run(frames, (T, T), seen.__setitem__)
        expected = reference.eval()(frames.expand(T, *frames.shape[1:]))
    assert torch.allclose(outputs.logits, expected, atol=1e-5, rtol=0)
    rates = {name: seen[name].mean().item() for name in ("block2.query", "block2.attention", "block5.fc2")}
    assert all(0.02 < rate < 0.98 for rate in rates.values()), rates
    assert set(seen[f"block{settings.depth}.sum"].unique().tolist()) == set(range(7))  # whole numbers


@pytest.mark.parametrize(("settings", "shape", "is_static"), [STATIC, EVENTS], ids=["images", "events"])
def test_gradients_are_those_of_a_second_implementation(settings, shape, is_static) -> None:
    """In training, of all weights: surrogates, resets, BatchNorm over all timesteps. Those of biases in front of
    BatchNorm are zero but for rounding."""
    network, reference = both(settings, shape)
    frames, labels = frames_of(shape, is_static), torch.tensor([0, 3, 6])
    logits = network.train().run(frames, (T, T)).logits
    expected = reference.train()(frames.expand(T, *frames.shape[1:]))
    assert torch.allclose(logits, expected, atol=1e-5, rtol=0)
    functional.cross_entropy(logits, labels).backward()
    functional.cross_entropy(expected, labels).backward()
    for ours, theirs in pairs(network, reference):
        gradient = ours.conv.weight.grad
        assert gradient.abs().amax() > 1e-6
        assert torch.allclose(
            gradient.view_as(theirs.layer.weight), theirs.layer.weight.grad, atol=1e-7, rtol=1e-4
        )
        assert torch.allclose(ours.norm.weight.grad, theirs.norm.weight.grad, atol=1e-7, rtol=1e-4)
        if ours.conv.bias is not None:
            assert ours.conv.bias.grad.abs().amax() < 1e-9
