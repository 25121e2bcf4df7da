"""Networks that are not ours, described in plain torch, become plans; what a plan cannot hold is refused by name."""

import sys
from math import prod
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import tsearch
from tsearch import LIF, train_and_price
from tsearch.configuration import Configuration, DataSpec, Task
from tsearch.networks.backbones import family
from tsearch.networks.backbones.custom import UNSET, plan_hash
from tsearch.networks.block_nodes import BadNetworkError
from tsearch.networks.neurons import LayerNeurons
from tsearch.networks.plan import Convolution, Neuron, Pool, Readout, Sum
from tsearch.networks.tracing import trace


class BasicBlock(nn.Module):
    """As torchvision writes it, with LIF in place of ReLU."""

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = LIF()
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


def residual_network(channels=3, width=4):
    """A stem and three stages of one basic block each."""
    down = [
        nn.Sequential(nn.Conv2d(n, 2 * n, 1, 2, bias=False), nn.BatchNorm2d(2 * n))
        for n in (width, 2 * width)
    ]
    stem = (
        nn.Conv2d(channels, width, 7, 2, 3, bias=False),
        nn.BatchNorm2d(width),
        LIF(),
        nn.MaxPool2d(3, 2, 1),
    )
    return nn.Sequential(
        nn.Sequential(*stem),
        BasicBlock(width, width),
        BasicBlock(width, 2 * width, 2, down[0]),
        nn.Sequential(BasicBlock(2 * width, 4 * width, 2, down[1]), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten()),
    )  # fmt: skip


def separable_network(channels=2, width=8):
    """Depthwise convolutions, one per channel, each followed by one over the channels."""

    def block(n_in, n_out, stride):
        return nn.Sequential(
            nn.Conv2d(n_in, n_in, 3, stride, 1, groups=n_in, bias=False), nn.BatchNorm2d(n_in), LIF(),
            nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out), LIF(threshold=0.5),
        )  # fmt: skip

    stem = nn.Sequential(nn.Conv2d(channels, width, 3, padding="same"), LIF(tau=4.0))
    return [stem, block(width, 2 * width, 1), nn.Sequential(block(2 * width, 16, 2), nn.AvgPool2d((2, 4)))]


def plan_of(blocks, shape=(3, 32, 32), neuron=Neuron()):  # noqa: B008
    return trace(blocks, shape, 10, neuron)


def shapes_when_run(blocks, shape):
    """Output shapes of all convolutions, in order, of the network run on real numbers."""
    seen = []
    for module in nn.ModuleList(blocks).modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _module, _args, out: seen.append(tuple(out.shape[1:])))
    x = torch.zeros(2, *shape)
    for block in blocks:
        x = block(x)
    return seen, x[0].numel()


@pytest.mark.parametrize(
    ("blocks", "shape"), [(residual_network(), (3, 32, 32)), (separable_network(), (2, 16, 16))]
)
def test_shapes_and_weights_are_those_of_the_network_itself(blocks, shape) -> None:
    plan = plan_of(blocks, shape)
    convolutions = [node for node in plan.nodes if isinstance(node, Convolution)]
    expected, n_features = shapes_when_run(blocks, shape)
    assert [node.shape for node in convolutions] == expected
    weights = sum(m.weight.numel() for m in nn.ModuleList(blocks).modules() if isinstance(m, nn.Conv2d))
    biases = sum(node.shape[0] for node in convolutions)
    assert plan.n_parameters == weights + biases + (n_features + 1) * 10
    assert plan.depth == len(blocks)
    assert plan.nodes[-1] == Readout(
        name="head", block=len(blocks), sources=(plan.nodes[-2].name,), shape=(10,), n_features=n_features
    )


