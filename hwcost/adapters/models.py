"""`from_torch`: a torch model and a batch become a network and its spike record."""

from typing import TYPE_CHECKING, Any, NamedTuple

from hwcost.activity.record import SpikeRecord, steps_and_samples
from hwcost.network.network import NetworkSpec

if TYPE_CHECKING:
    from torch import nn


class Described(NamedTuple):
    """A network and what its layers saw."""

    network: NetworkSpec
    spikes: SpikeRecord

    def __repr__(self) -> str:
        layers = ", ".join(layer.name for layer in self.network.layers)
        return f"Described({steps_and_samples(self.network, self.spikes)}, layers={layers})"


def from_torch(
    model: "nn.Module",
    batch: Any,
    *,
    timesteps: int | None = None,
    loop: bool | None = None,
    input_class: str | None = None,
    samples_at_once: int = 8,
    pruned: bool = False,
) -> Described:
    """The shapes of a model and the spikes that a batch causes in it.

    The model is run as in inference, from its resting state, and is left in that state. Known are the layers of torch
    and the neurons of SpikingJelly, snnTorch and Norse, and what `hwcost.register` was taught.

    Args:
        model: Any torch module whose layers have been made; its weights decide the spikes.
        batch: Tensor or array [T, samples, ...]; with `timesteps`, images [samples, ...] that are the same at every
            timestep.
        timesteps: T of a batch of images; None where the batch has its own.
        loop: True where the model runs one timestep per call, and is called once per timestep (a model whose `forward`
            takes a `state` gets what it gave back); False where one call runs all. None tries the second, and then the
            first.
        input_class: What the batch holds: binary, ternary, graded (whole numbers from 0) or analog. None looks at all
            its values: the first of these that fits.
        samples_at_once: Samples of one forward pass; the record does not depend on it.
        pruned: True where weights of zero are pruned: they are neither stored nor read, and their places are. False
            prices them like others, and warns of layers of which they are more than half.

    Raises: HwcostError, naming the layer or function, for what is not known.
    """
    from hwcost.adapters.running import describe

    return Described(*describe(model, batch, timesteps, loop, input_class, samples_at_once, pruned=pruned))
