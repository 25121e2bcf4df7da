"""Early classifiers of every kind: where they read, what they are made of, and that nothing of them is left."""

from itertools import pairwise, product

import pytest
import torch

from tsearch.configuration import Configuration, Phase, Training
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.neuron import fire
from tsearch.pricing.describe import describe_network

SHAPE, TIMESTEPS = (2, 8, 8), (4, 2, 1)
KINDS = list(product(("before", "after"), ("linear", "convolution")))
NAMES = {
    ("before", "linear"): "after_block1",  # as it was called when there was no other
    ("after", "linear"): "after_transformer1",
    ("before", "convolution"): "after_block1_convolution",
    ("after", "convolution"): "after_transformer1_convolution",
}


def network(tap: str, head: str, *, for_inference=False, timesteps=TIMESTEPS, **more) -> Network:
    config = Configuration(
        backbone=Vgg(widths=(3, 4, 5), pool_after=(1,)),
        stages=(1, 1, 1),
        schedule=(Phase(timesteps=timesteps, epochs=1),),
        temporal_transformer="score_mix",
        training=Training(early_tap=tap, early_head=head, loss="mean"),
        **more,
    )
    built = build(config, SHAPE, 10, for_inference=for_inference)
    initialise(built, seed=0, replicate=0)
    return built


def frames(seed: int = 0, timesteps: int = 4) -> torch.Tensor:
    return torch.randint(0, 3, (timesteps, 6, *SHAPE), generator=torch.Generator().manual_seed(seed)).float()


@pytest.mark.parametrize(("tap", "head"), KINDS)
def test_every_kind_has_names_of_its_own(tap: str, head: str) -> None:
    net = network(tap, head)
    assert next(iter(net.early_classifiers)) == NAMES[tap, head]
    own = {name for name in net.state_dict() if name.startswith("early")}
    for other in KINDS:
        if other != (tap, head):
            assert own.isdisjoint(network(*other).state_dict())


@pytest.mark.parametrize("head", ["linear", "convolution"])
def test_the_tap_is_the_output_of_the_stage_or_of_its_temporal_transformer(head: str) -> None:
    """Read again, by hand, from what a recording of the forward pass sees."""
    read: dict[str, torch.Tensor] = {}
    before, after = network("before", head).train(), network("after", head).train()
    for net in (before, after):
        seen: dict[str, torch.Tensor] = {}
        early = net.run(frames(), TIMESTEPS, seen.__setitem__).early
        first = next(iter(net.early_classifiers.values()))
        mapped = net.boundaries["after_block1_4_to_2"](seen["pool1"])
        read = {"before": seen["pool1"], "after": mapped}
        tap = net.configuration.training.early_tap
        torch.testing.assert_close(early[0], first(read[tap]))
        assert len(read[tap]) == (4 if tap == "before" else 2)


