"""Networks: timesteps per stage, early classifiers that vanish, a first convolution that runs once."""

import pytest
import torch
from torch import nn

import tsearch.networks.modules as modules
from tsearch.configuration import Configuration, Phase
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.modules import ConvolutionModule, PoolModule
from tsearch.networks.neuron import fire
from tsearch.networks.plan import INPUT, Convolution, Pool

SHAPE = (2, 8, 8)


def configuration(stages=(1, 1, 1), timesteps=(4, 2, 1), **more) -> Configuration:
    return Configuration(
        **(
            {
                "backbone": Vgg(widths=(3, 4, 5), pool_after=(1,)),
                "stages": stages,
                "temporal_transformer": "score_mix",
            }
            | {"schedule": (Phase(timesteps=timesteps, epochs=1),)}
            | more
        )
    )


def network(*arguments, for_inference=False, **more):
    built = build(configuration(*arguments, **more), SHAPE, 10, for_inference=for_inference)
    initialise(built, seed=0, replicate=0)
    return built


def frames(timesteps: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 3, (timesteps, 6, *SHAPE), generator=torch.Generator().manual_seed(seed)).float()


@pytest.mark.parametrize(
    ("stages", "timesteps", "expected"),
    [((1, 1, 1), (4, 2, 1), [4, 2, 1]), ((1, 2), (6, 3), [6, 3, 3]), ((3,), (5,), [5, 5, 5])],
)
def test_neurons_of_a_stage_step_exactly_its_timesteps(monkeypatch, stages, timesteps, expected) -> None:
    """SSNN 1."""
    stepped = []

    def counting(current, steps, neuron, norm):
        spikes = fire(current, steps, neuron, norm=norm)
        stepped.append(spikes.shape[0])
        return spikes

    monkeypatch.setattr(modules, "fire", counting)
    assert network(stages, timesteps)(frames(timesteps[0])).shape == (6, 10)
    assert stepped == expected


def test_boundaries_have_one_transformer_and_one_early_classifier_each() -> None:
    """SSNN 2."""
    three = network()
    assert list(three.boundaries) == ["after_block1_4_to_2", "after_block2_2_to_1"]
    assert len(three.early_classifiers) == 2
    assert len(three.train().run(frames(4), (4, 2, 1)).early) == 2
    assert three.eval().run(frames(4), (4, 2, 1)).early == ()


def test_earlier_phases_bring_their_own_transformers_and_share_the_weights() -> None:
    schedule = (Phase(timesteps=(8, 8), epochs=1), Phase(timesteps=(4, 2), epochs=1))
    both = network((1, 2), schedule=schedule)
    assert list(both.boundaries) == ["after_block1_8_to_8", "after_block1_4_to_2"]
    assert both.run(frames(8), (8, 8)).logits.shape == both.run(frames(4), (4, 2)).logits.shape


def test_without_early_classifiers_the_logits_are_the_same_to_the_bit() -> None:
    """SSNN 6."""
    whole, bare = network().eval(), network(for_inference=True).eval()
    bare.load_state_dict(
        {name: value for name, value in whole.state_dict().items() if name in bare.state_dict()}
    )
    assert not any("early" in name for name in bare.state_dict())
    assert torch.equal(whole(frames(4)), bare(frames(4)))


def test_nothing_is_left_over_from_one_forward_pass_to_the_next() -> None:
    """SSNN 10."""
    net = network().eval()
    first = net(frames(4))
    net(frames(4, seed=1))
    assert torch.equal(first, net(frames(4)))


def test_one_stage_with_a_bucket_boundary_of_equal_timesteps_is_the_plain_network() -> None:
    """SSNN 11."""
    plain, divided = network((3,), (4,)).eval(), network((1, 2), (4, 4), temporal_transformer="bucket").eval()
    weights = [p.detach() for p in plain.parameters()]
    with torch.no_grad():
        kept = [p for name, p in divided.named_parameters() if "early" not in name]
        for mine, theirs in zip(kept, weights, strict=True):
            mine.copy_(theirs)
    assert torch.equal(plain(frames(4)), divided(frames(4)))


def test_direct_encoding_runs_the_first_convolution_once_with_the_same_result(monkeypatch) -> None:
    net = network((3,), (4,)).eval()
    first = net.blocks["1"]["main"]
    image, normalised, calls = frames(1), first.normalised, []
    monkeypatch.setattr(first, "normalised", lambda x: calls.append(len(x)) or normalised(x))
    once = net(image)
    repeated = net(image.expand(4, -1, -1, -1, -1))
    assert calls == [6, 24]
    torch.testing.assert_close(once, repeated)


