"""Traffic of weights, biases, membranes, spikes and addresses: accesses, with the bits and memory sizes that price
them.

Initial membranes are zero and final ones are not read again when samples are independent (`stateless`): the first read
and the last write never happen, so a layer that runs once has no membrane traffic at all.
"""

from collections.abc import Sequence
from math import prod

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.codecs import codec_bits
from hwcost.counting.counts import Count, every, times
from hwcost.counting.job import Job, value_bits

Mask = Sequence[int]


def weight_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """One weight read per synaptic operation, and the accumulators that per_event hardware keeps in memory."""
    bits, read, bounds = job.profile.bits, arrived.accesses or arrived.synapses, (arrived.low, arrived.high)
    counts = [Count("weight_read", read, bits["weight"], job.memories.parameters, *bounds)]
    if job.dataflow == "none" and job.semantics.dataflow == "none":
        for item in ("accumulator_read", "accumulator_write"):
            counts.append(Count(item, read, bits["membrane"], job.memories.membrane, *bounds))
    return counts


def address_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """Addresses computed from events: two multiplications per event of a convolution, one addition per synapse met."""
    if job.semantics.addressing == "counters":
        return []
    adds = Count("address_add", arrived.accesses or arrived.synapses, low=arrived.low, high=arrived.high)
    return [Count("address_multiply", times(2, arrived.events)), adds] if job.layer.kernel else [adds]


def frame_addresses(job: Job, events: Sequence[int]) -> list[Count]:
    """Addresses of a whole frame: one addition per input, per output, and per kernel weight of an output channel."""
    if job.semantics.addressing == "counters":
        return []
    layer = job.layer
    kernel = prod(layer.kernel) * layer.out_shape[0] if layer.kernel else 0
    adds = job.inputs + job.outputs + kernel * job.n_samples
    return [Count("address_add", every(adds, [int(n > 0) for n in events]))]


def event_reads(job: Job, events: Sequence[int], mask: Mask) -> list[Count]:
    """Incoming events: the codec's bits, and one zero-check per input where the hardware scans."""
    bits = codec_bits(job, events, mask, job.layer.in_shape, value_bits(job.layer))
    return [Count("spike_read", bits, 1, job.memories.spikes_in), *zero_checks(job, mask)]


def zero_checks(job: Job, mask: Mask) -> list[Count]:
    """One test per input and step where the hardware scans for spikes."""
    return [Count("zero_check", every(job.inputs, mask))] if job.semantics.zero_check == "scan" else []


def state_counts(job: Job, updated_steps: Mask) -> list[Count]:
    """Membranes read and written at the updated steps, without the first read and the last write when stateless."""
    active = [t for t, updated in enumerate(updated_steps) if updated]
    if not active:
        return []
    reads, writes = list(every(job.outputs, updated_steps)), list(every(job.outputs, updated_steps))
    if job.semantics.stateless:
        reads[active[0]] = writes[active[-1]] = 0
    bits, memory_bits = job.profile.bits["membrane"], job.memories.membrane
    return [
        Count("membrane_read", tuple(reads), bits, memory_bits),
        Count("membrane_write", tuple(writes), bits, memory_bits),
    ]


def bias_counts(job: Job, updated_steps: Mask) -> list[Count]:
    """One add and one read per output neuron and step, unless the bias is merged into the thresholds."""
    if not job.layer.bias or job.semantics.bias_policy == "threshold":
        return []
    adds = every(job.outputs, updated_steps)
    return [
        Count("bias_add", adds),
        Count("bias_read", adds, job.profile.bits["bias"], job.memories.parameters),
    ]


def spike_writes(job: Job, updated_steps: Mask) -> list[Count]:
    """Outgoing spikes, in the codec's bits."""
    bits = codec_bits(job, job.spikes.outputs, updated_steps, job.layer.out_shape, 1)
    return [Count("spike_write", bits, 1, job.memories.spikes_out)]
