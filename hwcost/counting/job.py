"""One layer to be priced, with all that its counting needs: shapes, activity, profile and memory sizes."""

from functools import lru_cache
from typing import NamedTuple

from hwcost.activity.layer_spikes import Counts, LayerSpikes
from hwcost.dataflow.plan import Plan, plan_of
from hwcost.errors import HwcostError
from hwcost.network.kinds import ATTENTIONS, WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile, Semantics


class MemorySizes(NamedTuple):
    """Bits of a layer's memories: parameters, membranes, spikes in and out, analog frames in and out, and the second
    summand of a residual sum. `streams` is above 0 where weights come from DRAM at every pass.
    """

    parameters: int
    membrane: int
    spikes_in: int
    spikes_out: int
    frame_in: int
    frame_out: int
    other: int = 0
    streams: int = 0


class Job(NamedTuple):
    """A layer of a network with its spikes (summed over `n_samples`), the profile at the layer's word widths, the
    sizes of its memories, and how it runs on the hardware.

    `other_events` is how many events, per timestep, the second summand of a residual sum brings, `given_events` how
    many the layer gives, both with the fewest and the most of one sample where those are known (`_of_one`); `execution`
    is the execution model; `active_steps` is 0 or 1 per own timestep, the layer's mask. `quiet` is the same job without
    activity.
    """

    network: NetworkSpec
    layer: LayerSpec
    n_samples: int
    profile: Profile
    memories: MemorySizes
    plan: Plan
    execution: str
    active_steps: tuple[int, ...]
    quiet: "QuietJob | None" = None
    spikes: LayerSpikes = LayerSpikes()
    other_events: tuple[int, ...] = ()
    given_events: tuple[int, ...] = ()
    other_of_one: Counts = ()
    given_of_one: Counts = ()

    @property
    def dataflow(self) -> str:
        """Which operand stays in the array while the layer runs: one of `hwcost.network.kinds.DATAFLOWS`."""
        return self.plan.dataflow

    @property
    def semantics(self) -> Semantics:
        """Habits of the hardware."""
        return self.profile.semantics

    @property
    def inputs(self) -> int:
        """Input neurons times samples."""
        return self.layer.n_inputs * self.n_samples

    @property
    def outputs(self) -> int:
        """Output neurons times samples."""
        return self.layer.n_outputs * self.n_samples

    @property
    def stored_weight_bits(self) -> int:
        """Bits of a stored weight: those of its value, and its index where the layer is pruned."""
        return self.profile.bits["weight"] + self.layer.index_bits

    @property
    def arriving_steps(self) -> tuple[int, ...]:
        """0 or 1 per own timestep: where the layer runs and something may arrive; of a layer with as many timesteps as
        its input."""
        mask = self.network.input_mask(self.layer)
        return tuple([runs * comes for runs, comes in zip(self.active_steps, mask, strict=False)])

    @property
    def is_last(self) -> bool:
        """True for the layer that gives the answer: nothing reads its spikes."""
        return self.layer is self.network.layers[-1]

    @property
    def adds_up(self) -> bool:
        """True for a last layer that does not fire: its outputs are summed over time."""
        return self.is_last and not self.layer.fires


class QuietJob(Job):
    """A job without activity. There is one of its kind, equal to nothing else, so that counts that do not depend on
    activity can be kept for it.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


@lru_cache(maxsize=4096)
def quiet_job(
    network: NetworkSpec, layer: LayerSpec, profile: Profile, execution: str, n_samples: int
) -> QuietJob:
    """All about the pricing of a layer that does not depend on activity; `profile` is the network's."""
    prices, memories = profile.for_layer(layer), memory_sizes(network, profile, execution)[layer.name]
    plan = plan_of(layer, prices, execution, streams=memories.streams > 0)
    active_steps = layer.mask or (1,) * network.timesteps(layer)
    return QuietJob(network, layer, n_samples, prices, memories, plan, execution, active_steps)


@lru_cache(maxsize=1024)
def memory_sizes(network: NetworkSpec, profile: Profile, execution: str) -> dict[str, MemorySizes]:
    """Memories of every layer: one of its own per purpose (`per_layer`), or one for all layers (`shared`). Under
    `layer_serial`, spikes and frames of all timesteps wait for the layer that reads them.
    """
    sizes = {layer.name: _sizes(network, layer, profile, execution) for layer in network.layers}
    if profile.semantics.memory_map == "shared":
        together = MemorySizes(*(sum(bits) for bits in zip(*sizes.values(), strict=True)))
        sizes = dict.fromkeys(sizes, together)
    if weights_fit(network, profile) or profile.memory is None:
        return sizes
    limit = profile.memory.limit_bits
    return {
        layer.name: sizes[layer.name]._replace(
            parameters=limit + 1 if layer.kind == "embedding" else min(sizes[layer.name].parameters, limit),
            streams=int(layer.kind in WEIGHTED),
        )
        for layer in network.layers
    }


