"""Phases of an ANN: the same modules with ReLU, shared by all configurations, and what follows them."""

import pytest
import torch
from tiny import DATASET, configuration, trained
from torch.nn import functional

from tsearch.configuration import Configuration, Conversion, DataSpec, Phase, Result, Task
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.networks.plan import Neuron
from tsearch.networks.weights import OF_TRAINING, load_weights
from tsearch.training.checkpoints import unpack_weights
from tsearch.training.evaluate import train_and_price
from tsearch.training.optimizer import make_optimizers

ANN = Phase(timesteps=(1, 1), epochs=2, network="ann", optimizer="sgd", learning_rate_scale=0.5)
CHAIN = (ANN, Phase(timesteps=(3, 2), epochs=2), Phase(timesteps=(2, 1), epochs=1))
IIR = Neuron(tau=1e30, learned="both", surrogate="triangular", surrogate_scale=0.3)


def chain(schedule=CHAIN, neuron=IIR, conversion=None, **training) -> Configuration:
    given = {"samples": 20, "timesteps": 4} | (conversion or {})
    return configuration(schedule, **training).model_copy(
        update={"neuron": neuron, "conversion": Conversion(**given)}
    )


def test_an_ann_is_its_layers_with_relu_in_one_pass() -> None:
    network = build(chain((ANN, CHAIN[1])), DATASET.shape, 2, phase=0)
    initialise(network, 0, 0)
    assert network.is_ann
    assert not list(network.boundaries)
    assert not list(network.early_classifiers)
    assert not [name for name in network.state_dict() if "threshold" in name or "leak" in name]
    x = torch.rand(1, 5, *DATASET.shape)
    network.train()
    one, two = network.blocks["1"]["main"], network.blocks["2"]["main"]
    hidden = functional.avg_pool2d(one.norm(one.conv(x[0])).relu(), 2)
    hidden = two.norm(two.conv(hidden)).relu()
    torch.testing.assert_close(network.run(x, (1, 1)).logits, network.head(hidden[None]))


def test_all_configurations_share_the_ann_that_they_begin_with() -> None:
    """Whatever their division, neurons, boundaries, conversion and later phases; byte for byte."""
    one = chain()
    other = Configuration(
        backbone=one.backbone,
        stages=(2,),
        schedule=(ANN.model_copy(update={"timesteps": (1,)}), Phase(timesteps=(4,), epochs=9)),
        neuron=Neuron(tau=3.0, reset="hard"),
        temporal_transformer="bucket",
        conversion=Conversion(percentile=99.7, fold_norm=True),
        training=one.training.model_copy(update={"early_loss_weight": 0.0}),
    )
    assert one.prefix_key(0) == other.prefix_key(0)
    (_, first), (_, second) = trained(one, 2), trained(other, 2)
    assert first.checkpoint == second.checkpoint
    assert trained(one, 1)[1].checkpoint == trained(other, 1)[1].checkpoint
    for change in ({"backbone": Vgg(widths=(3, 5))}, {"training": {"batch_size": 8}}):
        changed = Configuration.model_validate(one.model_dump() | change)
        assert changed.prefix_key(0) != one.prefix_key(0)


def test_the_conversion_enters_the_key_of_the_first_spiking_phase_only_behind_an_ann() -> None:
    one, other = chain(), chain(conversion={"percentile": 99.0})
    assert one.prefix_key(0) == other.prefix_key(0)
    assert one.prefix_key(1) != other.prefix_key(1)
    one, other = chain(CHAIN[1:]), chain(CHAIN[1:], conversion={"percentile": 99.0})
    assert one.prefix_key(0) == other.prefix_key(0)


@pytest.mark.parametrize("keep", ["last", "best", "average"])
@pytest.mark.parametrize("fold_norm", [True, False])
def test_a_chain_cut_anywhere_ends_with_the_same_bits(keep, fold_norm) -> None:
    config = chain(conversion={"fold_norm": fold_norm}, keep=keep)
    _, whole = trained(config)
    for cut in range(1, config.epochs):
        _, first = trained(config, stop=cut)
        _, second = trained(config, start=cut, checkpoint=first.checkpoint)
        assert first.curve + second.curve == whole.curve
        assert second.checkpoint == whole.checkpoint


