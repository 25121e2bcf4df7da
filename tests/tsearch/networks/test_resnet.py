"""Residual backbones: shapes and weights known from elsewhere, currents added before the spike."""

from math import prod

import pytest
import torch

from hwcost import n_padded_synapses, n_synapses
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones import BACKBONES, family
from tsearch.networks.backbones.resnet import ResNet18, ResNet20
from tsearch.networks.build import build, initialise
from tsearch.networks.neuron import fire
from tsearch.networks.plan import Neuron
from tsearch.pricing.describe import describe_network

CIFAR = DatasetInfo("cifar", (3, 32, 32), 10, is_static=True, input_class="analog")


def one_stage(backbone, timesteps=1) -> Configuration:
    return Configuration(
        backbone=backbone, stages=(backbone.depth,), schedule=(Phase(timesteps=(timesteps,), epochs=1),)
    )


def convolutions(backbone):
    spec = describe_network(one_stage(backbone), CIFAR)
    return [layer for layer in spec.layers if layer.kind == "conv2d"]


def test_resnet18_has_the_weights_and_products_of_the_literature() -> None:
    """11 173 962 parameters on CIFAR-10 (kuangliu/pytorch-cifar), of which BatchNorm has 4 800 twice; 555 417 600
    MACs in its convolutions, 481 854 208 without those on padding."""
    network = build(one_stage(ResNet18()), CIFAR.shape, 10)
    assert sum(p.numel() for p in network.parameters()) == 11_173_962
    assert network.plan.n_parameters == 11_173_962 - 4_800
    assert sum(map(n_padded_synapses, convolutions(ResNet18()))) == 555_417_600
    assert sum(map(n_synapses, convolutions(ResNet18()))) == 481_854_208
    assert network.head.in_features == 512


def test_resnet20_is_two_convolutions_a_pool_and_a_wider_readout_away() -> None:
    """Its stem has two more convolutions 64 to 64, its readout 4 pixels of 512 channels; 215.7 M MACs with those of the
    readout."""
    network = build(one_stage(ResNet20()), CIFAR.shape, 10)
    more = 2 * (64 * 64 * 9 + 2 * 64) + 3 * 512 * 10
    assert sum(p.numel() for p in network.parameters()) == 11_173_962 + more
    assert network.head.in_features == 512 * 2 * 2
    assert sum(map(n_padded_synapses, convolutions(ResNet20()))) == pytest.approx(215.7e6, rel=1e-3)
    assert sum(layer.kernel == (3, 3) for layer in convolutions(ResNet20())) + 1 == 20


def test_a_block_adds_its_input_to_the_current_of_its_last_neurons() -> None:
    backbone = ResNet18(width=3, blocks=(1, 1))
    network = build(one_stage(backbone, 4), (2, 6, 6), 5)
    initialise(network, 0, 0)
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(norm.bias, 0, 1)
    seen = {}
    frames = torch.rand(4, 2, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.eval().run(frames, (4,), lambda name, value: seen.__setitem__(name, value.clone()))
    neuron = Neuron()
    for block, shortcut in ((2, seen["block1"]), (3, seen["block3.shortcut"])):
        current = seen[f"block{block}.second"] + shortcut
        assert torch.equal(fire(current, 4, neuron), seen[f"block{block}.sum"])
        assert seen[f"block{block}.sum"].any()
    assert seen["block3.shortcut"].shape == (4, 2, 6, 3, 3)
    assert torch.equal(seen["pool3"][..., 0, 0], seen["block3.sum"].mean((3, 4)))


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_every_family_agrees_with_itself(name: str) -> None:
    """Modules, plan and layers have the same shapes and weights; the family is found again from plain data."""
    backbone = family(name)()
    config = one_stage(backbone, 2)
    network = build(config, (2, 17, 13), 4).eval()
    seen = {}
    with torch.no_grad():
        network.run(
            torch.rand(2, 1, 2, 17, 13), (2,), lambda node, value: seen.__setitem__(node, value.shape)
        )
    plan = network.plan
    assert plan.depth == backbone.depth
    assert all(seen[node.name] == (2, 1, *node.shape) for node in plan.nodes[:-1])
    spec = describe_network(config, DatasetInfo("x", (2, 17, 13), 4, is_static=False, input_class="graded"))
    redundant = {
        f"blocks.{n.block}.{n.part}.conv.bias" for n in plan.nodes if getattr(n, "bias_before_norm", 0)
    }
    left_out = ("norm", *redundant)
    weights = {n: value for n, value in network.named_parameters() if not any(part in n for part in left_out)}
    assert sum(layer.n_parameters + layer.n_biases for layer in spec.layers) == plan.n_parameters
    n_folded = sum(node.shape[0] for node in plan.nodes[:-1] if getattr(node, "norm", False))
    assert sum(p.numel() for p in weights.values()) + n_folded == plan.n_parameters
    assert Configuration.model_validate(config.model_dump(mode="json")) == config
    assert prod(spec.layers[-1].out_shape) == 4


def test_frames_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing left to pool of 1x8 pixels"):
        ResNet20().plan((2, 1, 8), 10, Neuron())