def test_a_residual_network_is_the_plan_written_by_hand() -> None:
    lif = Neuron(tau=3.0)
    plan = plan_of(residual_network(), neuron=lif)
    assert plan.nodes[:5] == (
        Convolution(
            name="block1.conv", block=1, sources=("input",), shape=(4, 16, 16), neuron=lif,
            in_shape=(3, 32, 32), kernel=(7, 7), stride=(2, 2), padding=(3, 3),
        ),
        Pool(
            name="block1.pool", block=1, sources=("block1.conv",), shape=(4, 8, 8), in_shape=(4, 16, 16),
            mode="max", kernel=(3, 3), stride=(2, 2), padding=(1, 1),
        ),
        Convolution(
            name="block2.conv1", block=2, sources=("block1.pool",), shape=(4, 8, 8), neuron=lif, in_shape=(4, 8, 8)
        ),
        Convolution(name="block2.conv2", block=2, sources=("block2.conv1",), shape=(4, 8, 8), in_shape=(4, 8, 8)),
        Sum(name="block2.sum", block=2, sources=("block2.conv2", "block1.pool"), shape=(4, 8, 8), neuron=lif),
    )  # fmt: skip
    shortcut = plan.by_name["block3.downsample.0"]
    assert isinstance(shortcut, Convolution)
    assert (shortcut.neuron, shortcut.kernel, shortcut.stride, shortcut.padding) == (
        None,
        (1, 1),
        (2, 2),
        (0, 0),
    )
    assert plan.by_name["block3.sum"].sources == ("block3.conv2", "block3.downsample.0")
    pool = plan.nodes[-2]
    assert isinstance(pool, Pool)
    assert (pool.mode, pool.kernel, pool.shape) == ("average", (2, 2), (16, 1, 1))


def test_a_depthwise_network_keeps_its_groups_and_every_neuron_its_settings() -> None:
    plan = plan_of(separable_network(), (2, 16, 16), Neuron(tau=2.0, threshold=1.0))
    convolutions = [node for node in plan.nodes if isinstance(node, Convolution)]
    assert [node.groups for node in convolutions] == [1, 8, 1, 16, 1]
    assert [node.norm for node in convolutions] == [False, True, True, True, True]
    assert convolutions[0].padding == (1, 1)
    settings = [(node.neuron.tau, node.neuron.threshold) for node in convolutions if node.neuron]
    assert settings == [(4.0, 1.0), (2.0, 1.0), (2.0, 0.5), (2.0, 1.0), (2.0, 0.5)]


def test_spikes_may_be_added_and_the_longer_way_is_the_branch() -> None:
    class Sew(nn.Module):
        def __init__(self):
            super().__init__()
            self.branch = conv(4, 4)

        def forward(self, x):
            return x + self.branch(x)

    plan = plan_of([conv(3, 4), Sew()])
    assert plan.by_name["block2.sum"] == Sum(
        name="block2.sum", block=2, sources=("block2.branch.0", "block1.conv"), shape=(4, 32, 32)
    )


