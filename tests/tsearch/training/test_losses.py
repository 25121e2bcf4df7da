"""The loss, by hand."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from tsearch.configuration import Configuration, Phase, Training
from tsearch.networks.build import build
from tsearch.networks.parts import Outputs
from tsearch.training.augment import Labels
from tsearch.training.losses import make_loss


def test_loss_is_the_sum_of_cross_entropies() -> None:
    generator = torch.Generator().manual_seed(0)
    final, one, two = (torch.randn(4, 3, generator=generator) for _ in range(3))
    labels = torch.tensor([0, 1, 2, 1])
    config = Configuration(
        stages=(1, 1, 1),
        schedule=(Phase(timesteps=(3, 2, 1), epochs=1),),
        training=Training(early_loss_weight=0.5),
    )
    loss = make_loss(build(config, (1, 8, 8), 3))(Outputs(final, (one, two)), Labels(labels))
    expected = cross_entropy(final, labels) + 0.5 * (cross_entropy(one, labels) + cross_entropy(two, labels))
    assert loss.item() == pytest.approx(expected.item())
