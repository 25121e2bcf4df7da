"""The same network built from SpikingJelly's layers gives the same logits and learns the same, in 64 bits.

SpikingJelly is not needed for anything else: `pip install --no-deps "spikingjelly>=2.0" "loguru>=0.7"` is enough here.
"""

import warnings
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tsearch.configuration import Configuration, DataSpec, Phase, Task, Training
from tsearch.data import Dataset
from tsearch.data.dataset import DatasetInfo
from tsearch.frozen import AbsentMeans
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.plan import Neuron
from tsearch.training.loop import train

pytestmark = pytest.mark.slow

SHAPE, N_CLASSES, WIDTHS = (2, 8, 8), 5, (6, 8, 10)
BATCH, N_SAMPLES, EPOCHS = 16, 96, 2
BUCKETS = {
    (4, 4): (1, 1, 1, 1),
    (4, 2): (2, 2),
    (2, 1): (2,),
    (5, 2): (3, 2),
    (2, 2): (1, 1),
}  # input steps of every output step
TIMESTEPS = [(4, 4, 4), (4, 2, 1), (5, 2, 2)]
PAIRS = [("rectangular", 0.8), ("atan", 1.3)]  # surrogates and their widths


@pytest.fixture(autouse=True)
def in_64_bits() -> Iterator[None]:
    """Networks and bucket averages are made in 64 bits: a third in 32 bits would be another number."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def peer() -> SimpleNamespace:
    """The parts of SpikingJelly that the networks below are made of."""
    with warnings.catch_warnings(action="ignore"):  # of a library that is not ours
        pytest.importorskip("spikingjelly", reason="SpikingJelly is not installed (extra 'peers')")
        from spikingjelly.activation_based import functional as functions
        from spikingjelly.activation_based import layer, neuron, surrogate
    return SimpleNamespace(functions=functions, layer=layer, neuron=neuron, surrogate=surrogate)


class Theirs(nn.Module):
    """Convolution, BatchNorm, LIF, and a pool behind the first two blocks; bucket averages between blocks; the mean
    over time; a linear layer."""

    def __init__(self, peer: SimpleNamespace, timesteps: Sequence[int], surrogate: tuple[str, float]) -> None:
        super().__init__()
        layers, self.timesteps = peer.layer, timesteps
        name, width = surrogate
        curves = {"rectangular": (peer.surrogate.Rect, 1 / width), "atan": (peer.surrogate.ATan, 2 / width)}
        curve, alpha = curves[name]
        self.blocks = nn.ModuleList()
        for number, (before, width) in enumerate(zip((SHAPE[0], *WIDTHS), WIDTHS, strict=False)):
            lif = peer.neuron.LIFNode(
                tau=2.0,
                decay_input=False,
                v_threshold=1.0,
                v_reset=None,
                surrogate_function=curve(alpha),
                detach_reset=True,
                step_mode="m",
            )
            parts = [layers.Conv2d(before, width, 3, padding=1, bias=False, step_mode="m")]
            parts += [layers.BatchNorm2d(width, step_mode="m"), lif]
            parts += [layers.AvgPool2d(2, 2, step_mode="m")] if number < 2 else []
            self.blocks.append(nn.Sequential(*parts))
        self.head = nn.Linear(WIDTHS[-1] * 4, N_CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [B, classes] of `x` [T, B, C, H, W]; membranes start at zero."""
        for number, block in enumerate(self.blocks):
            if number:
                widths = BUCKETS[self.timesteps[number - 1], self.timesteps[number]]
                x = torch.stack([part.mean(0) for part in x.split(widths)])
            block[2].reset()
            x = block(x)
        return self.head(x.flatten(2).mean(0))


