"""The loss, by hand."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from tsearch.networks.build import Outputs
from tsearch.training.losses import early_classifier_loss


def test_loss_is_the_sum_of_cross_entropies() -> None:
    generator = torch.Generator().manual_seed(0)
    final, one, two = (torch.randn(4, 3, generator=generator) for _ in range(3))
    labels = torch.tensor([0, 1, 2, 1])
    loss = early_classifier_loss(Outputs(final, (one, two)), labels, early_weight=0.5, label_smoothing=0.0)
    expected = cross_entropy(final, labels) + 0.5 * (cross_entropy(one, labels) + cross_entropy(two, labels))
    assert loss.item() == pytest.approx(expected.item())
