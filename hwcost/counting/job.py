"""One layer to be priced, with all that its counting needs: shapes, activity, profile and memory sizes."""

from functools import lru_cache
from typing import NamedTuple

from hwcost.activity.layer_spikes import LayerSpikes
from hwcost.dataflow.choice import dataflow_of
from hwcost.errors import HwcostError
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile, Semantics


class MemorySizes(NamedTuple):
    """Bits of a layer's memories: parameters, membranes, spikes in and out, analog frames in and out, and the second
    summand of a residual sum.
    """

    parameters: int
    membrane: int
    spikes_in: int
    spikes_out: int
    frame_in: int
    frame_out: int
    other: int = 0


class Job(NamedTuple):
    """A layer of a network with its spikes (summed over `n_samples`), the profile, and the sizes of its memories.

    `other_events` is how many events, per timestep, the second summand of a residual sum brings; `execution` is the
    execution model.
    """

    network: NetworkSpec
    layer: LayerSpec
    spikes: LayerSpikes
    n_samples: int
    profile: Profile
    memories: MemorySizes
    other_events: tuple[int, ...] = ()
    execution: str = "layer_serial"

    @property
    def dataflow(self) -> str:
        """Which operand stays in the array while the layer runs: one of `DATAFLOWS`."""
        return dataflow_of(self.layer, self.profile, self.execution)

    @property
    def semantics(self) -> Semantics:
        """Habits of the hardware."""
        return self.profile.semantics

    @property
    def active_steps(self) -> tuple[int, ...]:
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
def memory_sizes(network: NetworkSpec, profile: Profile) -> dict[str, MemorySizes]:
    """Memories of every layer: one of its own per purpose (`per_layer`), or one for all layers (`shared`)."""
    sizes = {layer.name: _sizes(network, layer, profile) for layer in network.layers}
    if profile.semantics.memory_map == "per_layer":
        return sizes
    together = MemorySizes(*(sum(bits) for bits in zip(*sizes.values(), strict=True)))
    return dict.fromkeys(sizes, together)


def extra_count(job: Job, name: str) -> tuple[int, ...]:
    """One of the record's further counts, per own timestep, at the steps that the layer's mask lets run.

    Raises: HwcostError, naming the layer, if the record lacks it.
    """
    is_named = name == "other" and job.layer.other_source
    steps = job.other_events if is_named else job.spikes.extra(name)
    if steps is None or len(steps) != len(job.active_steps):
        raise HwcostError(
            f"layer '{job.layer.name}': a {job.layer.kind} needs the count '{name}' at each of "
            f"{len(job.active_steps)} timesteps"
        )
    return tuple(n * active for n, active in zip(steps, job.active_steps, strict=True))


def value_bits(layer: LayerSpec) -> int:
    """Bits of one event value: 1 for binary, 2 for ternary, enough for `in_max` when graded."""
    return 2 if layer.in_class == "ternary" else layer.in_max.bit_length()


def other_bits(network: NetworkSpec, layer: LayerSpec, profile: Profile) -> int:
    """Bits of one value of the second summand of a residual sum; 0 where none is named."""
    other = network.other_source(layer)
    if other is None:
        return 0
    return network.largest_output(other).bit_length() if other.gives_events else profile.bits["activation"]


def _sizes(network: NetworkSpec, layer: LayerSpec, profile: Profile) -> MemorySizes:
    bits = profile.bits
    parameters = layer.n_parameters * bits["weight"] + layer.n_biases * bits["bias"]
    return MemorySizes(
        parameters=max(parameters, 1),
        membrane=layer.n_outputs * bits["membrane"],
        spikes_in=_event_memory(profile, layer.n_inputs, value_bits(layer)),
        spikes_out=_event_memory(profile, layer.n_outputs, 1),
        frame_in=layer.n_inputs * bits["activation"],
        frame_out=layer.n_outputs * bits["activation"],
        other=_other_memory(network, layer, profile),
    )


def _event_memory(profile: Profile, places: int, bits: int) -> int:
    """Bits that hold the events of a frame: a value per place, or a queue of machine words."""
    if profile.semantics.codec != "word":
        return places * bits
    words = profile.hardware["fifo_words"].value if "fifo_words" in profile.hardware else places
    return int(words) * profile.bits.get("event", 0)


def _other_memory(network: NetworkSpec, layer: LayerSpec, profile: Profile) -> int:
    other, bits = network.other_source(layer), other_bits(network, layer, profile)
    is_events = other is not None and other.gives_events
    return _event_memory(profile, layer.n_inputs, bits) if is_events else layer.n_inputs * bits
