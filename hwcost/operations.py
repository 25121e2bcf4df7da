"""Counts of one layer: synaptic operations from what arrives, and what its neurons and memories do because of it."""

from collections.abc import Sequence

from hwcost.arrivals import Arrivals, arrivals, dense, textbook_arrivals
from hwcost.counts import Count, Phase, every
from hwcost.job import Job
from hwcost.kinds import COUNTED_BY, EMITTING
from hwcost.memory import (
    address_counts,
    bias_counts,
    event_reads,
    frame_addresses,
    spike_writes,
    state_counts,
    weight_counts,
)
from hwcost.neurons import executed, neuron_counts
from hwcost.shapes import WEIGHTED


def layer_phase(job: Job) -> Phase:
    """All counts of a layer whose input has as many timesteps as itself (of more, the first are used)."""
    layer, own = job.layer, job.own
    mask = tuple(a * b for a, b in zip(job.network.input_mask(layer), own, strict=False))
    words: Sequence[int] = ()
    if layer.is_analog:
        counts, scanned = analog_counts(job), every(0, own)
    else:
        arrived = masked(event_arrivals(job).first(len(own)), own)
        words, scanned = arrived.words, every(layer.n_inputs, mask)
        counts = event_reads(job, words, mask) + synaptic_counts(job, arrived)
    runs = executed(job, words)
    counts += output_counts(job, runs)
    updated = every(layer.n_outputs if layer.neuron else 0, runs)
    return Phase(layer.name, tuple(counts), scanned, updated, job.spikes.outputs or every(0, runs))


def event_arrivals(job: Job) -> Arrivals:
    """What arrives, under the profile's reading of graded events."""
    arrived = arrivals(job.layer, job.spikes, job.n_samples, unary=job.semantics.graded == "unary")
    return textbook_arrivals(job.layer, arrived) if job.semantics.fan_out == "textbook" else arrived


def dense_arrivals(job: Job, n_steps: int) -> Arrivals:
    """A whole analog frame at each of `n_steps`."""
    return dense(job.layer, job.n_samples, n_steps, pads_counted=job.semantics.pads_counted)


def synaptic_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """Operations, weights and addresses of arriving events."""
    if job.layer.kind in COUNTED_BY:
        return COUNTED_BY[job.layer.kind](job, arrived)
    return event_counts(job, arrived)


def event_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """Every event meets its synapses: one operation, one weight and one address each."""
    counts = [
        Count("synaptic_operation", arrived.synapses, low=arrived.low, high=arrived.high),
        Count(f"synapse_{arrived.operation}", arrived.synapses, low=arrived.low, high=arrived.high),
    ]
    return counts + weight_counts(job, arrived) + address_counts(job, arrived)


def analog_counts(job: Job) -> list[Count]:
    """Dense MACs of analog frames; a constant frame may be computed once and its result read back at every step."""
    own = job.own
    if job.layer.kind in COUNTED_BY:
        frames = Arrivals(every(job.inputs, own), every(0, own), "mac")
        return COUNTED_BY[job.layer.kind](job, frames)
    active = [t for t, run in enumerate(own) if run]
    reused = job.layer.constant_input and job.semantics.direct_reuse
    computed = tuple(int(t == active[0]) for t in range(len(own))) if reused and active else own
    counts = dense_counts(job, masked(dense_arrivals(job, len(own)), computed))
    if reused and len(active) > 1:
        bits, capacity = job.profile.bits["activation"], job.capacity.frame_out
        counts.append(Count("activation_write", every(job.outputs, computed), bits, capacity))
        counts.append(Count("activation_read", every(job.outputs, own), bits, capacity))
    return counts


def dense_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """MACs on analog frames, with the weight and the operand that each one reads."""
    bits = job.profile.bits
    return [
        *frame_addresses(job, arrived.words),
        Count("synapse_mac", arrived.synapses),
        Count("weight_read", arrived.synapses, bits["weight"], job.capacity.parameters),
        Count("activation_read", arrived.synapses, bits["activation"], job.capacity.frame_in),
    ]


def output_counts(job: Job, runs: Sequence[int]) -> list[Count]:
    """What happens once per output neuron and step: bias, update, membrane; and what leaves."""
    layer = job.layer
    counts = bias_counts(job, runs) + neuron_counts(job, runs)
    if layer.neuron or (job.is_last and layer.kind in WEIGHTED):
        counts += state_counts(job, runs)
    if job.is_last:
        return counts
    if layer.neuron or layer.kind in EMITTING:
        return counts + spike_writes(job, runs)
    if layer.kind in WEIGHTED:
        bits, frames = job.profile.bits["activation"], every(job.outputs, runs)
        counts.append(Count("activation_write", frames, bits, job.capacity.frame_out))
    return counts


def masked(arrived: Arrivals, mask: Sequence[int]) -> Arrivals:
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
        arrived.accesses and gate(arrived.accesses),
    )
