"""Residual networks and attention are counted and priced: the record against brute force over recorded values, for
every division into stages."""

from itertools import product
from math import prod

import pytest
import torch
from torch.nn import functional

from hwcost import SpikeRecord, attention_counts, estimate, fan_out_classes
from tsearch.configuration import Configuration, DataSpec, Phase, Task
from tsearch.data import load_dataset
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones import Backbone
from tsearch.networks.backbones.resnet import ResNet18, ResNet20
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.modules import ConvolutionModule
from tsearch.networks.neuron import fire
from tsearch.networks.plan import HEAD, INPUT, Attention, Convolution, Neuron, Plan, Readout, Sum
from tsearch.networks.weights import load_weights
from tsearch.pricing.describe import describe_network
from tsearch.pricing.record import Recorder
from tsearch.training.checkpoints import unpack_weights
from tsearch.training.evaluate import measure, train_and_price

EVENTS = DatasetInfo("toy", (2, 12, 9), 5, is_static=False, input_class="graded")
SMALL = {"width": 3, "blocks": (1, 1, 1)}
DIVISIONS = [
    tuple(len(part) for part in "".join("x" + "|" * cut for cut in (*cuts, 0)).split("|"))
    for cuts in product((0, 1), repeat=3)
]


def configuration(backbone: Backbone, division=None, timesteps=None, **more) -> Configuration:
    division = division or (backbone.depth,)
    timesteps = timesteps or tuple(range(len(division) + 1, 1, -1))
    return Configuration(
        backbone=backbone, stages=division, schedule=(Phase(timesteps=timesteps, epochs=1),), **more
    )


def lively(config: Configuration, info: DatasetInfo = EVENTS):
    """A network whose neurons fire, and what it shows of a batch."""
    network = build(config, info.shape, info.n_classes)
    initialise(network, 0, 0)
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.bias, 0.2, 0.9, generator=generator)
    frames = torch.randint(0, 3, (config.timesteps[0], 5, *info.shape), generator=generator).float()
    spec = describe_network(config, info)
    recorder, seen = Recorder(spec, network.plan), {}

    def observe(name: str, value: torch.Tensor) -> None:
        seen[name] = value.clone()
        recorder(name, value)

    with torch.no_grad():
        network.eval().run(frames, config.timesteps, observe)
    recorder.add_samples(frames.shape[1])
    return network, spec, recorder.record(), seen


def synapses(layer, events: torch.Tensor) -> float:
    """A convolution of ones meets every existing synapse once; `events` [T, B, C, H, W]."""
    ones = torch.ones(
        layer.out_shape[0], layer.in_shape[0] // layer.groups, *layer.kernel, dtype=torch.float64
    )
    padding = [pad[0] for pad in layer.pads]
    merged = events.flatten(0, 1).double()
    return functional.conv2d(merged, ones, None, layer.stride, padding, 1, layer.groups).sum().item()


def check_counts(spec, record: SpikeRecord, seen) -> None:
    """Every count of `record` against what was seen."""
    for layer in spec.layers:
        counts, source = record.layers[layer.name], spec.source(layer)
        if layer.neuron is not None:
            assert counts.outputs == tuple(seen[layer.name].sum((1, 2, 3, 4)).int().tolist()), layer.name
        if layer.is_analog or layer.kind == "attention":
            continue
        n_averaged = prod(source.kernel) if source is not None and source.kind == "avg_pool2d" else 1
        arriving = (seen[INPUT if source is None else source.name].double() * n_averaged).round()
        per_step = arriving.flatten(1).sum(1).int().tolist()
        assert [sum(row) for row in counts.sums] == per_step, layer.name
        assert [sum(row) for row in counts.events] == (arriving > 0).flatten(1).sum(1).tolist(), layer.name
        if layer.kind == "conv2d":
            fan_outs = fan_out_classes(layer)[0].tolist()
            met = sum(n * v for row in counts.sums for n, v in zip(row, fan_outs, strict=True))
            assert met == synapses(layer, arriving), layer.name


def added(spec, layer, seen) -> float:
    """Additions per sample where currents meet a shortcut: one per number, one per spike."""
    other = spec.other_source(layer)
    if not other.gives_events:
        return spec.timesteps(layer) * layer.n_outputs
    n_pooled = 4 if other.kind == "avg_pool2d" else 1
    return seen[other.name].sum().item() * n_pooled / 5


