"""One layer to be priced, with all that its counting needs: shapes, activity, profile, and the memories it asks."""

from functools import lru_cache
from typing import NamedTuple

from hwcost.network import LayerSpec, NetworkSpec
from hwcost.profile import Profile, Semantics
from hwcost.shapes import n_biases, n_parameters
from hwcost.spikes import LayerSpikes


class Capacity(NamedTuple):
    """Bits of a layer's memories: parameters, membranes, spikes in and out, analog frames in and out."""

    parameters: int
    membrane: int
    spikes_in: int
    spikes_out: int
    frame_in: int
    frame_out: int


class Job(NamedTuple):
    """A layer of a network with its spikes (summed over `n_samples`), the profile, and its memories' capacities."""

    network: NetworkSpec
    layer: LayerSpec
    spikes: LayerSpikes
    n_samples: int
    profile: Profile
    capacity: Capacity

    @property
    def semantics(self) -> Semantics:
        """Habits of the hardware."""
        return self.profile.semantics

    @property
    def own(self) -> tuple[int, ...]:
        """0 or 1 per own timestep: the layer's mask."""
        return self.layer.mask or (1,) * self.network.timesteps(self.layer)

    @property
    def inputs(self) -> int:
        """Input neurons times samples."""
        return self.layer.n_inputs * self.n_samples

    @property
    def outputs(self) -> int:
        """Output neurons times samples."""
        return self.layer.n_outputs * self.n_samples

    @property
    def is_last(self) -> bool:
        """True for the layer that gives the answer: nothing reads its spikes."""
        return self.layer is self.network.layers[-1]


@lru_cache(maxsize=1024)
def capacities(network: NetworkSpec, profile: Profile) -> dict[str, Capacity]:
    """Memories of every layer: one of its own per purpose (`per_layer`), or one for all layers (`shared`)."""
    own = {layer.name: _own_capacity(layer, profile) for layer in network.layers}
    if profile.semantics.memory_map == "per_layer":
        return own
    together = Capacity(*(sum(sizes) for sizes in zip(*own.values(), strict=True)))
    return dict.fromkeys(own, together)


def value_bits(layer: LayerSpec) -> int:
    """Bits of one event value: 1 for binary, 2 for ternary, enough for `in_max` when graded."""
    return 2 if layer.in_class == "ternary" else layer.in_max.bit_length()


def _own_capacity(layer: LayerSpec, profile: Profile) -> Capacity:
    bits = profile.bits
    parameters = n_parameters(layer) * bits["weight"] + n_biases(layer) * bits["bias"]
    fifo = (
        int(profile.hardware["fifo_words"].value) * bits["event"] if profile.semantics.codec == "word" else 0
    )
    return Capacity(
        parameters=max(parameters, 1),
        membrane=layer.n_outputs * bits["membrane"],
        spikes_in=fifo or layer.n_inputs * value_bits(layer),
        spikes_out=fifo or layer.n_outputs,
        frame_in=layer.n_inputs * bits["activation"],
        frame_out=layer.n_outputs * bits["activation"],
    )
