"""Traffic of biases, membranes, spikes and addresses: accesses, with the bits and memory sizes that price them.

Initial membranes are zero and final ones are not read again when samples are independent (`stateless`): the first read
and the last write never happen, so a layer that runs once has no membrane traffic at all. Where timesteps are processed
in windows, membranes are read and written once per window, and never if one window holds all timesteps.
"""

from collections.abc import Sequence
from math import prod

from hwcost.activity.layer_spikes import PerSample
from hwcost.counting.arrivals import Arrivals
from hwcost.counting.codec_bounds import fewest_bits
from hwcost.counting.codecs import codec_bits
from hwcost.counting.counts import Count, every, times
from hwcost.counting.job import Job, value_bits
from hwcost.counting.weights import longest_window, reads_of_input
from hwcost.dataflow.tiles import windows

Mask = Sequence[int]


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
    """Incoming events: the codec's bits, as often as the array works through output channels, and one zero-check per
    input where the hardware scans.
    """
    layer, samples, reads = job.layer, job.spikes.per_sample or PerSample(), reads_of_input(job)
    extremes = samples.sums if job.semantics.graded == "unary" else samples.events
    bits = codec_bits(job, events, mask, layer.in_shape, value_bits(layer))
    low = fewest_bits(job, events, extremes, mask, layer.in_shape, value_bits(layer))
    read = times(reads, bits)
    bounds = (times(reads, low), read) if low else (None, None)
    return [Count("spike_read", read, 1, job.memories.spikes_in, *bounds), *zero_checks(job, mask)]


def zero_checks(job: Job, mask: Mask) -> list[Count]:
    """One test per input and step where the hardware scans for spikes."""
    return [Count("zero_check", every(job.inputs, mask))] if job.semantics.zero_check == "scan" else []


def state_counts(job: Job, updated_steps: Mask) -> list[Count]:
    """Membranes read at the first and written at the last step of every window of updated steps, without the first
    read and the last write when stateless, or when one window holds all steps.
    """
    longest = longest_window(job)
    batches = windows(updated_steps, longest)
    if not batches:
        return []
    reads, writes = [0] * len(updated_steps), [0] * len(updated_steps)
    for start, stop in batches:
        reads[start] = writes[stop - 1] = job.outputs
    if job.semantics.stateless or (longest > 1 and len(batches) == 1):
        reads[batches[0][0]] = writes[batches[-1][1] - 1] = 0
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
    extremes = (job.spikes.per_sample or PerSample()).outputs
    low = fewest_bits(job, job.spikes.outputs, extremes, updated_steps, job.layer.out_shape, 1)
    return [Count("spike_write", bits, 1, job.memories.spikes_out, low, low and bits)]
