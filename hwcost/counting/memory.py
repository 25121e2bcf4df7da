"""Traffic of biases, membranes, spikes and addresses: accesses, with the bits and memory sizes that price them.

Initial membranes are zero and final ones are not read again when samples are independent (`stateless`): the first read
and the last write never happen, so a layer that runs once has no membrane traffic at all. Where timesteps are processed
in windows, membranes are read and written once per window, and never if one window holds all timesteps. An array that
holds weights holds the biases of its channels as well.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import prod

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.codec_bounds import fewest_bits
from hwcost.counting.codecs import codec_bits
from hwcost.counting.counts import Count, every, times
from hwcost.counting.job import Job
from hwcost.counting.memory_sizes import value_bits
from hwcost.counting.updates import Updates
from hwcost.dataflow.tiles import Window, windows
from hwcost.network.kinds import FLOWS

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
    layer, samples = job.layer, job.spikes.per_sample
    extremes = () if samples is None else samples.sums if job.semantics.graded == "unary" else samples.events
    frame = mask, layer.in_shape, value_bits(layer)
    signed, reads = layer.in_class == "ternary", job.plan.input_reads
    bits = codec_bits(job, events, *frame, signed=signed)
    low = fewest_bits(job, events, extremes, bits, *frame, signed=signed)
    read = times(reads, bits) if reads > 1 else bits
    bounds = (times(reads, low), read) if low else (None, None)
    count = Count("spike_read", read, 1, job.memories.spikes_in, *bounds)
    return [count, *zero_checks(job, mask, layer.n_inputs)]


def zero_checks(job: Job, mask: Mask, neurons: int) -> list[Count]:
    """One test per neuron and step where the hardware scans for spikes."""
    if job.semantics.zero_check != "scan":
        return []
    return [_tests(neurons * job.n_samples, tuple(mask))]


@lru_cache(maxsize=4096)
def _tests(neurons: int, mask: tuple[int, ...]) -> Count:
    return Count("zero_check", every(neurons, mask))


def state_counts(job: Job, run: Updates, updated_steps: Mask) -> list[Count]:
    """Membranes read at the first and written at the last step of every window of updated steps, without the first
    read and the last write when stateless; none where one window holds all steps.
    """
    longest = job.plan.window
    if not any(run.samples):
        return []
    inflow, outflow = (job.layer.operand(name) for name in FLOWS)
    batches = windows(tuple(updated_steps), longest)
    stay = longest > 1 and len(batches) == 1
    reads, writes = [0] * len(updated_steps), [0] * len(updated_steps)
    for start, stop in () if stay else batches:
        reads[start] = job.layer.n_outputs * _touched(job, run, run.first, (start, stop))
        writes[stop - 1] = job.layer.n_outputs * _touched(job, run, run.last, (start, stop))
    if inflow or outflow:  # others wait for these, whatever stays in the array
        reads = [n + inflow * samples for n, samples in zip(reads, run.samples, strict=True)]
        writes = [max(n, outflow * samples) for n, samples in zip(writes, run.samples, strict=True)]
    states = job.layer.n_states
    bits, memory_bits = job.profile.bits["membrane"] * states, job.memories.membrane * states
    return [
        Count("membrane_read", tuple(reads), bits, memory_bits),
        Count("membrane_write", tuple(writes), bits, memory_bits),
    ]


def _touched(job: Job, run: Updates, never: Sequence[int], window: Window) -> int:
    """Samples whose membranes move in a window (at most all), without those for which it never happens."""
    start, stop = window
    samples = min(job.n_samples, sum(run.samples[start:stop]))
    return samples - sum(never[start:stop]) if job.semantics.stateless else samples


def bias_counts(job: Job, run: Updates, updated_steps: Mask) -> list[Count]:
    """One add per sum and step, unless the bias is merged into the thresholds, and the reads that these need: as many
    without an array; with one, which holds its channels' biases with their weights, one per tile and window.
    """
    if not job.layer.bias or job.semantics.bias_policy == "threshold":
        return []
    adds = every(job.layer.n_sums, run.samples)
    reads = _shared_bias_reads(job, run, updated_steps) if job.plan.n_tiles else adds
    return [
        Count("bias_add", adds),
        Count("bias_read", reads, job.profile.bits["bias"], job.memories.parameters),
    ]


def _shared_bias_reads(job: Job, run: Updates, updated_steps: Mask) -> tuple[int, ...]:
    """Every bias once per tile of positions, at the first step of every window."""
    in_a_window = job.layer.n_biases * job.layer.weight_passes * job.plan.n_tiles
    reads = [0] * len(updated_steps)
    for start, stop in windows(tuple(updated_steps), job.plan.window):
        reads[start] = in_a_window * min(job.n_samples, sum(run.samples[start:stop]))
    return tuple(reads)


def spike_writes(job: Job, updated_steps: Mask) -> list[Count]:
    """Outgoing spikes, in the codec's bits."""
    bits = codec_bits(job, job.spikes.outputs, updated_steps, job.layer.out_shape, 1)
    low = fewest_bits(job, job.spikes.outputs, job.given_of_one, bits, updated_steps, job.layer.out_shape, 1)
    return [Count("spike_write", bits, 1, job.memories.spikes_out, low, low and bits)]
