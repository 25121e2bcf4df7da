"""The training loss."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from tsearch.configuration import Training
from tsearch.networks.build import Network
from tsearch.networks.parts import HasLoss, Outputs
from tsearch.training.augment import Labels


def make_loss(network: Network, without: object = None) -> Callable[[Outputs, Labels], Tensor]:
    """The loss of outputs: that of the readout, plus the terms that the network's parts, all but the one that is left
    out, add (see `networks/parts.py`), one after the other. Of samples that were mixed up, the mean of the losses with
    either labels, by their shares."""
    training = network.configuration.training
    parts = [part for part in network.modules() if isinstance(part, HasLoss) and part is not without]

    def of_labels(outputs: Outputs, labels: Tensor) -> Tensor:
        total = readout_loss(outputs, labels, training)
        for part in parts:
            for term in part.loss_terms(outputs, labels, training):
                total = total + term
        return total

    def loss(outputs: Outputs, labels: Labels) -> Tensor:
        total = of_labels(outputs, labels.labels)
        if labels.others is None:
            return total
        return labels.share * total + (1 - labels.share) * of_labels(outputs, labels.others)

    return loss


def readout_loss(outputs: Outputs, labels: Tensor, training: Training) -> Tensor:
    """Cross-entropy CE of the readout against `labels` int64 [B], of logits O[t] [B, classes] at the T timesteps of the
    last stage.

    "mean": CE(mean of O[t]). "sum": CE(sum of O[t]). "tet": (1 - w) CE(mean of O[t]) + w mean of CE(O[t]), with w =
    `tet_weight`. The second term is L_TET of temporal efficient training (Deng et al., arXiv 2202.11946); the paper
    mixes it with a distance of O[t] from a constant instead, which we leave out, so w = 1 is its case lambda = 0."""
    smoothing, weight = training.label_smoothing, training.tet_weight
    n_steps = outputs.timesteps[-1] if training.loss == "sum" else 1
    logits = outputs.logits if n_steps == 1 else outputs.logits * n_steps
    of_mean = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    if training.loss != "tet":
        return of_mean
    assert outputs.steps is not None
    repeated = labels.repeat(len(outputs.steps))
    of_steps = functional.cross_entropy(outputs.steps.flatten(0, 1), repeated, label_smoothing=smoothing)
    return (1 - weight) * of_mean + weight * of_steps
