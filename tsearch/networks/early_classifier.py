"""Early classifiers: small heads after every stage but the last, for training only (SSNN-style).

Each gives its stage a loss of its own against the label and is removed before inference, where it costs nothing. The
paper (arXiv 2401.01912) says so much; where they read the stage and what they are made of is our reading, and both are
settings of the training (`early_tap`, `early_head`)."""

from torch import Tensor, nn
from torch.nn import functional

from tsearch.configuration import Training
from tsearch.networks.modules import merge
from tsearch.networks.neuron import fire
from tsearch.networks.parts import Outputs
from tsearch.networks.plan import Neuron


class EarlyClassifier(nn.Module):
    """Average over time and space, then one linear layer: `[T, B, C, H, W]` -> logits `[B, classes]`."""

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear(x.mean(dim=(0, 3, 4)))
        return logits


class ConvolutionClassifier(EarlyClassifier):
    """A 3x3 convolution with as many channels as it reads, BatchNorm and neurons, before the average and the linear
    layer. Its neurons are those of the configuration, and learn nothing."""

    def __init__(self, channels: int, n_classes: int, neuron: Neuron) -> None:
        super().__init__(channels, n_classes)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.neuron = neuron

    def forward(self, x: Tensor) -> Tensor:
        current = self.conv(merge(x)).view(x.shape)
        return super().forward(fire(current, len(x), self.neuron, norm=self.norm))


class EarlyClassifiers(nn.ModuleDict):
    """All of a network, by the block behind which they stand."""

    @staticmethod
    def key(block: int, training: Training) -> str:
        """The name of the one behind `block`: "after_block2", of other kinds "after_transformer2_convolution"."""
        tapped = "block" if training.early_tap == "before" else "transformer"
        return f"after_{tapped}{block}" + (
            "" if training.early_head == "linear" else f"_{training.early_head}"
        )

    def add(self, block: int, channels: int, n_classes: int, neuron: Neuron, training: Training) -> None:
        """The one behind `block`, which gives so many `channels`."""
        if training.early_head == "linear":
            made = EarlyClassifier(channels, n_classes)
        else:
            made = ConvolutionClassifier(channels, n_classes, neuron)
        self[self.key(block, training)] = made

    def loss_terms(self, outputs: Outputs, labels: Tensor, training: Training) -> list[Tensor]:
        """`early_loss_weight` times the cross-entropy of each.

        Source: arXiv 2401.01912 states losses of the early classifiers against the label; equal weights of 1
        are our reading."""
        smoothing = training.label_smoothing
        return [
            training.early_loss_weight * functional.cross_entropy(logits, labels, label_smoothing=smoothing)
            for logits in outputs.early
        ]
