"""Who is trained how: groups of parameters, learning rates, the norm of the gradients."""

import pytest
import torch
from tiny import DATASET, TASK, configuration

from tsearch.configuration import Phase
from tsearch.networks.build import build
from tsearch.training import epoch
from tsearch.training.optimizer import make_optimizers, set_learning_rate
from tsearch.training.schedule import positions


def network(**training):
    return build(configuration(**training), DATASET.shape, DATASET.n_classes)


def decays(network) -> dict[str, float]:
    """Weight decay of every parameter by name."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return {
        names[id(parameter)]: group["weight_decay"]
        for optimizer in make_optimizers(network)
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


@pytest.mark.parametrize("decay_all", [True, False])
def test_batchnorm_and_biases_decay_only_where_asked_for(decay_all) -> None:
    made = network(decay_all=decay_all, weight_decay=0.01)
    found = decays(made)
    assert found.keys() == dict(made.named_parameters()).keys()
    for name, decay in found.items():
        is_spared = name.startswith("boundaries") or (
            not decay_all and (".norm." in name or name.endswith("bias"))
        )
        assert decay == (0 if is_spared else 0.01), name


def test_temporal_transformers_keep_adam_beside_sgd() -> None:
    made = network(optimizer="sgd", transformer_adam=True)
    sgd, adam = make_optimizers(made)
    assert isinstance(sgd, torch.optim.SGD)
    assert isinstance(adam, torch.optim.AdamW)
    assert {id(p) for group in adam.param_groups for p in group["params"]} == {
        id(p) for p in made.boundaries.parameters()
    }
    assert [type(o) for o in make_optimizers(network(optimizer="sgd"))] == [torch.optim.SGD]
    assert [type(o) for o in make_optimizers(network(transformer_adam=True))] == [torch.optim.AdamW]
    bucket = configuration(optimizer="sgd", transformer_adam=True).model_copy(
        update={"temporal_transformer": "bucket"}
    )
    assert len(make_optimizers(build(bucket, DATASET.shape, DATASET.n_classes))) == 1


def test_one_fraction_is_that_of_every_peak() -> None:
    optimizers = make_optimizers(network(optimizer="sgd", transformer_adam=True, learning_rate=0.4))
    set_learning_rate(optimizers, 0.5)
    assert [group["lr"] for optimizer in optimizers for group in optimizer.param_groups] == [0.2, 0.005]


def test_gradients_are_scaled_to_the_largest_norm() -> None:
    """With SGD, no momentum yet and no decay, the first step is the learning rate times the clipped gradient."""
    steps = []
    for clip in (0.0, 1e-3):
        config = configuration(
            (Phase(timesteps=(2, 1), epochs=1),),
            optimizer="sgd", weight_decay=0.0, gradient_clip=clip, learning_rate=1.0,
            learning_rate_schedule="constant", batch_size=32,
        )  # fmt: skip
        made = build(config, DATASET.shape, DATASET.n_classes)
        torch.manual_seed(0)
        before = {name: p.detach().clone() for name, p in made.named_parameters()}
        optimizers = make_optimizers(made)
        (position,) = positions(config)
        epoch.train_epoch(made, DATASET, TASK, optimizers, position)
        rates = {
            id(p): group["peak"] for o in optimizers for group in o.param_groups for p in group["params"]
        }
        moves = [(before[name] - p.detach()) / rates[id(p)] for name, p in made.named_parameters()]
        steps.append(torch.cat([move.flatten() for move in moves]).norm().item())
    assert steps[0] > 1e-2
    assert steps[1] == pytest.approx(1e-3, rel=1e-2)


def test_a_phase_has_its_own_learning_rate() -> None:
    rates = []
    for scale in (1.0, 0.5):
        phase = Phase(timesteps=(2, 1), epochs=1, learning_rate_scale=scale)
        config = configuration((phase,), learning_rate_schedule="constant", learning_rate=0.02)
        made = build(config, DATASET.shape, DATASET.n_classes)
        optimizers = make_optimizers(made)
        epoch.train_epoch(made, DATASET, TASK, optimizers, positions(config)[0])
        rates.append([group["lr"] for optimizer in optimizers for group in optimizer.param_groups])
    assert rates[0] == [0.02, 0.01]
    assert rates[1] == [0.01, 0.005]
