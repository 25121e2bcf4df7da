"""The training loss."""

from torch import Tensor
from torch.nn import functional

from tsearch.networks.build import Outputs


def early_classifier_loss(
    outputs: Outputs, labels: Tensor, *, early_weight: float, label_smoothing: float
) -> Tensor:
    """Cross-entropy of the network plus `early_weight` times that of every early classifier.

    Source: arXiv 2401.01912 states losses of the early classifiers against the label; equal weights of 1
    are our reading."""
    loss = functional.cross_entropy(outputs.logits, labels, label_smoothing=label_smoothing)
    for logits in outputs.early:
        loss = loss + early_weight * functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    return loss