def test_the_convolutional_head_is_convolution_norm_neurons_average_and_a_linear_layer() -> None:
    net = network("before", "convolution").train()
    head = net.early_classifiers["after_block1_convolution"]
    x = torch.rand(4, 6, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    current = head.norm(head.conv(x.flatten(0, 1))).view(4, 6, 3, 4, 4)
    spikes = fire(current, 4, net.configuration.neuron, norm=None)
    per_step = torch.stack([head.linear(step.mean((-2, -1))) for step in spikes])
    assert spikes.mean() > 0
    torch.testing.assert_close(head(x), per_step.mean(0))
    n = sum(p.numel() for p in head.parameters())
    assert n == 3 * 3 * 9 + 2 * 3 + (3 + 1) * 10


@pytest.mark.parametrize(("tap", "head"), KINDS)
def test_without_early_classifiers_logits_names_and_costs_are_the_same(tap: str, head: str) -> None:
    """SSNN 6."""
    whole, bare = network(tap, head).eval(), network(tap, head, for_inference=True).eval()
    assert not any("early" in name for name in bare.state_dict())
    bare.load_state_dict({name: whole.state_dict()[name] for name in bare.state_dict()})
    assert torch.equal(whole(frames()), bare(frames()))
    info = DatasetInfo("x", SHAPE, 10, is_static=False, input_class="graded")
    assert describe_network(whole.configuration, info) == describe_network(
        network("before", "linear").configuration, info
    )


@pytest.mark.parametrize(("tap", "head"), KINDS)
def test_every_early_classifier_and_temporal_transformer_gets_a_gradient(tap: str, head: str) -> None:
    """SSNN 5. The first layer of `score_mix` only once the second one is no longer zero: after one step."""
    net = network(tap, head).train()
    labels = torch.arange(6)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        outputs = net.run(frames(), TIMESTEPS)
        loss = torch.nn.functional.cross_entropy(outputs.logits, labels)
        terms = net.early_classifiers.loss_terms(outputs, labels, net.configuration.training)
        (loss + sum(terms)).backward()
        optimizer.step()
    for part in (net.early_classifiers, net.boundaries["after_block1_4_to_2"]):
        for name, parameter in part.named_parameters():
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(("tap", "head"), KINDS)
def test_at_a_weight_of_zero_the_other_gradients_are_those_without(tap: str, head: str) -> None:
    """SSNN 5."""
    labels = torch.arange(6)

    def gradients(net: Network, *, early: bool) -> dict[str, torch.Tensor]:
        outputs = net.train().run(frames(), TIMESTEPS)
        loss = torch.nn.functional.cross_entropy(outputs.logits, labels)
        training = net.configuration.training.model_copy(update={"early_loss_weight": 0.0})
        for term in net.early_classifiers.loss_terms(outputs, labels, training) if early else ():
            loss = loss + term
        loss.backward()
        return {
            name: parameter.grad for name, parameter in net.named_parameters() if parameter.grad is not None
        }

    bare = network(tap, head, for_inference=True)
    bare.load_state_dict({name: network(tap, head).state_dict()[name] for name in bare.state_dict()})
    expected, found = gradients(bare, early=False), gradients(network(tap, head), early=True)
    for name, gradient in expected.items():
        assert torch.equal(found[name], gradient), name
    assert all(not found[name].any() for name in set(found) - set(expected))


def test_an_early_classifier_shortens_the_way_of_the_gradient() -> None:
    """SSNN 7. With the loss of the first one alone, the first block gets a gradient and the others none."""
    for tap, head in KINDS:
        net = network(tap, head).train()
        torch.nn.functional.cross_entropy(net.run(frames(), TIMESTEPS).early[0], torch.arange(6)).backward()
        norms = [net.blocks[str(block)]["main"].conv.weight.grad for block in (1, 2, 3)]
        assert norms[0].abs().sum() > 0
        assert norms[1:] == [None, None]


@pytest.mark.parametrize(("tap", "head"), KINDS)
def test_nothing_of_the_heads_is_left_from_one_pass_to_the_next(tap: str, head: str) -> None:
    """SSNN 10."""
    net = network(tap, head).train()
    with torch.no_grad():
        first, again = (net.run(frames(), TIMESTEPS).early for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one, other)


def test_predictions_take_nothing_from_early_classifiers() -> None:
    """SSNN 8. The logits of training and of inference are the same whatever the heads say."""
    for tap, head in KINDS:
        net = network(tap, head)
        before = [net.train(mode).run(frames(), TIMESTEPS).logits for mode in (True, False)]
        fresh = network(tap, head)
        for parameter in fresh.early_classifiers.parameters():
            torch.nn.init.constant_(parameter, 3.0)
        after = [fresh.train(mode).run(frames(), TIMESTEPS).logits for mode in (True, False)]
        assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_static_images_are_read_too() -> None:
    for tap, head in KINDS:
        net = network(tap, head).train()
        outputs = net.run(frames(timesteps=1), TIMESTEPS)
        assert [tuple(logits.shape) for logits in outputs.early] == [(6, 10)] * 2


def test_weights_of_the_heads_are_drawn_by_their_names() -> None:
    nets = [network(tap, head) for tap, head in KINDS]
    drawn = [next(iter(net.early_classifiers.values())).linear.weight for net in nets]
    assert not any(torch.equal(one, other) for one, other in pairwise(drawn))
    assert torch.equal(drawn[0], next(iter(network(*KINDS[0]).early_classifiers.values())).linear.weight)
