"""Which weights of a pruned network are kept."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tsearch.networks.quantised import Weighted


class KeptWeights(nn.Module):
    """One mask per pruned layer, True where a weight is kept. They are part of checkpoints, as zeros are not enough: a
    weight may be zero that is trained. Finished networks have none, their zeros stay."""

    def __init__(self, layers: Mapping[str, Weighted]) -> None:
        """Nothing is pruned yet. `layers` by the name of their node."""
        super().__init__()
        self.layers = tuple(layers)
        for name, layer in layers.items():
            self.register_buffer(_key(name), torch.ones_like(layer.weight, dtype=torch.bool))

    def __getitem__(self, name: str) -> Tensor:
        """The mask of a layer, shaped like its weights."""
        mask: Tensor = getattr(self, _key(name))
        return mask


def _key(name: str) -> str:
    """A name without dots, which those of buffers may not have."""
    return name.replace(".", "_")
