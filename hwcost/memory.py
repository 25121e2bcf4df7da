"""Traffic of weights, biases, membranes, spikes and addresses: accesses, with the bits and capacity that price them.

Initial membranes are zero and final ones are dead when samples are independent (`stateless`): the first read and the
last write never happen, so a layer that runs once has no membrane traffic at all.
"""

from functools import lru_cache
from typing import NamedTuple

from hwcost.arrivals import Arrivals
from hwcost.counts import Count, every, times
from hwcost.network import LayerSpec, NetworkSpec
from hwcost.profile import Profile
from hwcost.shapes import n_biases, n_parameters


class Capacity(NamedTuple):
    """Bits of a layer's memories: parameters, membranes, spikes in and out, analog frames in and out."""

    parameters: int
    membrane: int
    spikes_in: int
    spikes_out: int
    frame_in: int
    frame_out: int


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


def weight_counts(arrived: Arrivals, profile: Profile, capacity: Capacity) -> list[Count]:
    """One weight read per synaptic operation, and the accumulators that per_event hardware keeps in memory."""
    counts = [
        Count(
            "weight_read",
            arrived.synapses,
            profile.bits["weight"],
            capacity.parameters,
            arrived.low,
            arrived.high,
        )
    ]
    if profile.semantics.dataflow == "per_event":
        for item in ("accumulator_read", "accumulator_write"):
            counts.append(
                Count(
                    item,
                    arrived.synapses,
                    profile.bits["membrane"],
                    capacity.membrane,
                    arrived.low,
                    arrived.high,
                )
            )
    return counts


def address_counts(layer: LayerSpec, arrived: Arrivals, profile: Profile) -> list[Count]:
    """Addresses computed from events: two multiplications per event of a convolution, one addition per synapse met."""
    if profile.semantics.addressing == "counters":
        return []
    adds = Count("address_add", arrived.synapses, low=arrived.low, high=arrived.high)
    return [adds] if layer.kind == "linear" else [Count("address_multiply", times(2, arrived.words)), adds]


def event_reads(
    layer: LayerSpec,
    words: tuple[int, ...],
    mask: tuple[int, ...],
    n_samples: int,
    profile: Profile,
    capacity: Capacity,
) -> list[Count]:
    """Incoming events: the codec's bits, and one zero-check per input where the hardware scans."""
    bits = codec_bits(words, mask, layer.n_inputs, value_bits(layer), n_samples, profile)
    counts = [Count("spike_read", bits, 1, capacity.spikes_in)]
    if profile.semantics.zero_check == "scan":
        counts.append(Count("zero_check", every(layer.n_inputs * n_samples, mask)))
    return counts


def state_counts(
    layer: LayerSpec, runs: tuple[int, ...], n_samples: int, profile: Profile, capacity: Capacity
) -> list[Count]:
    """Membranes read and written at the steps that run, without the first read and the last write when stateless."""
    neurons, active = layer.n_outputs * n_samples, [t for t, run in enumerate(runs) if run]
    if not active:
        return []
    reads, writes = list(every(neurons, runs)), list(every(neurons, runs))
    if profile.semantics.stateless:
        reads[active[0]] = writes[active[-1]] = 0
    bits = profile.bits["membrane"]
    return [
        Count("membrane_read", tuple(reads), bits, capacity.membrane),
        Count("membrane_write", tuple(writes), bits, capacity.membrane),
    ]


def bias_counts(
    layer: LayerSpec, runs: tuple[int, ...], n_samples: int, profile: Profile, capacity: Capacity
) -> list[Count]:
    """One add and one read per output neuron and step, unless the bias is merged into the thresholds."""
    if not layer.bias or profile.semantics.bias_policy == "threshold":
        return []
    adds = every(layer.n_outputs * n_samples, runs)
    return [Count("bias_add", adds), Count("bias_read", adds, profile.bits["bias"], capacity.parameters)]


def spike_writes(
    layer: LayerSpec,
    outputs: tuple[int, ...],
    runs: tuple[int, ...],
    n_samples: int,
    profile: Profile,
    capacity: Capacity,
) -> list[Count]:
    """Outgoing spikes, in the codec's bits."""
    return [
        Count(
            "spike_write",
            codec_bits(outputs, runs, layer.n_outputs, 1, n_samples, profile),
            1,
            capacity.spikes_out,
        )
    ]


def codec_bits(
    words: tuple[int, ...],
    mask: tuple[int, ...],
    neurons: int,
    bits_per_value: int,
    n_samples: int,
    profile: Profile,
) -> tuple[int, ...]:
    """Bits that carry the events of each step: as addresses, as a bitmap, or as the shorter of the two."""
    unary = profile.semantics.graded == "unary"
    address = max(1, (neurons - 1).bit_length()) + (0 if unary or bits_per_value == 1 else bits_per_value)
    bitmap = neurons * bits_per_value * n_samples
    codec = profile.semantics.codec
    if codec == "aer":
        return tuple(n * address * runs for n, runs in zip(words, mask, strict=True))
    if codec == "bitmap":
        return every(bitmap, mask)
    return tuple(min(n * address, bitmap) * runs for n, runs in zip(words, mask, strict=True))


def _own_capacity(layer: LayerSpec, profile: Profile) -> Capacity:
    bits = profile.bits
    parameters = n_parameters(layer) * bits["weight"] + n_biases(layer) * bits["bias"]
    return Capacity(
        parameters=max(parameters, 1),
        membrane=layer.n_outputs * bits["membrane"],
        spikes_in=layer.n_inputs * value_bits(layer),
        spikes_out=layer.n_outputs,
        frame_in=layer.n_inputs * bits["activation"],
        frame_out=layer.n_outputs * bits["activation"],
    )
