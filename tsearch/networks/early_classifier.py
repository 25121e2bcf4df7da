"""Early classifiers: small heads after every stage but the last, for training only (SSNN-style).

Each gives its stage a loss of its own against the label and is removed before inference, where it costs
nothing."""

from torch import Tensor, nn
from torch.nn import functional

from tsearch.configuration import Training
from tsearch.networks.parts import Outputs


class EarlyClassifier(nn.Module):
    """Average over time and space, then one linear layer: spikes `[T, B, C, H, W]` -> logits `[B,
    classes]`."""

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, n_classes)

    def forward(self, spikes: Tensor) -> Tensor:
        logits: Tensor = self.linear(spikes.mean(dim=(0, 3, 4)))
        return logits


class EarlyClassifiers(nn.ModuleDict):
    """All of a network, by the block behind which they stand: "after_block2"."""

    def loss_terms(self, outputs: Outputs, labels: Tensor, training: Training) -> list[Tensor]:
        """`early_loss_weight` times the cross-entropy of each.

        Source: arXiv 2401.01912 states losses of the early classifiers against the label; equal weights of 1
        are our reading."""
        smoothing = training.label_smoothing
        return [
            training.early_loss_weight * functional.cross_entropy(logits, labels, label_smoothing=smoothing)
            for logits in outputs.early
        ]
