"""The training loss."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from tsearch.networks.build import Network
from tsearch.networks.parts import HasLoss, Outputs


def make_loss(network: Network) -> Callable[[Outputs, Tensor], Tensor]:
    """The loss of outputs and labels int64 [B]: cross-entropy of the logits, plus the terms that the network's parts
    add (see `networks/parts.py`), one after the other."""
    training = network.configuration.training
    parts = [part for part in network.modules() if isinstance(part, HasLoss)]

    def loss(outputs: Outputs, labels: Tensor) -> Tensor:
        total = functional.cross_entropy(outputs.logits, labels, label_smoothing=training.label_smoothing)
        for part in parts:
            for term in part.loss_terms(outputs, labels, training):
                total = total + term
        return total

    return loss