def test_tracing_leaves_modules_and_random_numbers_alone() -> None:
    blocks = residual_network()
    before, state = blocks[0][0].weight.clone(), torch.get_rng_state()
    plan_of(blocks)
    assert torch.equal(blocks[0][0].weight, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert blocks.training


def test_the_mark_gives_back_what_it_gets_and_refuses_impossible_neurons() -> None:
    x = torch.rand(2, 3)
    assert LIF()(x) is x
    with pytest.raises(ValueError, match="tau"):
        LIF(tau=0.5)


@pytest.mark.parametrize("blocks", [residual_network(2), separable_network(2)])
def test_networks_that_are_not_ours_are_trained_and_priced(blocks, monkeypatch) -> None:
    counts = np.random.default_rng(0).poisson(0.2, (48, 2, 2, 16, 16))
    made = SimpleNamespace(
        network=lambda _shape, _n_classes: blocks,
        data=lambda: tsearch.event_dataset(counts, np.arange(48) % 4),
        __file__="theirs.py",
    )
    monkeypatch.setitem(sys.modules, "theirs", made)
    backbone = {"name": "theirs:network"}
    backbone |= family("theirs:network").derived(backbone, (2, 16, 16), 4)
    phase = {"timesteps": [3, 2], "epochs": 1}
    configuration = Configuration.model_validate(
        {"backbone": backbone, "stages": [1, len(blocks) - 1], "schedule": [phase]}
    )
    result = train_and_price(configuration, 1, None, Task(data=DataSpec(name="theirs:data")))
    priced = {layer["name"] for layer in result.spikes["network"]["layers"]}
    assert {node.name for node in trace(blocks, (2, 16, 16), 4, Neuron()).nodes} <= priced
    assert priced == set(result.spikes["record"]["layers"])
    assert result.metrics["sop"] > 0


# ---------------------------------------------------------------------- refused by name


def conv(n_in=3, n_out=4, *more, kernel=3, **settings):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, **({"padding": kernel // 2} | settings)), LIF(), *more
    )


class Calls(nn.Module):
    """A block whose forward is `function`, with layers to call."""

    def __init__(self, function):
        super().__init__()
        self.function, self.conv, self.lif, self.act = (
            function,
            nn.Conv2d(3, 3, 3, padding=1),
            LIF(),
            nn.GELU(),
        )
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.function(self, x)


LAYER = r"block 1 has "
REFUSED = [
    (conv(3, 4, nn.GELU()), r"has a layer '2' \(GELU\) that the cost model does not know. Known: Conv2d, BatchNorm2d"),
    (Calls(lambda m, x: m.lif(m.conv(m.act(x)))), r"has a layer 'act' \(GELU\)"),
    (nn.Sequential(nn.Conv1d(3, 4, 3), LIF()), r"has a layer '0' \(Conv1d\)"),
    (conv(3, 4, nn.Flatten(), nn.Linear(9, 10)), "has a linear layer '3' .* is tsearch's own: leave it out"),
    (conv(3, 4, nn.Dropout(0.5)), "has a dropout '2'. Leave it out: the search space's training.dropout"),
    (nn.Sequential(nn.Conv2d(3, 4, 3)), "ends with the current of 'block1.conv', which drives no neurons"),
    (nn.Sequential(nn.Conv2d(3, 4, 3), *conv(4)), "has the convolution '1' behind the current of 'block1.conv'"),
    (nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), LIF()), "has the pool '1' behind the current of"),
    (conv(3, 4, LIF()), "has the neurons '2' where spikes arrive"),
    (nn.Sequential(nn.AvgPool2d(2)), "has no neurons. Put its layers into the block before"),
    (conv(bias=False), "has a convolution 'block1.conv' with neither BatchNorm nor bias"),
    (conv(3, 4, nn.BatchNorm2d(4)), "has the BatchNorm '2' elsewhere than behind a convolution"),
    (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=0.01), LIF()), "with momentum=0.01. Known: 0.1"),
    (conv(dilation=2), r"with dilation \(2, 2\). Known: 1"),
    (conv(padding_mode="circular"), "with padding_mode 'circular'. Known: zeros"),
    (conv(kernel=4, padding="same"), "with padding 'same' around an even kernel"),
    (conv(3, 4, nn.MaxPool2d(3, ceil_mode=True)), "with ceil_mode=True. Known: ceil_mode=False"),
    (conv(3, 4, nn.AvgPool2d(3, padding=1, count_include_pad=False)), "with count_include_pad=False"),
    (conv(3, 4, nn.AdaptiveAvgPool2d(5)), "from 32x32 to 5x5, which are no windows of one size"),
    (conv(3, 4, nn.MaxPool2d(64)), r"has a layer '2' \(MaxPool2d\) that .* 4x32x32 inputs"),
    (conv(5), r"has a layer '0' \(Conv2d\) for 5 channels, but 3 arrive"),
    (conv(3, 4, nn.Flatten(), nn.Identity()), "has '3' .Identity. behind Flatten"),
    (Calls(lambda m, x: functional.relu(m.lif(m.conv(x)))), r"calls relu\(\), which the cost model does not know"),
    (Calls(lambda m, x: m.lif(m.conv(x) * 2)), r"calls mul\(\)"),
    (Calls(lambda m, x: m.lif(m.conv(x) + 1)), "adds something else than two of its signals"),
    (Calls(lambda m, x: m.lif(m.conv(x).add_(x))), r"calls add_\(\)"),
    (Calls(lambda m, x: m.lif(m.conv(x) * m.weight)), "uses 'weight' outside a layer"),
    (Calls(lambda m, x: m.lif(m.conv(m.lif(m.conv(x))))), r"uses 'conv' \(Conv2d\) a second time"),
    (Calls(lambda m, x: m.lif(m.conv(x) + x)), "reads the frames more than once"),
    (Calls(lambda m, x: [m.lif(m.conv(x))]), "gives something else than one tensor"),
    (Calls(lambda m, x: m.lif(m.conv(x)) if x.sum() > 0 else x), "cannot be traced: .* may use layers and sums only"),
    (Calls(lambda m, x: torch.cat([m.lif(m.conv(x))])), r"calls cat\(\)"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "expected"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_what_a_plan_cannot_hold_is_refused_by_name(block, expected) -> None:
    with pytest.raises(BadNetworkError, match=f"^block 1 .*({expected})"):
        plan_of([block])


class TwoConvolutions(nn.Module):
    """Two convolutions of the same spikes and a forward that combines them."""

    def __init__(self, forward):
        super().__init__()
        self.one, self.two, self.lif, self.combine = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), LIF(), forward

    def forward(self, x):
        return self.combine(self, self.one(x), self.two(x))