def test_a_chain_with_products_in_16_bits_ends_with_the_same_bits_wherever_it_is_cut() -> None:
    config = chain(conversion={"fold_norm": True}, precision="bfloat16")
    _, whole = trained(config)
    _, first = trained(config, stop=2)
    _, second = trained(config, start=2, checkpoint=first.checkpoint)
    assert second.checkpoint == whole.checkpoint
    assert {value.dtype for value in unpack_weights(whole.checkpoint).values()} == {torch.float32}


def test_the_state_that_a_stage_ends_with_is_the_one_that_the_next_begins_with() -> None:
    """Weights, thresholds and leaks bit by bit, and no state of an optimizer."""
    config = chain()
    _, done = trained(config, stop=4)
    state = unpack_weights(done.checkpoint)
    assert {"blocks.1.main.neurons.threshold", "blocks.2.main.neurons.leak"} <= state.keys()
    assert b"optimizer/" not in done.checkpoint
    seen = {}

    def seeing(network, *_):
        seen.update({name: value.clone() for name, value in network.state_dict().items()})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tsearch.training.loop.begin_phase", seeing)
        trained(config, start=4, checkpoint=done.checkpoint)
    assert all(torch.equal(seen[name], state[name]) for name in state)


def test_every_phase_learns_thresholds_and_leaks_within_their_bounds() -> None:
    network, done = trained(chain(learning_rate=0.3))
    before = unpack_weights(trained(chain(learning_rate=0.3), stop=2)[1].checkpoint)
    assert not [name for name in before if "neurons" in name]
    values = network.neurons()
    assert values.keys() == {"block1", "block2"}
    for value in values.values():
        assert 0 <= value["leak"] <= 1
        assert value["threshold"] > 0
    assert any(value["leak"] < 1 for value in values.values())
    assert len(done.curve) == 5


def test_learned_neurons_have_no_weight_decay_even_where_all_else_has() -> None:
    network = build(chain(decay_all=True, weight_decay=0.1), DATASET.shape, 2)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    decays = {
        names[id(parameter)]: group["weight_decay"]
        for optimizer in make_optimizers(network)
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    learned = [name for name in decays if ".neurons." in name]
    assert len(learned) == 4
    assert {decays[name] for name in learned} == {0.0}
    assert decays["head.weight"] == 0.1


def test_a_phase_names_its_optimizer() -> None:
    network = build(chain(), DATASET.shape, 2)
    assert [type(o) for o in make_optimizers(network, ANN)] == [torch.optim.SGD]
    assert [type(o) for o in make_optimizers(network, CHAIN[1])] == [torch.optim.AdamW]


def test_what_a_form_adds_is_made_where_the_network_is() -> None:
    network = build(chain(), DATASET.shape, 2)
    initialise(network, 0, 0)
    network.to("meta").enter(1)
    assert network.state_dict().keys() == build(chain(), DATASET.shape, 2).state_dict().keys()
    assert {value.device.type for value in network.state_dict().values()} == {"meta"}


@pytest.mark.parametrize("fold_norm", [True, False])
def test_a_finished_network_runs_from_its_weights_alone(fold_norm) -> None:
    """With the thresholds among them, as an exported bundle is loaded."""
    config = chain(conversion={"fold_norm": fold_norm}, neuron=IIR.model_copy(update={"learned": "leak"}))
    network, done = trained(config)
    finished = build(config, DATASET.shape, 2, for_inference=True)
    taken = load_weights(finished, unpack_weights(done.checkpoint), may_be_left=OF_TRAINING).taken
    assert "blocks.2.main.neurons.threshold" in taken
    assert sum(value.numel() for value in finished.state_dict().values()) >= finished.plan.n_parameters
    x = torch.rand(1, 5, *DATASET.shape)
    assert torch.equal(finished.eval()(x), network.eval()(x))
    assert finished.neurons() == network.neurons()


def test_an_ann_is_measured_without_spikes() -> None:
    task = Task(data=DataSpec(name="digits"))
    result = train_and_price(chain(), 2, None, task)
    assert result.metrics.keys() == {"accuracy", "dense_energy_pj"}
    assert (result.costs, result.spikes, result.neurons) == ({}, {}, {})
    assert result.checkpoint is not None
    onward = train_and_price(chain(), 3, result.checkpoint, task)
    assert onward.metrics["energy_pj"] > 0
    assert onward.metrics["dense_energy_pj"] == result.metrics["dense_energy_pj"]
    assert onward.neurons.keys() == {"block1", "block2"}
    assert Result.model_validate_json(onward.model_dump_json()).neurons == onward.neurons