@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize(
    "backbone", [ResNet18(**SMALL), ResNet20(**SMALL), ResNet18(**SMALL, shortcut="spikes")]
)
def test_every_division_runs_learns_and_is_counted_as_brute_force_counts(backbone, division) -> None:
    config = configuration(backbone, division)
    network, spec, record, seen = lively(config)
    check_counts(spec, record, seen)
    cost = estimate(spec, record, "45nm_memory")
    assert cost.total_pj > 0
    for layer in spec.layers:
        if layer.kind == "membrane_shortcut":
            assert cost.count("residual_add", layer.name) == pytest.approx(added(spec, layer, seen))
    frames = seen[INPUT]
    outputs = network.train().run(frames, config.timesteps)
    (outputs.logits.sum() + sum(early.sum() for early in outputs.early)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    entering = {f"block{sum(division[:n]) + 1}.shortcut" for n in range(1, len(division))}
    assert entering <= {layer.name for layer in spec.layers}


def test_a_shortcut_without_weights_that_enters_a_stage_is_a_convolution_of_one_weight_per_channel() -> None:
    spec = describe_network(configuration(ResNet18(width=3, blocks=(2,)), (1, 2), (4, 2)), EVENTS)
    entering, inside = spec.layer("block2.shortcut"), spec.layer("block3.sum")
    assert (entering.kind, entering.groups, entering.n_parameters, entering.bias) == ("conv2d", 3, 3, False)
    assert spec.source(entering).name == "block1"
    assert spec.input_timesteps(entering) == 4
    assert spec.other_source(spec.layer("block2.sum")) is entering
    assert spec.other_source(inside).name == "block2.sum"
    assert "block3.shortcut" not in [layer.name for layer in spec.layers]


def test_sums_of_spikes_are_graded_and_priced_by_the_smaller_branch() -> None:
    config = configuration(ResNet18(width=3, blocks=(2,), shortcut="spikes"))
    _, spec, record, seen = lively(config)
    second, third = spec.layer("block2.sum"), spec.layer("block3.sum")
    assert (second.kind, second.in_class, spec.layer("block3.first").in_max) == ("sew_add", "binary", 2)
    assert third.neuron is None
    others = (seen["block2.sum"] > 0).flatten(1).sum(1).tolist()
    assert list(record.layers["block3.sum"].extra("other")) == others
    assert seen["block2.sum"].max() == 2


def test_averages_over_windows_that_no_power_of_two_divides_stay_whole_numbers() -> None:
    """12 x 9 pixels end as 3 x 3: ninths, which no float holds."""
    for precision in ("float32", "bfloat16"):
        config = configuration(ResNet18(**SMALL), training={"precision": precision})
        _, spec, record, seen = lively(config)
        assert spec.layer("head").in_max == 9
        assert sum(map(sum, record.layers["head"].sums)) == seen["block4.sum"].float().sum().item() > 0


def test_a_residual_network_is_trained_priced_and_reloaded_to_the_bit() -> None:
    task = Task(data=DataSpec(name="digits"))
    config = configuration(ResNet20(width=2, blocks=(1, 1)), (1, 2), (3, 2))
    result = train_and_price(config, 1, None, task)
    dataset = load_dataset(task.data)
    network = build(config, dataset.shape, dataset.n_classes)
    load_weights(network, unpack_weights(result.checkpoint))
    again = measure(network, dataset, dataset.validation)
    assert again.probe == result.probe
    assert again.record.to_dict() == result.spikes["record"]
    assert result.metrics["energy_pj"] > 0


def attention_plan() -> Plan:
    neuron, shape = Neuron(), (4, 3, 3)
    spread = {"block": 1, "in_shape": shape, "shape": shape, "neuron": neuron}
    embed = Convolution(
        name="block1.embed", block=1, sources=(INPUT,), in_shape=(2, 3, 3), shape=shape, neuron=neuron
    )
    branches = [Convolution(name=f"block1.{name}", sources=("block1.embed",), **spread) for name in "qkv"]
    mixed = Attention(
        name="block1.mixed", block=1, sources=tuple(node.name for node in branches), shape=shape, heads=2,
        scale=0.25, neuron=Neuron(threshold=0.5),
    )  # fmt: skip
    added = Sum(name="block1.sum", block=1, sources=("block1.mixed", "block1.embed"), shape=shape)
    head = Readout(name=HEAD, block=1, sources=("block1.sum",), shape=(5,), n_features=36)
    return Plan((2, 3, 3), (embed, *branches, mixed, added, head))


class OneBlock(Backbone):
    """Self-attention in one block."""

    name: str = "one_block"

    @property
    def depth(self) -> int:
        return 1

    def plan(self, shape, n_classes, neuron) -> Plan:  # noqa: ARG002
        return attention_plan()


def heads(spikes: torch.Tensor):
    """[T, B, C, H, W] -> [B, T, heads, tokens, channels of a head]."""
    return spikes.flatten(3).unflatten(2, (2, 2)).permute(1, 0, 2, 4, 3)


def test_attention_runs_as_its_formula_and_its_counts_are_those_of_the_cost_model() -> None:
    info = DatasetInfo("toy", (2, 3, 3), 5, is_static=False, input_class="graded")
    _, spec, record, seen = lively(configuration(OneBlock(), (1,), (3,)), info)
    q, k, v = (heads(seen[f"block1.{name}"]) for name in "qkv")
    current = 0.25 * (q @ k.transpose(3, 4) @ v)
    rows = current.permute(1, 0, 2, 4, 3).reshape(3, 5, 4, 3, 3)
    assert torch.equal(fire(rows, 3, Neuron(threshold=0.5)), seen["block1.mixed"])
    assert seen["block1.mixed"].any()
    counts = record.layers["block1.mixed"]
    assert dict(counts.extras) == attention_counts(q.numpy(), k.numpy(), v.numpy())
    assert spec.layer("block1.mixed").operand("heads") == 2
    assert record.layers["block1.sum"].extra("other") == tuple(
        seen["block1.embed"].sum((1, 2, 3, 4)).int().tolist()
    )
    assert estimate(spec, record, "45nm_memory").count("attention_ac", "block1.mixed") > 0


class Masked(ConvolutionModule):
    """Neurons that run for the first step alone."""

    def fired(self, current, timesteps, norm):
        return fire(current, timesteps, self.node.neuron, norm=norm, active=1)

    def masks(self, timesteps):
        return {self.node.name: (1,) + (0,) * (timesteps[0] - 1)}


class MaskedConvolution(Convolution):
    """A node whose module learns when it runs."""

    module = f"{__name__}:Masked"


class MaskedVgg(Vgg):
    """The first block is masked."""

    def plan(self, shape, n_classes, neuron) -> Plan:
        plan = super().plan(shape, n_classes, neuron)
        first, *others = plan.nodes
        return Plan(plan.input_shape, (MaskedConvolution(**vars(first)), *others))


def test_what_training_learned_about_structure_is_read_from_the_network_when_it_is_priced() -> None:
    task = Task(data=DataSpec(name="digits"))
    results = []
    for backbone in (Vgg(widths=(2, 3), pool_after=()), MaskedVgg(widths=(2, 3), pool_after=())):
        results.append(train_and_price(configuration(backbone, None, (3,)), 1, None, task))
    whole, masked = results
    layers = {layer["name"]: layer for layer in masked.spikes["network"]["layers"]}
    assert [tuple(layers[name]["mask"]) for name in ("block1", "block2")] == [(1, 0, 0), ()]
    assert masked.spikes["record"]["layers"]["block1"]["outputs"][1:] == [0, 0]
    assert masked.metrics["energy_pj"] < whole.metrics["energy_pj"]


class FromTheFrames(Backbone):
    """A block whose branch and shortcut both read the frames."""

    name: str = "from_the_frames"

    @property
    def depth(self) -> int:
        return 1

    def plan(self, shape, n_classes, neuron) -> Plan:
        same = {"block": 1, "in_shape": shape, "shape": shape, "sources": (INPUT,)}
        nodes = (
            Convolution(name="block1.first", **same),
            Convolution(name="block1.second", kernel=(1, 1), padding=(0, 0), **same),
            Sum(name="block1.inner", block=1, sources=("block1.first", "block1.second"), shape=shape),
            Sum(name="block1.sum", block=1, sources=(INPUT, "block1.inner"), shape=shape, neuron=neuron),
            Readout(name=HEAD, block=1, sources=("block1.sum",), shape=(n_classes,), n_features=prod(shape)),
        )
        return Plan(shape, nodes)


def test_several_layers_may_read_the_frames() -> None:
    _, spec, record, seen = lively(configuration(FromTheFrames(), (1,), (3,)))
    assert [spec.source(layer) for layer in spec.layers[:2]] == [None, None]
    assert spec.source(spec.layer("block1.shortcut")) is None
    assert spec.other_source(spec.layer("block1.sum")).name == "block1.inner"
    check_counts(spec, record, seen)
    assert estimate(spec, record, "45nm_memory").total_pj > 0
