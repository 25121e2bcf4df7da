"""Trainings of windows draw the spikes that enter them, and still end with the same bits however they are cut."""

from dataclasses import replace

import pytest
import torch
from tiny import DATASET, trained

from tsearch.configuration import Configuration, Masks, Training
from tsearch.networks.backbones.windowed import PAPER_NEURON
from tsearch.training import keeping
from tsearch.training.evaluate import Measurement, measure

ANALOG = replace(DATASET, info=replace(DATASET.info, input_class="analog"))  # as images are priced
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


@pytest.mark.parametrize("keep", ["last", "average"])
def test_no_epoch_is_run_for_statistics_where_there_is_no_batchnorm(keep: str, monkeypatch) -> None:
    epochs = []
    draw = keeping.drawn_batches
    monkeypatch.setattr(keeping, "drawn_batches", lambda *given: epochs.append(given) or draw(*given))
    config = configuration().model_copy(update={"masks": Masks(mode="prefix_sum")})
    trained(config.model_copy(update={"training": Training(batch_size=16, keep=keep)}))
    assert epochs == []


def test_masked_windows_cut_anywhere_end_with_the_same_bits() -> None:
    config = configuration().model_copy(update={"masks": Masks(mode="prefix_sum", weight=0.5, warmup=0.0)})
    _, whole = trained(config)
    checkpoint = None
    for epoch in range(config.epochs):
        checkpoint = trained(config, epoch + 1, epoch, checkpoint)[1].checkpoint
    assert checkpoint == whole.checkpoint


def test_a_measurement_draws_from_its_seed_alone() -> None:
    """The same answers whatever was drawn before; others for another replicate, and other spikes."""
    net, _ = trained(configuration(), dataset=ANALOG)

    def measured(state: int, seed: tuple[int, int]) -> Measurement:
        torch.manual_seed(state)
        before = torch.get_rng_state()
        found = measure(net, ANALOG, ANALOG.validation, seed=seed)
        assert torch.equal(torch.get_rng_state(), before)
        return found

    first, again, other = measured(1, (0, 0)), measured(2, (0, 0)), measured(1, (0, 1))
    assert (again.probe, again.record) == (first.probe, first.record)
    assert other.probe != first.probe
    assert other.record != first.record
