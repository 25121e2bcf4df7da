"""Training: every part learns, and cutting a training in two changes no bit."""

import pytest
import torch

from tsearch.configuration import Configuration, DataSpec, Phase, Task, Training
from tsearch.data import load_dataset
from tsearch.networks.backbones.vgg import Vgg
from tsearch.networks.build import build, initialise
from tsearch.training.checkpoints import trained_epochs, unpack_weights
from tsearch.training.epoch import TrainingDivergedError
from tsearch.training.loop import train
from tsearch.training.schedule import positions

DATA = DataSpec(name="digits")
TASK = Task(data=DATA)


def configuration(schedule=None, **training) -> Configuration:
    return Configuration(
        backbone=Vgg(widths=(4, 4), pool_after=(1,)),
        stages=(1, 1),
        schedule=schedule or (Phase(timesteps=(3, 2), epochs=1), Phase(timesteps=(2, 1), epochs=2)),
        temporal_transformer="score_mix",
        training=Training(**({"shift": 1, "dropout": 0.1, "batch_size": 128} | training)),
    )


def trained(config, stop=None, start=0, checkpoint=None, task=TASK):
    dataset = load_dataset(DATA)
    stop = stop or config.epochs
    phase = positions(config)[stop - 1].index
    network = build(config, dataset.shape, dataset.n_classes, phase=phase)
    initialise(network, task.seed, task.replicate)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    return before, train(network, dataset, task, start=start, stop=stop, checkpoint=checkpoint)


def test_every_weight_changes_and_the_loss_falls() -> None:
    before, done = trained(configuration(schedule=(Phase(timesteps=(3, 2), epochs=3),)))
    after = unpack_weights(done.checkpoint)
    for name, value in before.items():
        assert not torch.equal(value, after[name]), name
    losses = [entry["loss"] for entry in done.curve]
    assert len(losses) == 3
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("cut", [1, 2])
def test_a_training_cut_in_two_ends_with_the_same_bits(optimizer: str, cut: int) -> None:
    config = configuration(optimizer=optimizer)
    _, whole = trained(config)
    _, first = trained(config, stop=cut)
    assert trained_epochs(first.checkpoint) == cut
    _, second = trained(config, start=cut, checkpoint=first.checkpoint)
    assert first.curve + second.curve == whole.curve
    assert second.checkpoint == whole.checkpoint


def test_configurations_that_share_a_phase_train_it_alike() -> None:
    first = Phase(timesteps=(3, 2), epochs=1)
    one = configuration((first, Phase(timesteps=(2, 1), epochs=1)))
    two = configuration((first, Phase(timesteps=(1, 1), epochs=3)))
    (_, a), (_, b) = trained(one, stop=1), trained(two, stop=1)
    mine, theirs = unpack_weights(a.checkpoint), unpack_weights(b.checkpoint)
    assert "boundaries.after_block1_3_to_2.expand.weight" in mine
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert a.checkpoint == b.checkpoint


def test_a_network_of_later_phases_is_not_stopped_in_an_earlier_one() -> None:
    dataset, config = load_dataset(DATA), configuration()
    with pytest.raises(ValueError, match="made for phase 2"):
        train(build(config, dataset.shape, dataset.n_classes), dataset, TASK, stop=1)


def test_seed_and_replicate_change_the_training() -> None:
    config = configuration(schedule=(Phase(timesteps=(1, 1), epochs=1),))
    losses = {
        trained(config, task=TASK.model_copy(update=change))[1].curve[0]["loss"]
        for change in ({}, {"seed": 1}, {"replicate": 1})
    }
    assert len(losses) == 3


def test_a_training_that_diverges_says_so() -> None:
    with pytest.raises(TrainingDivergedError, match="loss"):
        trained(configuration(optimizer="sgd", learning_rate=1e30))
