"""Small networks whose layers of neurons are masked at random, and lively enough that it matters."""

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.backbone import Backbone
from tsearch.networks.backbones.resnet import ResNet18, ResNet20
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.plan import HEAD, INPUT, Convolution, Neuron, Plan, Readout, stage_of_blocks

SHAPE, N_CLASSES, N_SAMPLES = (2, 8, 8), 3, 3


class Bare(Backbone):
    """Two layers of neurons, and between them a convolution that gives nothing where nothing arrives."""

    name: str = "bare"

    @property
    def depth(self) -> int:
        return 2

    def plan(self, shape, n_classes, neuron) -> Plan:
        same = {"in_shape": shape, "shape": shape, "norm": False}
        nodes = (
            Convolution(name="block1", block=1, sources=(INPUT,), neuron=neuron, **same),
            Convolution(name="block2.between", block=2, sources=("block1",), bias=False, **same),
            Convolution(name="block2.last", block=2, sources=("block2.between",), neuron=neuron, **same),
            Readout(name=HEAD, block=2, sources=("block2.last",), shape=(n_classes,), n_features=128),
        )
        return Plan(shape, nodes)


SPIKFORMER = Spikformer(width=16, layers=1, heads=2, pools=(1, 4))
BACKBONES = (
    SPIKFORMER,
    Vgg(widths=(3, 4, 5), pool_after=(1,), dense=(6,)),
    Vgg(widths=(3, 4), pool_after=(1, 2), pool="max", norm="none"),
    ResNet18(width=2, blocks=(1, 1)),
    ResNet18(width=2, blocks=(1, 1), shortcut="spikes"),
    ResNet20(width=2, blocks=(1,)),
    Bare(),
)
NEURONS = (Neuron(), Neuron(reset="hard", tau=3.0))


def prefix(active: int, timesteps: int) -> tuple[int, ...]:
    """A mask whose first steps are active."""
    return (1,) * active + (0,) * (timesteps - active)


def configured(
    backbone, timesteps: tuple[int, ...], mode: str = "bucket", neuron: Neuron | None = None
) -> Configuration:
    """One or two stages, the first of them a single block."""
    stages = (1, backbone.depth - 1) if len(timesteps) == 2 else (backbone.depth,)
    return Configuration(
        backbone=backbone, stages=stages, temporal_transformer=mode, neuron=neuron or Neuron(),
        schedule=(Phase(timesteps=timesteps, epochs=1),),
    )  # fmt: skip


def lively(configuration: Configuration, *, is_static: bool, seed: int = 0) -> Network:
    """The network, ready to run, with biases, and a BatchNorm that gives something of nothing."""
    network = build(configuration, SHAPE, N_CLASSES, is_static=is_static)
    initialise(network, seed, 0)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("conv.bias"):
                parameter.uniform_(-1, 1, generator=generator)
            if name.endswith("conv.weight"):
                parameter.mul_(2)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.bias.uniform_(-0.5, 1.5, generator=generator)
                module.running_mean.uniform_(-0.5, 0.5, generator=generator)
                module.weight.uniform_(1, 4, generator=generator)
    return network.eval()


def frames(network: Network, seed: int = 0) -> Tensor:
    """Images [1, B, C, H, W] of any numbers, or events [T, B, C, H, W] up to 2."""
    steps = 1 if network.is_static else network.configuration.timesteps[0]
    values = torch.rand(steps, N_SAMPLES, *SHAPE, generator=torch.Generator().manual_seed(seed)) * 3
    return values if network.is_static else values.floor()


def info(network: Network) -> DatasetInfo:
    """What the frames are."""
    return DatasetInfo(
        "toy", SHAPE, N_CLASSES, is_static=network.is_static,
        input_class="analog" if network.is_static else "graded", most_events_per_pixel=2,
    )  # fmt: skip


@st.composite
def masked_networks(draw: st.DrawFn, backbones=BACKBONES, *, free: bool | None = None) -> Network:
    """Any of the backbones, one or two stages, images or events, every layer of neurons masked."""
    backbone, neuron = draw(st.sampled_from(backbones)), draw(st.sampled_from(NEURONS))
    timesteps = draw(st.sampled_from(((3,), (4, 4), (4, 2))))
    mode = draw(st.sampled_from(("bucket", "truncate", "score_mix")))
    configuration = configured(backbone, timesteps, mode, neuron)
    network = lively(configuration, is_static=draw(st.booleans()), seed=draw(st.integers(0, 3)))
    stage = stage_of_blocks(configuration.stages)
    is_free = draw(st.booleans()) if free is None else free
    masks = {}
    for node, _ in network.plan.neurons():
        n_steps = timesteps[stage[node.block]]
        if is_free:
            masks[node.name] = (1, *draw(st.tuples(*[st.integers(0, 1)] * (n_steps - 1))))
        else:
            masks[node.name] = prefix(draw(st.integers(1, n_steps)), n_steps)
    network.timestep_masks.hold(masks)
    return network


def spread(network: Network, mean: float) -> dict[str, tuple[int, ...]]:
    """Prefix masks whose mean is `mean` of the timesteps of one stage, as even as whole numbers allow."""
    (n_steps,), names = network.configuration.timesteps, [node.name for node, _ in network.plan.neurons()]
    fewest, more = divmod(round(mean * n_steps * len(names)), len(names))
    return {name: prefix(fewest + (i < more), n_steps) for i, name in enumerate(names)}