class Recorded:
    """A split that notes which samples were asked for."""

    def __init__(self, frames: Tensor, labels: Tensor) -> None:
        self.frames, self.labels, self.asked = frames, labels, list[Tensor]()

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Recorded":  # noqa: ARG002
        return self

    def batch(self, indices: Tensor, timesteps: int) -> Tensor:  # noqa: ARG002
        self.asked.append(indices)
        return self.frames[:, indices]


def made(
    timesteps: tuple[int, ...], surrogate: tuple[str, float], is_static: bool
) -> tuple[Network, Recorded]:
    """Our network with its first weights, and samples of which each class has its own mean."""
    plain = {
        name: next(mark.value for mark in field.metadata if isinstance(mark, AbsentMeans))
        for name, field in Training.model_fields.items()
    }  # the plain recipe: whatever was added to it later is off
    name, width = surrogate
    configuration = Configuration(
        backbone=Vgg(widths=WIDTHS, pool_after=(1, 2)),
        stages=(1, 1, 1),
        schedule=(Phase(timesteps=timesteps, epochs=EPOCHS),),
        neuron=Neuron(tau=2.0, threshold=1.0, reset="soft", surrogate=name, surrogate_width=width),
        temporal_transformer="bucket",
        training=Training(**plain | {"batch_size": BATCH, "early_loss_weight": 0.0, "weight_decay": 0.01}),
    )
    network = build(configuration, SHAPE, N_CLASSES)
    initialise(network, 0, 0)
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(N_SAMPLES) % N_CLASSES
    means = torch.rand(N_CLASSES, *SHAPE, generator=generator)
    steps = 1 if is_static else timesteps[0]
    noise = torch.randn(steps, N_SAMPLES, *SHAPE, generator=generator)
    return network, Recorded(2 * means[labels] + noise, labels)


def copied(network: Network, theirs: Theirs) -> dict[str, str]:
    """Puts our weights into theirs; our names of parameters, by their names."""
    parts = {"0": "main.conv", "1": "main.norm"}
    names = {
        f"blocks.{number}.{theirs_part}": f"blocks.{number + 1}.{part}"
        for number in range(len(WIDTHS))
        for theirs_part, part in parts.items()
    } | {"head": "head"}
    state = network.state_dict()
    taken = {f"{b}.{leaf}": state[f"{a}.{leaf}"] for b, a in names.items() for leaf in _leaves(state, a)}
    theirs.load_state_dict(taken)
    parameters = dict(theirs.named_parameters())
    return {name: f"{names[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}" for name in parameters}


def _leaves(state: dict[str, Tensor], part: str) -> Iterator[str]:
    return (name.removeprefix(f"{part}.") for name in state if name.startswith(f"{part}."))


@pytest.fixture
def steps() -> Iterator[list[list[dict[str, Any]]]]:
    """The groups of the optimizer at each of its steps, as they are noted while a test runs."""
    noted: list[list[dict[str, Any]]] = []

    def note(optimizer: torch.optim.Optimizer, *_: object) -> None:
        noted.append([dict(group) for group in optimizer.param_groups])

    hook = register_optimizer_step_pre_hook(note)
    yield noted
    hook.remove()


