"""SSNN on its own networks: VGG-9 and ResNet-18 on 48 x 48 events, any division into stages and any timesteps that do
not grow. Sizes, products and averages are those counted by hand for these networks.

What makes a network SSNN-style has numbers, which tests name where they show it:

1  shapes, and how often the neurons of a stage step     7  early classifiers bring a larger gradient to the first layer
2  one transformer and classifier between stages         8  the loss is a sum of cross-entropies
3  mixing weights sum to 1 and start as buckets          9  products are those of every stage times its timesteps
4  time is mixed, and nothing else                       10 nothing is left from one pass to the next
5  gradients reach what they should, and nothing else    11 equal timesteps are the plain network
6  early classifiers leave no trace                      12 the neuron and its surrogate
"""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import hwcost
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks import boundary
from tsearch.networks.backbones.resnet import ResNet18
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.boundary import PRIOR_EPS, TEMPORAL_TRANSFORMERS, ScoreMix, bucket_matrix
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.plan import Neuron
from tsearch.pricing.describe import describe_network

SHAPE = (2, 48, 48)
INFO = DatasetInfo("events", SHAPE, 10, is_static=False, input_class="graded")
VGG9 = Vgg(widths=(64, 128, 256, 256, 512, 512, 512, 512), pool_after=(2, 4, 6, 8))
# Millions of products of every convolution at one timestep.
VGG9_MMAC = (2.65, 169.9, 169.9, 339.7, 169.9, 339.7, 84.9, 84.9)
NARROW = {
    "vgg9": Vgg(widths=(2,) * 8, pool_after=(2, 4, 6, 8)),
    "resnet18": ResNet18(width=2),
}


def network(backbone, stages, timesteps, *, mode="score_mix", **more) -> Network:
    config = Configuration(
        backbone=backbone,
        stages=stages,
        schedule=(Phase(timesteps=timesteps, epochs=1),),
        temporal_transformer=mode,
        **more,
    )
    built = build(config, SHAPE, 10, is_static=False)
    initialise(built, seed=0, replicate=0)
    return built


def events(timesteps: int, samples: int = 2, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 3, (timesteps, samples, *SHAPE), generator=generator).float()


@st.composite
def divided(draw) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """A backbone, any division of its blocks into stages, and timesteps that do not grow."""
    name = draw(st.sampled_from(sorted(NARROW)))
    depth = NARROW[name].depth
    cuts = draw(st.sets(st.integers(1, depth - 1)))
    stages = tuple(after - before for before, after in pairwise([0, *sorted(cuts), depth]))
    timesteps = draw(st.lists(st.integers(1, 4), min_size=len(stages), max_size=len(stages)))
    return name, stages, tuple(sorted(timesteps, reverse=True))


@settings(max_examples=15)
@given(divided())
def test_any_division_and_timesteps_run_at_48_pixels_every_stage_its_own_steps(case) -> None:
    """SSNN 1 and 2."""
    name, stages, timesteps = case
    net = network(NARROW[name], stages, timesteps).train()
    steps: dict[int, set[int]] = {}

    def observe(node: str, value: torch.Tensor) -> None:
        if node in net.plan.by_name:
            steps.setdefault(net.plan.by_name[node].block, set()).add(len(value))

    outputs = net.run(events(timesteps[0]), timesteps, observe)
    assert outputs.logits.shape == (2, 10)
    blocks = [stage for stage, n_blocks in enumerate(stages) for _ in range(n_blocks)]
    assert steps == {block: {timesteps[stage]} for block, stage in enumerate(blocks, start=1)}
    assert len(outputs.early) == len(net.early_classifiers) == len(net.boundaries) == len(stages) - 1


def test_timesteps_that_grow_are_refused() -> None:
    """SSNN 2."""
    with pytest.raises(ValidationError, match=r"timesteps \[2, 4, 1\] increase"):
        Phase(timesteps=(2, 4, 1), epochs=1)


