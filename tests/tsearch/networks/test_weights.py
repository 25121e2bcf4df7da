"""Weights move between networks, and nothing is lost without being named."""

import pytest
import torch

from tsearch.configuration import Configuration, DataSpec, Phase, Task
from tsearch.data import load_dataset
from tsearch.errors import TsearchError
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.boundary import TEMPORAL_TRANSFORMERS
from tsearch.networks.build import build, initialise
from tsearch.networks.weights import OF_STAGES, current_names, load_weights
from tsearch.training.checkpoints import unpack_weights
from tsearch.training.evaluate import measure
from tsearch.training.loop import train

SHAPE = (2, 8, 8)
WIDTHS = (3, 4, 5)


def configuration(stages, *vectors, widths=WIDTHS, mode="score_mix") -> Configuration:
    return Configuration(
        backbone=Vgg(widths=widths, pool_after=(1,)),
        stages=stages,
        schedule=tuple(Phase(timesteps=vector, epochs=1) for vector in vectors),
        temporal_transformer=mode,
    )


def network(*arguments, **more):
    built = build(configuration(*arguments, **more), SHAPE, 10)
    initialise(built, 0, 0)
    return built


def test_names_depend_neither_on_the_division_nor_on_later_phases() -> None:
    one, three = network((3,), (4,)), network((1, 1, 1), (4, 2, 2), (2, 1, 1))
    shared = one.state_dict().keys()
    assert shared < three.state_dict().keys()
    assert {name.partition(".")[0] for name in three.state_dict().keys() - shared} == set(OF_STAGES)
    assert {"blocks.1.main.conv.weight", "blocks.3.main.norm.running_var", "head.bias"} <= shared
    assert "boundaries.after_block2_2_to_2.expand.bias" in three.state_dict()
    assert "early_classifiers.after_block1.linear.weight" in three.state_dict()
    first = build(three.configuration, SHAPE, 10, phase=0)
    assert list(first.boundaries) == ["after_block1_4_to_2", "after_block2_2_to_2"]
    assert list(three.boundaries) == [*first.boundaries, "after_block1_2_to_1", "after_block2_1_to_1"]


def test_trained_weights_move_to_another_division_and_vector() -> None:
    """From (3,) at T=4 to (1, 2) at (4, 2): what is new starts as averages over buckets of steps."""
    data, task = load_dataset(DataSpec(name="digits")), Task(data=DataSpec(name="digits"))
    plain = build(configuration((3,), (4,)), data.shape, data.n_classes)
    initialise(plain, 0, 0)
    state = unpack_weights(train(plain, data, task, stop=1).checkpoint)
    divided = build(configuration((1, 2), (4, 2)), data.shape, data.n_classes)
    initialise(divided, 0, 0)
    loaded = load_weights(divided, state, may_be_new=OF_STAGES)
    assert set(loaded.taken) == state.keys()
    assert loaded.left == ()
    assert {name.split(".")[1] for name in loaded.new} == {"after_block1", "after_block1_4_to_2"}
    assert all(torch.equal(divided.state_dict()[name], state[name]) for name in state)
    x = torch.rand(4, 2, 3, 4, 4)
    averages = TEMPORAL_TRANSFORMERS["bucket"](4, 2)(x)
    assert (divided.boundaries["after_block1_4_to_2"](x) - averages).abs().max() < 0.15
    assert measure(divided, data, data.validation).accuracy > 0
    back = load_weights(plain, divided.state_dict(), may_be_left=OF_STAGES)
    assert set(back.left) == set(loaded.new)


def test_what_is_not_declared_is_refused_by_name() -> None:
    one, two = network((3,), (4,)), network((1, 2), (4, 2))
    with pytest.raises(
        TsearchError, match=r"missing: early_classifiers\.after_block1\.linear\.weight.* and 5 more"
    ):
        load_weights(two, one.state_dict())
    with pytest.raises(TsearchError, match="without a place: boundaries"):
        load_weights(one, two.state_dict(), may_be_left=["early_classifiers"])
    wider = network((3,), (4,), widths=(3, 4, 6))
    with pytest.raises(
        TsearchError, match=r"of another shape: blocks\.3\.main\.conv\.weight \[5, 4, 3, 3\] for"
    ):
        load_weights(wider, one.state_dict())
    with pytest.raises(TsearchError, match=r"missing: blocks\.3"):
        load_weights(one, network((1, 1), (4, 2), widths=(3, 4)).state_dict(), may_be_left=OF_STAGES)


def test_nothing_is_loaded_where_anything_is_refused() -> None:
    one, other = network((3,), (4,)), network((1, 2), (4, 2))
    before = {name: value.clone() for name, value in one.state_dict().items()}
    with pytest.raises(TsearchError):
        load_weights(one, other.state_dict())
    assert all(torch.equal(value, before[name]) for name, value in one.state_dict().items())


def test_names_of_the_first_version_are_understood() -> None:
    config = configuration((2, 1), (4, 2), (2, 2))
    value = torch.zeros(1)
    old = {
        "stages.0.0.conv.weight": "blocks.1.main.conv.weight",
        "stages.0.1.norm.running_mean": "blocks.2.main.norm.running_mean",
        "stages.1.0.norm.bias": "blocks.3.main.norm.bias",
        "early_classifiers.0.linear.weight": "early_classifiers.after_block2.linear.weight",
        "transformers.boundary1_4_to_2.expand.bias": "boundaries.after_block2_4_to_2.expand.bias",
        "head.weight": "head.weight",
    }
    assert list(current_names(dict.fromkeys(old, value), config)) == list(old.values())
    today = build(config, SHAPE, 10).state_dict()
    assert current_names(today, config).keys() == today.keys()
    assert set(old.values()) < today.keys()


def test_weights_from_before_scores_were_normalised_give_the_numbers_of_then() -> None:
    """By hand: scores are rates as they are, hidden units below 0 are 0."""
    today = network((1, 2), (3, 2))
    transformer = today.boundaries["after_block1_3_to_2"]
    torch.nn.init.normal_(transformer.expand.weight, generator=torch.Generator().manual_seed(0))
    before = {
        name: value for name, value in today.state_dict().items() if ".norm." not in name or "blocks" in name
    }
    loaded = network((1, 2), (3, 2))
    load_weights(loaded, before)
    x = torch.rand(3, 2, 4, 5, 5, generator=torch.Generator().manual_seed(1))
    rates = x.mean((2, 3, 4)).t()
    hidden = rates @ transformer.squeeze.weight.t() + transformer.squeeze.bias
    logits = hidden.clamp(min=0) @ transformer.expand.weight.t() + transformer.expand.bias
    expected = (logits.view(2, 2, 3) + transformer.log_prior).softmax(-1)
    found = loaded.boundaries["after_block1_3_to_2"].weights(x)
    torch.testing.assert_close(found, expected)
    assert (transformer.weights(x) - expected).abs().max() > 0.01
    assert not any("boundaries" in name and "norm" in name for name in loaded.state_dict())
