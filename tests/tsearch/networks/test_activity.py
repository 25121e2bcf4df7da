"""Histograms of activations: networks whose every value is known, and brute force over recorded ones."""

import pytest
import torch

from tsearch.configuration import Configuration, Masks, Phase
from tsearch.networks.activity import CURRENT_EDGES, activities_of
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.backbones.windowed import Windowed
from tsearch.networks.build import build, initialise

T = 4


class Frames:
    """Samples that lie in memory, [T or 1, B, C, H, W]."""

    def __init__(self, frames: torch.Tensor) -> None:
        self.frames, self.labels = frames, torch.zeros(frames.shape[1], dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices, timesteps):  # noqa: ARG002
        return self.frames[:, indices]

    def to(self, device):  # noqa: ARG002
        return self


def configuration(backbone, stages, timesteps, **more) -> Configuration:
    schedule = (Phase(timesteps=timesteps, epochs=1),)
    return Configuration(backbone=backbone, stages=stages, schedule=schedule, **more)


def constant_network(threshold: float = 1.0):
    """One 3x3 convolution of one pixel that hands currents on as they are, in three channels: 0.5, 1.25 and -1 times
    the frame; no leak."""
    vgg = Vgg(widths=(3,), pool_after=(), norm="none")
    neuron = {"tau": 1e30, "threshold": threshold}
    network = build(configuration(vgg, (1,), (T,), neuron=neuron), (1, 1, 1), 2)
    initialise(network, 0, 0)
    weight = torch.zeros(3, 1, 3, 3)
    weight[:, 0, 1, 1] = torch.tensor([0.5, 1.25, -1.0]) * threshold
    network.blocks["1"]["main"].conv.weight.data = weight
    return network


@pytest.mark.parametrize("threshold", [1.0, 2.0])
def test_constant_currents_have_the_histograms_that_their_neurons_must_have(threshold) -> None:
    """Half a threshold fires at every second step, 1.25 at every step, -1 never; ReLU gives 0.5, 1.25 and 0."""
    found = activities_of(constant_network(threshold), Frames(torch.ones(1, 2, 1, 1, 1)), 10)
    [(name, activity)] = found.types.items()
    assert (name, activity.layers, found.n_samples, found.streams) == ("convolution", ("block1",), 2, ())
    assert activity.spikes == pytest.approx([1 / 3, 2 / 3, 1 / 3, 2 / 3])
    zero, half, one, above, third = 0, 4, 8, 9, 3
    assert [[n for n, part in enumerate(row) if part] for row in activity.values] == [
        [zero, one], [zero, half, one], [zero, third, one], [zero, half, one],
    ]  # fmt: skip
    assert activity.values[0] == pytest.approx([2 / 3, *[0] * 7, 1 / 3, 0])
    assert [n for n, part in enumerate(activity.relu) if part] == [zero, half, above]
    edges = [CURRENT_EDGES.index(current) + 1 for current in (-1, 0.5, 1.25)]
    assert all([n for n, part in enumerate(row) if part] == edges for row in activity.currents)
    assert activity.distances == pytest.approx([0.5 / 3, 0, (0.5 - 1 / 3) / 3, 0])


def test_histograms_of_a_spikformer_equal_brute_force_over_its_values() -> None:
    backbone = Spikformer(width=8, layers=1, heads=2, pools=(2,), attention_scale=0.5)
    config = configuration(backbone, (1, 2), (T, 2), temporal_transformer="truncate")
    network = build(config, (1, 4, 4), 3)
    initialise(network, 0, 0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.bias, 0.2, 1.0, generator=torch.Generator().manual_seed(0))
    frames, seen = torch.rand(1, 40, 1, 4, 4, generator=torch.Generator().manual_seed(1)), {}
    found = activities_of(network, Frames(frames), 40)
    with torch.no_grad():
        network.run(frames, (T, 2), seen.__setitem__)
    assert {name: len(kind.layers) for name, kind in found.types.items()} == {
        "patch": 5, "qkv": 3, "attention": 2, "mlp": 2,
    }  # fmt: skip
    for kind in found.types.values():
        steps = len(seen[kind.layers[0]])
        spikes = [torch.cat([seen[name][t].flatten() for name in kind.layers]) for t in range(steps)]
        assert kind.spikes == pytest.approx([step.mean().item() for step in spikes])
        means = [sum(spikes[: t + 1]) / (t + 1) for t in range(steps)]
        assert [row[0] for row in kind.values] == pytest.approx(
            [(m == 0).float().mean().item() for m in means]
        )
        for row in (*kind.values, kind.relu, *kind.currents):
            assert sum(row) == pytest.approx(1)
        assert len(kind.distances) == len(kind.currents) == steps
    streams = [torch.cat([seen["block1.sum"][t].flatten()] + [seen[f"block{b}.sum"][t].flatten() for b in (2, 3)
                          if t < 2]) for t in range(T)]  # fmt: skip
    largest = len(found.streams[0])
    for row, values in zip(found.streams, streams, strict=True):
        assert row == pytest.approx([(values == n).float().mean().item() for n in range(largest)])


def test_spikes_of_windows_are_shown_with_the_membranes_that_make_them() -> None:
    """They fire where a membrane reaches the threshold, at every timestep."""
    backbone = Windowed(core="cnn", width=4, depths=(1,))
    network = build(configuration(backbone, (backbone.depth,), (2,)), (1, 8, 8), 3)
    initialise(network, 0, 0)
    found = activities_of(network, Frames(torch.rand(1, 4, 1, 8, 8)), 4)
    threshold = CURRENT_EDGES.index(1.0) + 1
    assert found.types
    for kind in found.types.values():
        assert kind.spikes == pytest.approx([sum(row[threshold:]) for row in kind.currents])


def test_drawn_gates_show_the_same_at_every_look_and_leave_random_numbers_as_they_were() -> None:
    backbone = Windowed(core="cnn", width=4, depths=(1,))
    network = build(configuration(backbone, (1,), (2,)), (1, 8, 8), 3)
    initialise(network, 0, 0)
    frames, found = Frames(torch.rand(1, 4, 1, 8, 8, generator=torch.Generator().manual_seed(0))), []
    for state in (1, 2):
        torch.manual_seed(state)
        before = torch.get_rng_state()
        found.append(activities_of(network, frames, 4))
        assert torch.equal(torch.get_rng_state(), before)
    assert found[0] == found[1]


def test_masked_layers_are_shown_as_they_are_before_the_mask_and_hooks_are_gone() -> None:
    masks = Masks(mode="prefix_sum", initial_timesteps=1)
    config = configuration(Vgg(widths=(3, 3), pool_after=()), (2,), (T,), masks=masks)
    network = build(config, (1, 5, 5), 2)
    initialise(network, 0, 0)
    with torch.no_grad():
        for block in "12":
            network.blocks[block]["main"].norm.bias.fill_(1.5)
    [activity] = activities_of(network, Frames(torch.rand(1, 3, 1, 5, 5)), 3).types.values()
    assert set(network.masks((T,)).values()) == {(1, 0, 0, 0)}
    assert len(activity.spikes) == T
    assert activity.spikes[-1] > 0.5
    assert not any(module._forward_hooks for module in network.modules())