@lru_cache(maxsize=1024)
def weights_fit(network: NetworkSpec, profile: Profile) -> bool:
    """True where the weights and biases of all layers fit on the chip together, or where they have their own place."""
    if profile.memory is None or profile.semantics.weights_in == "dram":
        return True
    return weight_bits(network, profile) <= profile.memory.limit_bits


def weight_bits(network: NetworkSpec, profile: Profile) -> int:
    """Bits of the weights and biases of all layers that are not in crossbars."""
    return sum(_parameter_bits(layer, profile) for layer in network.layers if not layer.placement)


def held_steps(network: NetworkSpec, layer: LayerSpec, execution: str) -> int:
    """Timesteps of a layer's input that are kept: all of them where the layer before runs to its end first, else 1."""
    return network.input_timesteps(layer) if execution == "layer_serial" else 1


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
    runs = job.arriving_steps if job.layer.kind in ATTENTIONS else job.active_steps
    return tuple(n * active for n, active in zip(steps, runs, strict=True))


def value_bits(layer: LayerSpec) -> int:
    """Bits of one event value: 1 for binary, 2 for ternary, enough for `in_max` when graded."""
    return 2 if layer.in_class == "ternary" else layer.in_max.bit_length()


def event_bits(network: NetworkSpec, layer: LayerSpec) -> int:
    """Bits of one event that a layer gives; 1 where it gives none."""
    if not layer.gives_events:
        return 1
    return 2 if gives_signs(layer) else network.largest_output(layer).bit_length()


def gives_signs(layer: LayerSpec) -> bool:
    """True for a layer that hands ternary events on."""
    return layer.in_class == "ternary" and not layer.fires and not layer.kind.startswith("avg_pool")


def other_bits(network: NetworkSpec, layer: LayerSpec, profile: Profile) -> int:
    """Bits of one value of the second summand of a residual sum; 0 where none is named."""
    other = network.other_source(layer)
    if other is None:
        return 0
    return event_bits(network, other) if other.gives_events else profile.bits["activation"]


def _parameter_bits(layer: LayerSpec, profile: Profile) -> int:
    bits = profile.for_layer(layer).bits
    return layer.n_parameters * (bits["weight"] + layer.index_bits) + layer.n_biases * bits["bias"]


def _sizes(network: NetworkSpec, layer: LayerSpec, profile: Profile, execution: str) -> MemorySizes:
    profile = profile.for_layer(layer)
    bits, waits = profile.bits, execution == "layer_serial"
    arriving = held_steps(network, layer, execution)
    sent = network.timesteps(layer) if waits else 1
    is_one_frame = layer.constant_input or network.mixes(layer)
    return MemorySizes(
        parameters=max(_parameter_bits(layer, profile), 1),
        membrane=layer.n_outputs * bits["membrane"],
        spikes_in=_event_memory(profile, layer.n_inputs, value_bits(layer), arriving),
        spikes_out=_event_memory(profile, layer.n_outputs, event_bits(network, layer), sent),
        frame_in=layer.n_inputs * bits["activation"] * (1 if is_one_frame else arriving),
        frame_out=layer.n_outputs * bits["activation"] * (1 if is_one_frame else sent),
        other=_other_memory(network, layer, profile, sent),
    )


def _event_memory(profile: Profile, places: int, bits: int, steps: int) -> int:
    """Bits that hold the events of so many timesteps: a value per place, or a queue of machine words."""
    if profile.semantics.codec != "word":
        return places * bits * steps
    words = profile.hardware["fifo_words"].value if "fifo_words" in profile.hardware else places * steps
    return int(words) * profile.bits.get("event", 0)


def _other_memory(network: NetworkSpec, layer: LayerSpec, profile: Profile, steps: int) -> int:
    other, bits = network.other_source(layer), other_bits(network, layer, profile)
    is_events = other is not None and other.gives_events
    frames = layer.n_inputs * bits * steps
    return _event_memory(profile, layer.n_inputs, bits, steps) if is_events else frames