@pytest.mark.parametrize("t_in", [1, 2, 5, 8])
@pytest.mark.parametrize("mode", ["score_mix", "static_mix"])
def test_a_transformer_starts_as_an_average_over_buckets(mode: str, t_in: int, monkeypatch) -> None:
    """SSNN 3. With an epsilon of 1e-6 to rounding, and as many steps stay as they are; with ours to epsilon T_in."""
    x = torch.rand(t_in, 3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    for eps, within in ((1e-6, 1e-4), (PRIOR_EPS, PRIOR_EPS * t_in)):
        monkeypatch.setattr(boundary, "PRIOR_EPS", eps)
        for t_out in range(1, t_in + 1):
            made = TEMPORAL_TRANSFORMERS[mode](t_in, t_out)
            made.start()
            averages = torch.einsum("ot,t...->o...", bucket_matrix(t_in, t_out), x)
            assert (made(x) - averages).abs().max() < within
            assert t_in != t_out or torch.equal(averages, x)


def learned(mode: str, t_in: int, t_out: int) -> torch.nn.Module:
    """A transformer after some steps of training towards random targets."""
    torch.manual_seed(0)
    made = TEMPORAL_TRANSFORMERS[mode](t_in, t_out)
    made.start()
    optimizer = torch.optim.Adam(made.parameters(), lr=0.1)
    generator = torch.Generator().manual_seed(1)
    x, target = (
        torch.rand(t_in, 4, 2, 3, 3, generator=generator),
        torch.rand(t_out, 4, 2, 3, 3, generator=generator),
    )
    for _ in range(5):
        optimizer.zero_grad()
        ((made(x) - target) ** 2).sum().backward()
        optimizer.step()
    return made


@pytest.mark.parametrize("mode", ["score_mix", "static_mix", "rank1_score"])
def test_after_training_the_order_in_time_matters_and_that_of_samples_does_not(mode: str) -> None:
    """SSNN 4."""
    made = learned(mode, 4, 2)
    x = torch.rand(4, 4, 2, 3, 3, generator=torch.Generator().manual_seed(2))
    order = [2, 0, 3, 1]
    assert (made(x) - made(x.flip(0))).abs().max() > 1e-3
    torch.testing.assert_close(made(x)[:, order], made(x[:, order]))


@pytest.mark.parametrize("mode", ["score_mix", "static_mix", "rank1_score", "bucket", "truncate"])
def test_values_are_mixed_over_time_alone(mode: str) -> None:
    """SSNN 4. Of one pixel of one channel of one sample, the output is a mixture of that pixel's own values: with
    weights from the scores, which are means over the sample, held as they are by shuffling its pixels."""
    made = learned(mode, 4, 2) if mode not in ("bucket", "truncate") else TEMPORAL_TRANSFORMERS[mode](4, 2)
    x = torch.rand(4, 3, 2, 3, 3, generator=torch.Generator().manual_seed(3))
    shuffled = x.flatten(2)[:, :, torch.randperm(18, generator=torch.Generator().manual_seed(4))]
    order = torch.randperm(18, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(made(x).flatten(2)[:, :, order], made(shuffled.view(x.shape)).flatten(2))
    changed = x.clone()
    changed[:, 0] = torch.rand(4, 2, 3, 3, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(made(x)[:, 1:], made(changed)[:, 1:])


def test_weights_of_vgg9_of_its_early_classifiers_and_of_a_transformer_are_those_counted_by_hand() -> None:
    """Convolutions with biases 9,219,904, the last layer 46,090; heads 1,290, 2,570 and 5,130; `score_mix` from 8 steps
    to 6 has 504, and 16 of the norm of its scores."""
    assert (
        VGG9.plan(SHAPE, 10, Configuration.model_fields["neuron"].default).n_parameters == 9_219_904 + 46_090
    )
    with torch.device("meta"):
        net = Network(
            Configuration(
                backbone=VGG9, stages=(2, 2, 2, 2), schedule=(Phase(timesteps=(8, 6, 4, 2), epochs=1),)
            ), SHAPE, 10, 0, for_inference=False, is_static=False,
        )  # fmt: skip
    heads = [sum(p.numel() for p in head.parameters()) for head in net.early_classifiers.values()]
    assert heads == [1290, 2570, 5130]
    assert sum(p.numel() for p in ScoreMix(8, 6).parameters()) == 504 + 2 * 8


def test_the_three_averages_of_vgg9() -> None:
    """{8, 6, 4, 2}: 5.00 by stage, 5.00 by layer of neurons, 5.006 by product; the linear layer has no neurons."""
    config = Configuration(
        backbone=VGG9, stages=(2, 2, 2, 2), schedule=(Phase(timesteps=(8, 6, 4, 2), epochs=1),)
    )
    spec = describe_network(config, INFO)
    assert hwcost.mean_timesteps(spec) == (5, 5, pytest.approx(5.006, abs=5e-4))


def test_products_are_those_of_every_stage_times_its_timesteps() -> None:
    """SSNN 9. Counted in the convolutions that run, for VGG-9 8 x 172.6 + 6 x 509.6 + 4 x 509.6 + 2 x 169.8 million."""
    narrow = Vgg(widths=tuple(width // 8 for width in VGG9.widths), pool_after=VGG9.pool_after)
    products = []

    def count(_, inputs, output) -> None:
        (x,) = inputs
        products.append(output.numel() * x.shape[1] * 9)

    def counted(timesteps: tuple[int, ...]) -> int:
        products.clear()
        net = network(narrow, (2, 2, 2, 2), timesteps, mode="bucket").train()
        for module in net.blocks.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(count)
        net.run(events(timesteps[0], samples=1), timesteps)
        return sum(products)

    # an eighth of the channels on both sides, but for the two of the input
    of_layers = [mmac * 1e6 / (8 if i == 0 else 64) for i, mmac in enumerate(VGG9_MMAC)]
    shrinking = sum(t * sum(of_layers[2 * i : 2 * i + 2]) for i, t in enumerate((8, 6, 4, 2)))
    assert counted((8, 6, 4, 2)) == pytest.approx(shrinking, rel=2e-3)
    assert counted((8, 8, 8, 8)) == pytest.approx(8 * sum(of_layers), rel=2e-3)
    assert shrinking < 8 * sum(of_layers)


def test_resnet18_is_cut_before_each_group_of_half_the_size() -> None:
    """Stem and two blocks, then two blocks a stage, of 64, 128, 256 and 512 channels on 48, 24, 12 and 6 pixels."""
    plan = ResNet18().plan(SHAPE, 10, Configuration.model_fields["neuron"].default)
    ends = [plan.block_output(block).shape for block in (3, 5, 7)]
    assert ends == [(64, 48, 48), (128, 24, 24), (256, 12, 12)]
    assert plan.depth == 9
    assert plan.readout.n_features == 512


@pytest.mark.parametrize("name", sorted(NARROW))
def test_two_passes_over_the_same_events_are_the_same(name: str) -> None:
    """SSNN 10."""
    depth = NARROW[name].depth
    net = network(NARROW[name], (2, 2, depth - 4), (4, 2, 1)).eval()
    first = net(events(4))
    net(events(4, seed=1))
    assert torch.equal(first, net(events(4)))


@pytest.mark.parametrize("name", sorted(NARROW))
def test_equal_timesteps_with_buckets_are_the_plain_network(name: str) -> None:
    """SSNN 11."""
    depth = NARROW[name].depth
    plain = network(NARROW[name], (depth,), (3,)).eval()
    stages = network(NARROW[name], (2, 3, depth - 5), (3, 3, 3), mode="bucket").eval()
    stages.load_state_dict(plain.state_dict(), strict=False)
    assert torch.equal(plain(events(3)), stages(events(3)))


def test_early_classifiers_bring_a_larger_gradient_to_the_first_convolution() -> None:
    """SSNN 7. In six convolutions without BatchNorm, for at least four of five seeds; with the same weights and events.
    benchmarks/ssnn_ablation.py tells by how much, and where that makes a difference."""
    more = 0
    for seed in range(5):
        net = network(
            Vgg(widths=(8,) * 6, pool_after=(2, 4), norm="none"),
            (2, 2, 2),
            (4, 2, 1),
            mode="bucket",
            neuron=Neuron(threshold=0.5, surrogate="triangular", surrogate_width=2.0),
        ).train()
        initialise(net, seed, 0)
        labels = torch.arange(8)
        outputs = net.run(events(4, samples=8, seed=seed), (4, 2, 1))
        final = torch.nn.functional.cross_entropy(outputs.logits, labels)
        early = sum(net.early_classifiers.loss_terms(outputs, labels, net.configuration.training))
        first = net.blocks["1"]["main"].conv.weight
        without, those = (
            torch.autograd.grad(loss, first, retain_graph=True)[0].norm() for loss in (final, final + early)
        )
        more += bool(those > without)
    assert more >= 4
