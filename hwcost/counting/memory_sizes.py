"""How large the memories of a layer are, and how wide the values in them."""

from functools import lru_cache
from typing import NamedTuple

from hwcost.network.kinds import WEIGHTED
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile


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
