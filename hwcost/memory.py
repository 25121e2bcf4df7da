"""Traffic of weights, biases, membranes, spikes and addresses: accesses, with the bits and capacity that price them.

Initial membranes are zero and final ones are dead when samples are independent (`stateless`): the first read and the
last write never happen, so a layer that runs once has no membrane traffic at all.
"""

from collections.abc import Sequence
from math import prod

from hwcost.arrivals import Arrivals
from hwcost.counts import Count, every, times
from hwcost.job import Job, value_bits

Gate = Sequence[int]


def weight_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """One weight read per synaptic operation, and the accumulators that per_event hardware keeps in memory."""
    bits, asked, bounds = job.profile.bits, arrived.accesses or arrived.synapses, (arrived.low, arrived.high)
    counts = [Count("weight_read", asked, bits["weight"], job.capacity.parameters, *bounds)]
    if job.semantics.dataflow == "per_event":
        for item in ("accumulator_read", "accumulator_write"):
            counts.append(Count(item, asked, bits["membrane"], job.capacity.membrane, *bounds))
    return counts


def address_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """Addresses computed from events: two multiplications per event of a convolution, one addition per synapse met."""
    if job.semantics.addressing == "counters":
        return []
    adds = Count("address_add", arrived.accesses or arrived.synapses, low=arrived.low, high=arrived.high)
    return [Count("address_multiply", times(2, arrived.words)), adds] if job.layer.kernel else [adds]


def frame_addresses(job: Job, words: Sequence[int]) -> list[Count]:
    """Addresses of a whole frame: one addition per input, per output, and per kernel weight of an output channel."""
    if job.semantics.addressing == "counters":
        return []
    layer = job.layer
    kernel = prod(layer.kernel) * layer.out_shape[0] if layer.kernel else 0
    adds = job.inputs + job.outputs + kernel * job.n_samples
    return [Count("address_add", every(adds, [int(n > 0) for n in words]))]


def event_reads(job: Job, words: Sequence[int], mask: Gate) -> list[Count]:
    """Incoming events: the codec's bits, and one zero-check per input where the hardware scans."""
    counts = [
        Count("spike_read", codec_bits(job, words, mask, job.layer.n_inputs), 1, job.capacity.spikes_in)
    ]
    if job.semantics.zero_check == "scan":
        counts.append(Count("zero_check", every(job.inputs, mask)))
    return counts


def state_counts(job: Job, runs: Gate) -> list[Count]:
    """Membranes read and written at the steps that run, without the first read and the last write when stateless."""
    active = [t for t, run in enumerate(runs) if run]
    if not active:
        return []
    reads, writes = list(every(job.outputs, runs)), list(every(job.outputs, runs))
    if job.semantics.stateless:
        reads[active[0]] = writes[active[-1]] = 0
    bits, capacity = job.profile.bits["membrane"], job.capacity.membrane
    return [
        Count("membrane_read", tuple(reads), bits, capacity),
        Count("membrane_write", tuple(writes), bits, capacity),
    ]


def bias_counts(job: Job, runs: Gate) -> list[Count]:
    """One add and one read per output neuron and step, unless the bias is merged into the thresholds."""
    if not job.layer.bias or job.semantics.bias_policy == "threshold":
        return []
    adds = every(job.outputs, runs)
    return [
        Count("bias_add", adds),
        Count("bias_read", adds, job.profile.bits["bias"], job.capacity.parameters),
    ]


def spike_writes(job: Job, runs: Gate) -> list[Count]:
    """Outgoing spikes, in the codec's bits."""
    bits = codec_bits(job, job.spikes.outputs, runs, job.layer.n_outputs, outgoing=True)
    return [Count("spike_write", bits, 1, job.capacity.spikes_out)]


def codec_bits(
    job: Job, words: Sequence[int], mask: Gate, neurons: int, *, outgoing: bool = False
) -> tuple[int, ...]:
    """Bits that carry the events of each step: as addresses, as a bitmap, or as the shorter of the two."""
    bits = 1 if outgoing else value_bits(job.layer)
    in_word = bits if bits > 1 and job.semantics.graded == "mac" else 0
    address = max(1, (neurons - 1).bit_length()) + in_word
    bitmap = neurons * bits * job.n_samples
    if job.semantics.codec == "word":
        return tuple(n * job.profile.bits["event"] * runs for n, runs in zip(words, mask, strict=True))
    if job.semantics.codec == "aer":
        return tuple(n * address * runs for n, runs in zip(words, mask, strict=True))
    if job.semantics.codec == "bitmap":
        return every(bitmap, mask)
    return tuple(min(n * address, bitmap) * runs for n, runs in zip(words, mask, strict=True))
