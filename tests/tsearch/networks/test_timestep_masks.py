"""Masks of timesteps: what scores make of them, what they make of a network, and what the loss says of them."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from tsearch.configuration import Configuration, Masks, Phase, Training
from tsearch.data.dataset import DatasetInfo
from tsearch.errors import TsearchError
from tsearch.networks.backbones.resnet import ResNet20
from tsearch.networks.backbones.spikformer import Spikformer
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import Network, build, initialise
from tsearch.networks.mask_scores import (
    decisions,
    first_scores,
    first_timesteps,
    mask_of,
    mask_term,
    surrogate,
)
from tsearch.pricing.describe import describe_network
from tsearch.pricing.reduction import reduction_of
from tsearch.training.augment import Labels
from tsearch.training.losses import make_loss, readout_loss

PREFIXES = ("prefix_sum", "suffix_sum", "gate_product")
MODES = (*PREFIXES, "free")
VGG = Vgg(widths=(3, 4, 5), pool_after=(1,), dense=(6,))
SPIKFORMER = Spikformer(width=16, layers=2, heads=2)
FAMILIES = (VGG, ResNet20(width=4), SPIKFORMER)
IMAGES = torch.rand(1, 6, 2, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(6) % 5

scores_of = some.lists(some.floats(-30, 30, width=32), min_size=2, max_size=12).map(torch.tensor)


def network(masks: Masks, backbone=VGG, timesteps=(8,), stages=None, **training) -> Network:
    config = Configuration(
        backbone=backbone,
        stages=stages or (backbone.depth,),
        schedule=(Phase(timesteps=timesteps, epochs=1),),
        training=Training(**training),
        masks=masks,
    )
    made = build(config, (2, 8, 8), 5)
    initialise(made, 0, 0)
    return lively(made)


def lively(made: Network) -> Network:
    """With biases that make neurons fire also where nothing arrives."""
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.bias.data.fill_(0.7)
    return made


def set_timesteps(made: Network, active: dict[str, int]) -> None:
    """Make layers run their first so many steps, in the mode "free", whose scores are the decisions themselves."""
    for name, n_active in active.items():
        for n_steps, scores in made.timestep_masks[name.replace(".", "_")].items():
            scores.data = torch.where(torch.arange(int(n_steps)) < n_active, 1.0, -1.0)


# B8 1: what a mask is


@pytest.mark.parametrize("mode", PREFIXES)
@given(scores_of, some.none() | some.integers(1, 12))
def test_a_mask_is_ones_then_zeros_and_begins_with_a_one(mode, scores, first) -> None:
    mask = mask_of(scores, Masks(mode=mode, initial_timesteps=first))
    assert mask.shape == scores.shape
    assert set(mask.tolist()) <= {0.0, 1.0}
    assert all(before >= after for before, after in pairwise(mask.tolist()))
    assert mask[0] == 1


@given(scores_of)
def test_a_free_mask_decides_every_timestep_but_the_first_alone(scores) -> None:
    mask = mask_of(scores, Masks(mode="free"))
    assert mask.tolist() == [1.0, *(scores[1:] > 0).float().tolist()]


@pytest.mark.parametrize("mode", MODES)
def test_at_first_so_many_timesteps_run_as_asked_for_and_half_of_them_by_default(mode) -> None:
    for n_steps, given_steps in product(range(1, 17), (None, *range(1, 17))):
        how = Masks(mode=mode, initial_timesteps=given_steps)
        mask = mask_of(first_scores(how, n_steps), how)
        expected = max(n_steps // 2, 1) if given_steps is None else min(given_steps, n_steps)
        assert mask.tolist() == [1.0] * expected + [0.0] * (n_steps - expected)
        assert first_timesteps(how, n_steps) == expected


# B8 2: the lower-triangular matrix


@given(scores_of)
def test_prefix_sums_are_those_of_a_lower_triangular_matrix_of_ones(scores) -> None:
    how, lower = Masks(mode="prefix_sum", initial_timesteps=3), torch.ones(len(scores), len(scores)).tril()
    theta = min(3, len(scores)) + 0.5
    amounts = torch.nn.functional.softplus(scores)
    torch.testing.assert_close(decisions(scores, how), theta - lower @ amounts)
    suffix = decisions(scores, Masks(mode="suffix_sum", initial_timesteps=3))
    torch.testing.assert_close(suffix, amounts @ lower - (len(scores) + 1 - theta))


@given(scores_of)
def test_a_product_of_gates_is_open_as_long_as_all_gates_so_far_are(scores) -> None:
    mask = mask_of(scores, Masks(mode="gate_product"))
    gates = (scores > 0).float()
    product_of_gates = gates.cumprod(0)
    assert mask.tolist() == [1.0, *product_of_gates[1:].tolist()]
    lower = torch.ones(len(scores), len(scores)).tril()
    assert torch.equal(product_of_gates, (lower @ gates == torch.arange(1, len(scores) + 1)).float())


# B8 4, in part: the surrogates


@given(some.floats(-50, 50), some.floats(0.1, 5))
def test_surrogates_are_the_two_formulas(z, width) -> None:
    rational = surrogate(torch.tensor(z), Masks(surrogate_width=width)).item()
    triangular = surrogate(torch.tensor(z), Masks(surrogate="triangular", surrogate_width=width)).item()
    assert rational == pytest.approx(1 / (1 + abs(z) / width) ** 2, rel=1e-4)
    assert triangular == pytest.approx(max(0, 1 - abs(z) / width) / width, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_of_scores_is_the_transposed_matrix_of_the_surrogates(mode) -> None:
    """dL/da[i] of prefix sums: minus the sum over t >= i of dL/dm[t] times the surrogate, none of the first step."""
    how = Masks(mode=mode)
    scores = torch.tensor([0.3, -0.4, 0.9, -1.2, 0.1], requires_grad=True)
    of_mask = torch.tensor([5.0, -2.0, 3.0, 0.5, -1.0])
    (mask_of(scores, how) * of_mask).sum().backward()
    push = of_mask * surrogate(decisions(scores.detach(), how), how)
    push[0] = 0
    lower = torch.ones(5, 5).tril()
    expected = {
        "prefix_sum": -(push @ lower) * scores.detach().sigmoid(),  # the derivative of softplus
        "suffix_sum": (lower @ push) * scores.detach().sigmoid(),
        "gate_product": push @ lower,
        "free": push,
    }
    torch.testing.assert_close(scores.grad, expected[mode])


# B8 3: one number per layer and timestep


@pytest.mark.parametrize("backbone", FAMILIES, ids=lambda backbone: backbone.name)
def test_a_mask_is_the_same_for_every_sample_and_neuron_and_for_all_data(backbone) -> None:
    made = network(Masks(mode="prefix_sum", initial_timesteps=2), backbone, (5,)).train()
    masks = made.masks((5,))
    assert masks == {node.name: (1, 1, 0, 0, 0) for node, _ in made.plan.neurons()}
    for frames in (IMAGES, IMAGES * 9, torch.zeros_like(IMAGES)):
        seen = {}
        outputs = made.run(frames, (5,), seen.__setitem__)
        for name, mask in outputs.masks.items():
            assert mask.shape == (5,)
            assert not seen[name][2:].any()
        assert made.masks((5,)) == masks


# B8 10: masks of ones


@pytest.mark.parametrize("loss", ["mean", "tet"])
@pytest.mark.parametrize("readout", ["all", "active"])
@pytest.mark.parametrize("backbone", FAMILIES, ids=lambda backbone: backbone.name)
def test_masks_of_ones_give_the_network_without_masks_bit_for_bit(backbone, readout, loss) -> None:
    made = {}
    for masks in (Masks(), Masks(mode="free", initial_timesteps=4, readout=readout)):
        made[masks.mode] = network(masks, backbone, (4,), loss=loss)
    plain, masked = made["none"], made["free"]
    masked.load_state_dict(plain.state_dict(), strict=False)
    losses = []
    for one in (plain, masked):
        outputs = one.train().run(IMAGES, (4,))
        losses.append(readout_loss(outputs, LABELS, one.configuration.training))
        losses[-1].backward()
    assert torch.equal(*losses)
    gradients = dict(masked.named_parameters())
    assert all(torch.equal(p.grad, gradients[name].grad) for name, p in plain.named_parameters())
    plain.eval(), masked.eval()
    for skips in (True, False):
        assert torch.equal(plain.run(IMAGES, (4,)).logits, masked.run(IMAGES, (4,), skips=skips).logits)


# B8 14: attention


@pytest.mark.parametrize("silent", ["query", "key", "value"])
def test_an_attention_gives_nothing_where_any_of_what_it_reads_is_masked(silent) -> None:
    made = network(Masks(mode="free", initial_timesteps=6), SPIKFORMER, (6,))
    set_timesteps(made, {f"block2.{silent}": 2})
    made.train()
    seen = {}
    made.run(IMAGES * 5, (6,), seen.__setitem__)
    module = made.module_of(made.plan.by_name["block2.attention"])
    current = module.current(*(seen[f"block2.{name}"] for name in ("query", "key", "value")))
    assert not current[2:].any()
    assert current[:2].any()


# What is chosen


def test_unknown_types_are_refused_with_those_of_the_family() -> None:
    with pytest.raises(TsearchError, match=r"masks.types: .* 'mlp'\. Its types: convolution, dense\.$"):
        network(Masks(mode="prefix_sum", types=("dense", "mlp")))
    with pytest.raises(TsearchError, match=r"'dense'\. Its types: patch, qkv, attention, mlp\."):
        network(Masks(mode="prefix_sum", types=("dense",)), SPIKFORMER)
    network(Masks(types=("mlp",)))  # where there are no masks, nothing is chosen


def test_the_layers_in_the_loss_are_those_of_the_types() -> None:
    made = network(Masks(mode="prefix_sum", types=("qkv", "mlp")), SPIKFORMER)
    blocks = [(2, ("query", "key", "value")), (3, ("fc1", "fc2")), (4, ("query", "key", "value"))]
    expected = [f"block{block}.{part}" for block, parts in [*blocks, (5, ("fc1", "fc2"))] for part in parts]
    assert list(made.timestep_masks.counted) == expected
    assert len(network(Masks(mode="prefix_sum"), SPIKFORMER).timestep_masks.counted) == 5 + 2 * 7


def test_layers_of_a_module_share_their_scores() -> None:
    made = network(Masks(mode="prefix_sum", granularity="module"), SPIKFORMER)
    modules = ["block1_patch", *(f"block{b}_{t}" for b, t in ((2, "qkv"), (2, "attention"), (3, "mlp")))]
    assert list(made.timestep_masks)[:4] == modules
    made.timestep_masks["block2_qkv"]["8"].data.fill_(1.5)  # three steps of softplus 1.70 fit into 4.5: two
    masks = made.masks((8,))
    assert {sum(masks[f"block2.{name}"]) for name in ("query", "key", "value")} == {2}
    assert sum(masks["block2.projection"]) == 4


def test_names_of_scores_hold_the_layer_and_the_timesteps_of_its_stage() -> None:
    made = network(Masks(mode="free"), ResNet20(width=4), (4, 2, 1), (3, 3, 3))
    names = [name for name in made.state_dict() if name.startswith("timestep_masks.")]
    stage = {node.name.replace(".", "_"): (4, 2, 1)[made.stage_of(node)] for node, _ in made.plan.neurons()}
    expected = [f"timestep_masks.{name}.{steps}" for name, steps in stage.items() if steps > 1]
    assert names == expected  # with one timestep, there is nothing to learn
    assert all(made.masks((4, 2, 1))[node.name] == (1,) for node, _ in made.plan.neurons() if node.block > 6)


# The loss


@given(
    some.lists(some.tuples(some.integers(1, 9), some.integers(0, 8)), min_size=1, max_size=5),
    some.integers(1, 10),
)
def test_the_term_of_the_loss_is_what_its_name_says(layers, target) -> None:
    """Against counting by hand, for layers of different stages."""
    sizes = [(n_steps, min(max(active, 1), n_steps)) for n_steps, active in layers]
    masks = [torch.tensor([1.0] * active + [0.0] * (n_steps - active)) for n_steps, active in sizes]
    away = [(min(target, n_steps) - active) / n_steps for n_steps, active in sizes]
    expected = {
        "mean": sum(active / n_steps for n_steps, active in sizes) / len(sizes),
        "target": sum(map(abs, away)) / len(sizes),
        "hinge": sum(max(part, 0) for part in away) / len(sizes),
    }
    for loss, value in expected.items():
        found = mask_term(masks, Masks(loss=loss, target=target)).item()
        assert found == pytest.approx(value)
        assert 0 <= found <= 1


def test_the_weight_multiplies_the_term_of_the_types_alone() -> None:
    made = network(Masks(mode="free", weight=3.0, types=("dense",), initial_timesteps=8))
    set_timesteps(made, {"block4": 2})
    outputs = made.train().run(IMAGES, (8,))
    (term,) = made.timestep_masks.loss_terms(outputs, LABELS, made.configuration.training)
    assert term.item() == pytest.approx(3.0 * 2 / 8)


# What reaches the readout


def test_timesteps_at_which_nothing_reaches_the_readout_have_no_loss_of_their_own() -> None:
    made = network(Masks(mode="free", initial_timesteps=8), loss="tet", tet_weight=0.3).train()
    set_timesteps(made, {"block4": 3})
    outputs = made.run(IMAGES * 4, (8,))
    assert outputs.steps.shape == (3, 6, 5)
    of_mean = torch.nn.functional.cross_entropy(outputs.logits, LABELS)
    of_steps = torch.stack([torch.nn.functional.cross_entropy(step, LABELS) for step in outputs.steps]).mean()
    loss = readout_loss(outputs, LABELS, made.configuration.training)
    torch.testing.assert_close(loss, 0.7 * of_mean + 0.3 * of_steps)


def test_the_shortcut_of_a_transformer_reaches_the_readout_past_a_masked_branch() -> None:
    made = network(Masks(mode="free", initial_timesteps=8), SPIKFORMER, loss="tet").train()
    set_timesteps(made, {node.name: 2 for node, _ in made.plan.neurons() if node.block > 1})
    assert len(made.run(IMAGES, (8,)).steps) == 8
    set_timesteps(made, {node.name: 5 for node, _ in made.plan.neurons() if node.block == 1})
    assert len(made.run(IMAGES, (8,)).steps) == 5


@pytest.mark.parametrize("loss", ["mean", "tet"])
@pytest.mark.parametrize(("readout", "n_steps"), [("all", 8), ("active", 3)])
def test_logits_are_made_of_the_mean_over_all_timesteps_or_over_those_that_run(
    readout, n_steps, loss
) -> None:
    made = network(Masks(mode="free", initial_timesteps=8, readout=readout), loss=loss)
    set_timesteps(made, {"block4": 3})
    for is_training in (True, False):
        made.train(is_training)
        seen = {}
        logits = made.run(IMAGES * 4, (8,), seen.__setitem__).logits
        features = seen["block4"].flatten(2).sum(0) / n_steps
        assert features.any()
        torch.testing.assert_close(logits, torch.nn.functional.linear(features, *made.head.parameters()))
        torch.testing.assert_close(logits, made.run(IMAGES * 4, (8,), skips=False).logits)


@pytest.mark.parametrize("mode", ["score_mix", "static_mix", "rank1_score", "bucket", "truncate"])
def test_a_temporal_transformer_reads_zeros_where_the_stage_before_it_is_masked(mode) -> None:
    masks = Masks(mode="free", initial_timesteps=6, weight=0.1)
    made = network(masks, timesteps=(6, 3), stages=(2, 2))
    config = made.configuration.model_copy(update={"temporal_transformer": mode})
    made = lively(build(config, (2, 8, 8), 5))
    initialise(made, 0, 0)
    set_timesteps(made, {"block2": 2})
    given_to = []
    transformer = made.boundaries["after_block2_6_to_3"]
    transformer.register_forward_pre_hook(lambda _, inputs: given_to.append(inputs[0]))
    outputs = made.train().run(IMAGES * 3, (6, 3))
    assert given_to[0].shape[0] == 6
    assert not given_to[0][2:].any()
    make_loss(made)(outputs, Labels(LABELS)).backward()
    assert all(p.grad is not None for p in made.parameters())
    made.eval()
    torch.testing.assert_close(
        made.run(IMAGES, (6, 3)).logits, made.run(IMAGES, (6, 3), skips=False).logits, atol=1e-6, rtol=0
    )


def test_early_classifiers_read_the_mean_with_the_masked_steps_as_zeros() -> None:
    made = network(Masks(mode="free", initial_timesteps=6), timesteps=(6, 3), stages=(2, 2))
    set_timesteps(made, {"block2": 2})
    seen = {}
    outputs = made.train().run(IMAGES * 3, (6, 3), seen.__setitem__)
    features = seen["block2"].sum(0).mean((2, 3)) / 6
    linear = made.early_classifiers["after_block2"].linear
    torch.testing.assert_close(outputs.early[0], linear(features))


# What pricing reads


def test_the_priced_network_has_the_masks() -> None:
    made = network(Masks(mode="free", initial_timesteps=4))
    set_timesteps(made, {"block2": 7})
    info = DatasetInfo("toy", (2, 8, 8), 5, is_static=True, input_class="analog")
    spec = describe_network(made.configuration, info, (8,), reduction_of(made, (8,)))
    assert [sum(layer.mask) for layer in spec.layers if layer.neuron] == [4, 7, 4, 4]
