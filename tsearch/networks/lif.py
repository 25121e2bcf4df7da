"""The mark of spiking neurons in a network of plain torch layers."""

from pydantic import ValidationError
from torch import Tensor, nn

from tsearch.networks.plan import Neuron


class LIF(nn.Module):
    """Says where spiking neurons stand: behind a convolution (and its BatchNorm), or behind a sum.

    They take the settings of the search space's `neuron`, but for those given here. Only a mark: the spikes are
    computed by tsearch's own neurons. Raises: ValueError for settings that no neuron can have."""

    def __init__(self, *, tau: float | None = None, threshold: float | None = None) -> None:
        super().__init__()
        given = {"tau": tau, "threshold": threshold}
        self.settings = {name: value for name, value in given.items() if value is not None}
        try:
            Neuron.model_validate(self.settings)
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"LIF: {first['loc'][0]} is {first['input']}: {first['msg']}") from None

    def forward(self, current: Tensor) -> Tensor:
        """The input itself [B, ...]: it has the shape of the spikes."""
        return current
