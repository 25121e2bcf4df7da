"""Counts of one layer: synaptic operations from what arrives, and what its neurons and memories do because of it."""

from hwcost.arrivals import Arrivals, arrivals, dense
from hwcost.counts import Count, Phase, every
from hwcost.memory import (
    Capacity,
    address_counts,
    bias_counts,
    event_reads,
    spike_writes,
    state_counts,
    weight_counts,
)
from hwcost.network import LayerSpec, NetworkSpec
from hwcost.neurons import executed, neuron_counts
from hwcost.profile import Profile
from hwcost.shapes import POOLS, WEIGHTED
from hwcost.spikes import LayerSpikes


def layer_phase(
    network: NetworkSpec,
    layer: LayerSpec,
    spikes: LayerSpikes,
    n_samples: int,
    profile: Profile,
    capacity: Capacity,
) -> Phase:
    """All counts of a layer whose input has as many timesteps as itself (of more, the first are used)."""
    steps = network.timesteps(layer)
    own = layer.mask or (1,) * steps
    mask = tuple(a * b for a, b in zip(network.input_mask(layer)[:steps], own, strict=True))
    if layer.is_analog:
        counts = analog_counts(layer, own, n_samples, profile, capacity)
        words: tuple[int, ...] = ()
        scanned = every(0, own)
    else:
        arrived = masked(event_arrivals(layer, spikes, n_samples, profile).first(steps), own)
        words = arrived.words
        counts = event_reads(layer, words, mask, n_samples, profile, capacity)
        counts += synaptic_counts(layer, arrived, profile, capacity)
        scanned = every(layer.n_inputs, mask)
    runs = executed(network, layer, words, profile.semantics)
    counts += output_counts(network, layer, spikes, runs, n_samples, profile, capacity)
    updated = every(layer.n_outputs if layer.neuron else 0, runs)
    return Phase(layer.name, tuple(counts), scanned, updated, spikes.outputs or every(0, runs))


def event_arrivals(layer: LayerSpec, spikes: LayerSpikes, n_samples: int, profile: Profile) -> Arrivals:
    """What arrives, under the profile's reading of graded events."""
    return arrivals(layer, spikes, n_samples, unary=profile.semantics.graded == "unary")


def synaptic_counts(layer: LayerSpec, arrived: Arrivals, profile: Profile, capacity: Capacity) -> list[Count]:
    """Operations, weights and addresses of arriving events. Pools have neither weights nor synapses."""
    if layer.kind in POOLS:
        if layer.kind.startswith("max"):
            return [Count("pool_or", arrived.words)]
        return [] if profile.semantics.fuse_avg_pool else [Count("pool_add", arrived.words)]
    counts = [
        Count("synaptic_operation", arrived.synapses, low=arrived.low, high=arrived.high),
        Count(f"synapse_{arrived.operation}", arrived.synapses, low=arrived.low, high=arrived.high),
    ]
    return counts + weight_counts(arrived, profile, capacity) + address_counts(layer, arrived, profile)


def analog_counts(
    layer: LayerSpec, own: tuple[int, ...], n_samples: int, profile: Profile, capacity: Capacity
) -> list[Count]:
    """Dense MACs of analog frames; a constant frame may be computed once and its result read back at every step."""
    if layer.kind in POOLS:
        return [Count("pool_add", every(layer.n_inputs * n_samples, own))]
    active = [t for t, run in enumerate(own) if run]
    reused = layer.constant_input and profile.semantics.direct_reuse
    computed = tuple(int(t == active[0]) for t in range(len(own))) if reused and active else own
    frame = dense(layer, n_samples, len(own), pads_counted=profile.semantics.pads_counted)
    arrived = masked(frame, computed)
    counts = dense_counts(arrived, profile, capacity)
    if reused and len(active) > 1:
        bits, outputs = profile.bits["activation"], layer.n_outputs * n_samples
        counts.append(Count("activation_write", every(outputs, computed), bits, capacity.frame_out))
        counts.append(Count("activation_read", every(outputs, own), bits, capacity.frame_out))
    return counts


def dense_counts(arrived: Arrivals, profile: Profile, capacity: Capacity) -> list[Count]:
    """MACs on analog frames, with the weight and the operand that each one reads."""
    bits = profile.bits
    return [
        Count("synapse_mac", arrived.synapses),
        Count("weight_read", arrived.synapses, bits["weight"], capacity.parameters),
        Count("activation_read", arrived.synapses, bits["activation"], capacity.frame_in),
    ]


def output_counts(
    network: NetworkSpec,
    layer: LayerSpec,
    spikes: LayerSpikes,
    runs: tuple[int, ...],
    n_samples: int,
    profile: Profile,
    capacity: Capacity,
) -> list[Count]:
    """What happens once per output neuron and step: bias, update, membrane; and the spikes that leave."""
    last = layer is network.layers[-1]
    counts = bias_counts(layer, runs, n_samples, profile, capacity)
    counts += neuron_counts(layer, runs, spikes.outputs, n_samples, profile.semantics, last=last)
    if layer.neuron or (last and layer.kind in WEIGHTED):
        counts += state_counts(layer, runs, n_samples, profile, capacity)
    if last:
        return counts
    if layer.neuron:
        return counts + spike_writes(layer, spikes.outputs, runs, n_samples, profile, capacity)
    if layer.kind in WEIGHTED:
        frames = every(layer.n_outputs * n_samples, runs)
        counts.append(Count("activation_write", frames, profile.bits["activation"], capacity.frame_out))
    return counts


def masked(arrived: Arrivals, mask: tuple[int, ...]) -> Arrivals:
    """Nothing arrives at a masked step."""
    if 0 not in mask:
        return arrived

    def gate(steps: tuple[int | float, ...]) -> tuple[int | float, ...]:
        return tuple(n * run for n, run in zip(steps, mask, strict=True))

    return Arrivals(
        tuple(n * run for n, run in zip(arrived.words, mask, strict=True)),
        gate(arrived.synapses),
        arrived.operation,
        arrived.low and gate(arrived.low),
        arrived.high and gate(arrived.high),
    )
