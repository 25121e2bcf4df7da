"""What a layer of neurons holds besides its settings: threshold and leak of its own, or ReLU in place of neurons."""

import torch
from torch import Tensor, nn

from tsearch.networks.plan import Neuron

LEAST_THRESHOLD = 1e-3  # the released code of IIR-SNN has no lower bound; ours keeps surrogates finite


class LayerNeurons(nn.Module):
    """One `threshold` and one `leak`, the fraction of a voltage kept per timestep, for all neurons of a layer: None
    where those of `neuron` hold, parameters where they are learned, and else numbers that a conversion found.

    Source: A1 of IIR-SNN (arXiv 2110.05929) has the same two numbers per layer. There a neuron fires above its
    threshold and not at it; ours fires at it too."""

    leak: Tensor | None
    threshold: Tensor | None

    def __init__(self, neuron: Neuron | None) -> None:
        super().__init__()
        self.neuron, self.is_relu = neuron, False
        self.start()

    def start(self, *, is_relu: bool = False, has_threshold: bool = False) -> None:
        """Begin anew: what is learned at the values of `neuron`, or as ReLU, which has no such numbers. With
        `has_threshold` the layer has a threshold of its own even where it is not learned."""
        self.is_relu = is_relu
        neuron, learned = self.neuron, set[str]()
        if neuron is not None and not is_relu:
            learned = {"leak", "threshold"} if neuron.learned == "both" else {neuron.learned}
        leak = None if neuron is None else 1 - 1 / neuron.tau
        self._hold("leak", leak if "leak" in learned else None, is_learned=True)
        is_held = "threshold" in learned or (has_threshold and not is_relu)
        threshold = neuron.threshold if neuron is not None and is_held else None
        self._hold("threshold", threshold, is_learned="threshold" in learned)

    @property
    def own(self) -> dict[str, Tensor]:
        """The numbers that replace those of `neuron`."""
        held = {"leak": self.leak, "threshold": self.threshold}
        return {name: value for name, value in held.items() if value is not None}

    def values(self) -> dict[str, float]:
        """Threshold and leak, as neurons have them now; none where there are no neurons."""
        if self.neuron is None:
            return {}
        values = {"threshold": self.neuron.threshold, "leak": 1 - 1 / self.neuron.tau}
        return values | {name: value.item() for name, value in self.own.items()}

    def clamp(self) -> None:
        """After a step of an optimizer: the leak into [0, 1], the threshold to at least `LEAST_THRESHOLD`."""
        with torch.no_grad():
            if self.leak is not None:
                self.leak.clamp_(0, 1)
            if self.threshold is not None:
                self.threshold.clamp_(min=LEAST_THRESHOLD)

    def _hold(self, name: str, value: float | None, *, is_learned: bool) -> None:
        if hasattr(self, name):
            delattr(self, name)
        tensor = None if value is None else torch.tensor(value)
        if tensor is not None and is_learned:
            self.register_parameter(name, nn.Parameter(tensor))
        else:
            self.register_buffer(name, tensor)
