"""Which weights a phase ends with."""

import pytest
import torch
from tiny import DATASET, TASK, configuration, trained

from tsearch.configuration import Phase
from tsearch.networks.build import build, initialise
from tsearch.training import keeping
from tsearch.training.checkpoints import unpack_training_weights, unpack_weights
from tsearch.training.epoch import drawn_batches
from tsearch.training.keeping import NOTHING_KEPT, keep, take_kept
from tsearch.training.schedule import positions

EIGHT = (Phase(timesteps=(2, 2), epochs=8),)


def networks(how: str, n: int):
    """A network and `n` different states of it."""
    network = build(configuration(EIGHT, keep=how), DATASET.shape, DATASET.n_classes)
    states = []
    for replicate in range(n):
        initialise(network, 0, replicate)
        states.append({name: value.clone() for name, value in network.state_dict().items()})
    return network, states


def test_the_average_is_that_of_the_last_quarter_of_the_epochs() -> None:
    network, states = networks("average", 8)
    kept = NOTHING_KEPT
    for position, state in zip(positions(network.configuration), states, strict=True):
        network.load_state_dict(state)
        kept = keep(kept, network, DATASET, position)
    expected = (states[6]["head.weight"] + states[7]["head.weight"]) / 2
    torch.testing.assert_close(kept.weights["head.weight"], expected)


def test_averaged_weights_have_batchnorm_statistics_of_their_own() -> None:
    network, (state,) = networks("average", 1)
    position = positions(network.configuration)[-1]
    network.load_state_dict(state)
    take_kept(network, keep(NOTHING_KEPT, network, DATASET, position), DATASET, TASK, position)
    block = network.blocks["1"]["main"]
    batches, _ = drawn_batches(network, DATASET, TASK, position)
    currents = [block.conv(DATASET.train.batch(indices, 2)[0]).detach() for indices in batches]
    means = torch.stack([current.mean((0, 2, 3)) for current in currents]).mean(0)
    variances = torch.stack([current.var((0, 2, 3)) for current in currents]).mean(0)
    torch.testing.assert_close(block.norm.running_mean, means)
    torch.testing.assert_close(block.norm.running_var, variances)
    assert block.norm.momentum == 0.1


def test_of_the_best_epochs_the_last_is_kept(monkeypatch) -> None:
    network, states = networks("best", 4)
    accuracies = iter((0.5, 0.8, 0.8, 0.7))
    monkeypatch.setattr(keeping, "_accuracy", lambda *_: next(accuracies))
    kept = NOTHING_KEPT
    for position, state in zip(positions(network.configuration), states, strict=False):
        network.load_state_dict(state)
        kept = keep(kept, network, DATASET, position)
    assert kept.score == 0.8
    assert torch.equal(kept.weights["head.weight"], states[2]["head.weight"])


@pytest.mark.parametrize("how", ["last", "best", "average"])
def test_a_checkpoint_holds_the_kept_weights_and_those_that_training_goes_on_with(how) -> None:
    network, done = trained(configuration(EIGHT, keep=how), stop=7)
    kept, goes_on = unpack_weights(done.checkpoint), unpack_training_weights(done.checkpoint)
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())
    assert kept.keys() == goes_on.keys()
    if how == "last":
        assert all(torch.equal(kept[name], goes_on[name]) for name in kept)