def test_only_spikes_go_two_ways() -> None:
    twice = TwoConvolutions(lambda m, one, two: m.lif(one + two) + m.lif(one))
    with pytest.raises(BadNetworkError, match=r"block 2 reads the current of 'block2.one' twice"):
        plan_of([conv(), twice])


def test_what_is_not_used_is_refused() -> None:
    for unused in (lambda m, one, _two: m.lif(one), lambda m, one, two: (m.lif(two), m.lif(one))[1]):
        with pytest.raises(BadNetworkError, match=r"block 2 does not use the output of 'block2.two'"):
            plan_of([conv(), TwoConvolutions(unused)])


def test_only_the_last_block_may_be_flat_and_blocks_share_no_weights() -> None:
    with pytest.raises(BadNetworkError, match="block 1 flattens its output"):
        plan_of([conv(3, 4, nn.Flatten()), conv(4)])
    shared = conv(3, 3)
    with pytest.raises(BadNetworkError, match=r"block 2 uses '0' \(Conv2d\) a second time"):
        plan_of([shared, shared])


def test_a_sum_needs_two_signals_of_one_shape() -> None:
    class Wide(nn.Module):
        def __init__(self):
            super().__init__()
            self.branch = conv(4, 1)

        def forward(self, x):
            return x + self.branch(x)

    with pytest.raises(
        BadNetworkError, match=r"adds \[1, 32, 32\] of .* and \[4, 32, 32\] of .* not of one shape"
    ):
        plan_of([conv(), Wide()])


def test_a_flat_end_changes_no_feature() -> None:
    flat, plain = plan_of([conv(3, 4, nn.Flatten())]), plan_of([conv(3, 4)])
    assert flat == plain
    assert flat.nodes[-1].n_features == prod((4, 32, 32))


def test_settings_that_no_neuron_can_have_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^LIF: tau is 0.1: Input should be greater than or equal to 1$"):
        LIF(tau=0.1)


def test_learned_neurons_start_where_a_mark_says_and_later_settings_leave_the_hash_of_a_plan_alone() -> None:
    blocks = [
        nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), LIF(tau=3.0)),
        nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), LIF(threshold=0.4)),
    ]
    plan = trace(blocks, (1, 6, 6), 2, Neuron(tau=1e30, learned="both"))
    layers = [LayerNeurons(node.neuron) for node in plan.nodes[:-1]]
    assert [layer.values()["leak"] for layer in layers] == pytest.approx([2 / 3, 1.0])
    assert [layer.values()["threshold"] for layer in layers] == pytest.approx([1.0, 0.4])
    assert all(layer.leak.requires_grad and layer.threshold.requires_grad for layer in layers)
    blocks[1][2] = LIF()
    stored_before_neurons_learned = "73179ccab1c06ed0"
    assert plan_hash(trace(blocks, (1, 6, 6), 2, UNSET)) == stored_before_neurons_learned