def test_one_frame_of_events_is_no_static_image() -> None:
    """In a network of four timesteps it would have been taken for all of them."""
    of_events = build(configuration(), SHAPE, 10, is_static=False)
    assert of_events(frames(4)).shape == (6, 10)
    for run in (of_events, lambda x: of_events.run(x, (4, 2, 1))):
        with pytest.raises(
            ValueError, match=r"be \[4, samples, 2, 8, 8\], events of every timestep; found \[1, 6, 2, 8, 8\]"
        ):
            run(frames(1))
    one = build(configuration(timesteps=(1, 1, 1)), SHAPE, 10, is_static=False)
    assert one(frames(1)).shape == (6, 10)


def test_weights_are_a_function_of_seed_replicate_and_first_phase() -> None:
    def weights(seed=0, replicate=0, **more):
        built = build(configuration(**more), SHAPE, 10)
        initialise(built, seed, replicate)
        return {name: value.clone() for name, value in built.state_dict().items()}

    same, again = weights(), weights()
    assert all(torch.equal(same[name], again[name]) for name in same)
    for other in (weights(seed=1), weights(replicate=1), weights(stages=(3,), timesteps=(4,))):
        assert not torch.equal(same["head.weight"], other["head.weight"])
    longer = weights(schedule=(Phase(timesteps=(4, 2, 1), epochs=1), Phase(timesteps=(1, 1, 1), epochs=1)))
    assert all(torch.equal(same[name], longer[name]) for name in same)


def test_an_early_loss_weight_of_zero_leaves_the_early_classifiers_without_gradient() -> None:
    net = network().train()
    outputs = net.run(frames(4), (4, 2, 1))
    outputs.logits.sum().backward()
    assert all(parameter.grad is None for parameter in net.early_classifiers.parameters())
    assert all(parameter.grad is not None for parameter in net.head.parameters())


def test_a_block_normalises_pools_and_fires() -> None:
    torch.manual_seed(0)
    neuron = configuration().neuron
    node = Convolution(
        name="block1", block=1, sources=(INPUT,), in_shape=SHAPE, shape=(3, 8, 8), neuron=neuron
    )
    block = ConvolutionModule(node)
    pool = PoolModule(Pool(name="pool1", block=1, sources=("block1",), in_shape=(3, 8, 8), shape=(3, 4, 4)))
    x = frames(2)
    by_hand = nn.functional.avg_pool2d(
        fire(block.norm(block.conv(x.flatten(0, 1))).view(2, 6, 3, 8, 8), 2, neuron).flatten(0, 1), 2
    ).view(2, 6, 3, 4, 4)
    assert torch.equal(pool(block(x, 2), 2), by_hand)
    assert set(by_hand.unique().tolist()) <= {0, 0.25, 0.5, 0.75, 1}


def test_outside_training_the_normalisation_is_part_of_the_weights() -> None:
    torch.manual_seed(0)
    node = Convolution(name="block1", block=1, sources=(INPUT,), in_shape=SHAPE, shape=(3, 8, 8))
    block = ConvolutionModule(node).double()
    nn.init.uniform_(block.norm.weight, 0.5, 2)
    nn.init.uniform_(block.norm.bias, -1, 1)
    x = frames(2).double().flatten(0, 1)
    block.norm(block.conv(x))  # running statistics other than 0 and 1
    block.eval()
    torch.testing.assert_close(block.normalised(x), block.norm(block.conv(x)))


@pytest.mark.parametrize("shape", [(3, 6, *SHAPE), (4, 6, 2, 8), (4, 6, 2, 9, 8)])
def test_frames_of_another_shape_are_refused_with_the_expected_one(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"frames must be \[4, samples, 2, 8, 8\]"):
        network()(torch.zeros(shape))


def test_modules_know_their_stage_and_losses_the_timesteps() -> None:
    built = network((1, 2), (4, 2)).train()
    stages = {name: part.node.stage for name, part in built.named_modules() if hasattr(part, "node")}
    assert {name: stages[name] for name in ("blocks.1.main", "blocks.2.main", "blocks.3.main")} == {
        "blocks.1.main": 0, "blocks.2.main": 1, "blocks.3.main": 1,
    }  # fmt: skip
    assert built.run(frames(4), (4, 2)).timesteps == (4, 2)