@pytest.mark.parametrize("is_static", [False, True], ids=["frames", "images"])
@pytest.mark.parametrize("timesteps", TIMESTEPS, ids=str)
@pytest.mark.parametrize("surrogate", PAIRS, ids=str)
def test_logits_and_gradients_are_equal(
    peer: SimpleNamespace, timesteps: tuple[int, ...], surrogate: tuple[str, float], is_static: bool
) -> None:
    network, split = made(timesteps, surrogate, is_static)
    theirs = Theirs(peer, timesteps, surrogate)
    names = copied(network, theirs)
    logits = network.train().run(split.frames, timesteps).logits
    expected = theirs.train()(split.frames.expand(timesteps[0], *split.frames.shape[1:]))
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
    functional.cross_entropy(logits, split.labels).backward()
    functional.cross_entropy(expected, split.labels).backward()
    ours = dict(network.named_parameters())
    for name, parameter in theirs.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0
        torch.testing.assert_close(ours[names[name]].grad, parameter.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("is_static", [False, True], ids=["frames", "images"])
@pytest.mark.parametrize("timesteps", TIMESTEPS, ids=str)
def test_two_epochs_of_training_have_equal_losses_and_end_in_equal_networks(
    peer: SimpleNamespace, steps: list[list[dict[str, Any]]], timesteps: tuple[int, ...], is_static: bool
) -> None:
    network, split = made(timesteps, PAIRS[0], is_static)
    theirs = Theirs(peer, timesteps, PAIRS[0])
    names = copied(network, theirs)
    info = DatasetInfo("made", SHAPE, N_CLASSES, is_static=is_static, input_class="analog")
    dataset = Dataset(info, split, split, split)
    curve = train(network, dataset, Task(data=DataSpec(name="made")), stop=EPOCHS).curve

    losses = their_training(theirs, split, names, network, steps)
    by_epoch = torch.tensor(losses).view(EPOCHS, -1).mean(1)
    ours = torch.tensor([entry["loss"] for entry in curve])
    torch.testing.assert_close(ours, by_epoch, rtol=0, atol=1e-12)
    assert ours[1] < ours[0] - 0.1  # something was learned

    if is_static:
        their_first = theirs.blocks[0][1]
        _count_repeated_images_once(their_first, timesteps[0], network.blocks["1"]["main"].norm.running_var)
    with torch.no_grad():
        frames = split.frames.expand(timesteps[0], *split.frames.shape[1:])
        torch.testing.assert_close(network.eval()(split.frames), theirs.eval()(frames), rtol=0, atol=1e-9)


def their_training(
    theirs: Theirs,
    split: Recorded,
    names: dict[str, str],
    network: Network,
    steps: list[list[dict[str, Any]]],
) -> list[float]:
    """The losses of a training with the same batches, and the same AdamW with the same settings at every step."""
    steps, batches = list(steps), list(split.asked)
    assert len(steps) == len(batches) == EPOCHS * N_SAMPLES // BATCH
    ours_by_id = {id(parameter): name for name, parameter in network.named_parameters()}
    theirs_by_ours = {names[name]: parameter for name, parameter in theirs.named_parameters()}
    groups = []
    for group in steps[0]:
        ours = (ours_by_id[id(parameter)] for parameter in group["params"])
        params = [theirs_by_ours[name] for name in ours if name in theirs_by_ours]
        groups.append({"params": params, "weight_decay": group["weight_decay"], "betas": group["betas"]})
    optimizer, losses = torch.optim.AdamW(groups), []
    theirs.train()
    for settings, indices in zip(steps, batches, strict=True):
        for group, ours in zip(optimizer.param_groups, settings, strict=True):
            group["lr"] = ours["lr"]
        x = split.frames[:, indices]
        loss = functional.cross_entropy(
            theirs(x.expand(theirs.timesteps[0], *x.shape[1:])), split.labels[indices]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _count_repeated_images_once(norm: nn.Module, timesteps: int, ours: Tensor) -> None:
    """Check and undo the one difference. Our first convolution of an image runs once, so that its batches have
    N = B x H x W values per channel; SpikingJelly normalises T copies. Mean and variance are the same, but the running
    variance is that of a sample: N/(N - 1) times it for us, TN/(TN - 1) times it for them."""
    n = BATCH * SHAPE[1] * SHAPE[2]
    factor = (n / (n - 1)) / (timesteps * n / (timesteps * n - 1))
    start = 0.9 ** (
        EPOCHS * N_SAMPLES // BATCH
    )  # what is left of the ones from which running variances start
    corrected = start + (norm.running_var - start) * factor
    assert (norm.running_var - ours).abs().max() > 1e-6
    torch.testing.assert_close(corrected, ours, rtol=0, atol=1e-12)
    norm.running_var.copy_(corrected)
