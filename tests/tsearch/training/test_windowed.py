"""Trainings of windows draw the spikes that enter them, and still end with the same bits however they are cut."""

import pytest
import torch
from tiny import DATASET, trained

from tsearch.configuration import Configuration
from tsearch.networks.backbones.windowed import PAPER_NEURON
from tsearch.pricing.describe import describe_network
from tsearch.training.evaluate import measure

PHASES = [{"timesteps": [3, 2], "epochs": 1}, {"timesteps": [2, 1], "epochs": 3}]


def configuration(**given) -> Configuration:
    """Two stages of a block each; `given` are settings of the backbone."""
    return Configuration.model_validate(
        {
            "backbone": {"name": "windowed", "width": 4, "depths": [1, 1], "groups": 2, **given},
            "neuron": PAPER_NEURON,
            "stages": [1, 1],
            "schedule": PHASES,
            "temporal_transformer": "score_mix",
            "training": {"batch_size": 16},
        }
    )


@pytest.mark.parametrize("core", ["cnn", "lstm"])
def test_a_training_with_drawn_gates_cut_anywhere_ends_with_the_same_bits(core: str) -> None:
    """At the end of a phase, inside one, and with another random state around it."""
    config = configuration(core=core)
    _, whole = trained(config)
    checkpoint = None
    for epoch in range(config.epochs):
        torch.manual_seed(epoch)
        _, step = trained(config, epoch + 1, epoch, checkpoint)
        checkpoint = step.checkpoint
    assert checkpoint == whole.checkpoint


def test_replicates_draw_other_numbers() -> None:
    def answers(seed: tuple[int, int]) -> str:
        return measure(net, DATASET, DATASET.validation, spec=spec, seed=seed).probe

    net, _ = trained(configuration())
    spec = describe_network(net.configuration, DATASET)
    torch.manual_seed(1)
    first = answers((0, 0))
    torch.manual_seed(2)
    assert answers((0, 0)) == first
    assert answers((0, 1)) != first
