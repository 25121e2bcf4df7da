"""Early classifiers: small heads after every stage but the last, for training only (SSNN-style).

Each gives its stage a loss of its own against the label and is removed before inference, where it costs
nothing."""

from torch import Tensor, nn


class EarlyClassifier(nn.Module):
    """Average over time and space, then one linear layer: spikes `[T, B, C, H, W]` -> logits `[B,
    classes]`."""

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, n_classes)

    def forward(self, spikes: Tensor) -> Tensor:
        logits: Tensor = self.linear(spikes.mean(dim=(0, 3, 4)))
        return logits
