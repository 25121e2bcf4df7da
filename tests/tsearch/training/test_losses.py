"""The loss, by hand."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from tsearch.configuration import Configuration, Phase, Training
from tsearch.networks.build import build
from tsearch.networks.parts import Outputs
from tsearch.training.augment import Labels
from tsearch.training.losses import make_loss, readout_loss

GENERATOR = torch.Generator().manual_seed(0)
STEPS = torch.randn(3, 4, 5, generator=GENERATOR)  # [T, B, classes]
LABELS = torch.tensor([0, 1, 2, 4])
OUTPUTS = Outputs(STEPS.mean(0), timesteps=(6, 3), steps=STEPS)


def by_hand(logits: torch.Tensor) -> float:
    """Mean of log(sum of exp) minus the logit of the class."""
    return (logits.exp().sum(-1).log() - logits[range(4), LABELS]).mean().item()


def test_loss_is_the_sum_of_cross_entropies() -> None:
    """SSNN 8."""
    final, one, two = (torch.randn(4, 3, generator=GENERATOR) for _ in range(3))
    labels = torch.tensor([0, 1, 2, 1])
    config = Configuration(
        stages=(1, 1, 1),
        schedule=(Phase(timesteps=(3, 2, 1), epochs=1),),
        training=Training(early_loss_weight=0.5, loss="mean"),
    )
    loss = make_loss(build(config, (1, 8, 8), 3))
    outputs = Outputs(final, (one, two))
    expected = cross_entropy(final, labels) + 0.5 * (cross_entropy(one, labels) + cross_entropy(two, labels))
    assert loss(outputs, Labels(labels)).item() == pytest.approx(expected.item())
    others = labels.roll(1)
    mixed = 0.3 * loss(outputs, Labels(labels)) + 0.7 * loss(outputs, Labels(others))
    assert loss(outputs, Labels(labels, others, 0.3)).item() == pytest.approx(mixed.item())


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_losses_over_time(weight: float) -> None:
    of_mean, of_steps = by_hand(STEPS.mean(0)), sum(by_hand(logits) for logits in STEPS) / 3
    expected = {
        "mean": of_mean,
        "sum": by_hand(STEPS.sum(0)),
        "tet": (1 - weight) * of_mean + weight * of_steps,
    }
    for name, value in expected.items():
        training = Training(loss=name, tet_weight=weight)
        assert readout_loss(OUTPUTS, LABELS, training).item() == pytest.approx(value, rel=1e-6)
    assert of_steps > of_mean  # cross-entropy is convex


def test_mixing_labels_is_the_cross_entropy_against_their_mixture() -> None:
    """Cross-entropy is linear in the target."""
    others = LABELS.roll(1)
    target = 0.3 * torch.eye(5)[LABELS] + 0.7 * torch.eye(5)[others]
    training = Training(loss="mean")
    mixed = 0.3 * readout_loss(OUTPUTS, LABELS, training) + 0.7 * readout_loss(OUTPUTS, others, training)
    assert mixed.item() == pytest.approx(cross_entropy(OUTPUTS.logits, target).item())


@pytest.mark.parametrize("mode", ["score_mix", "bucket"])
def test_the_logits_of_the_steps_are_those_of_the_last_stage_and_average_to_the_readout(mode) -> None:
    config = Configuration(
        stages=(1, 2),
        schedule=(Phase(timesteps=(4, 2), epochs=1),),
        temporal_transformer=mode,
        training=Training(loss="tet"),
    )
    network = build(config, (2, 8, 8), 5)
    frames = torch.rand(4, 3, 2, 8, 8, generator=GENERATOR) * 4
    network.train()
    outputs = network.run(frames, (4, 2))
    assert outputs.steps.shape == (2, 3, 5)
    torch.testing.assert_close(outputs.logits, outputs.steps.mean(0))
    network.eval()
    assert network.run(frames, (4, 2)).steps is None
