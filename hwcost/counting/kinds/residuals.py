"""Sums of two branches. The layer's own source gives the first summand, `other_source` the second.

| kind | summands | adds | reads of the second summand |
|---|---|---|---|
| sew_add | events, events | one per event of the branch with fewer, per step | its events |
| sew_and, sew_iand | events, events | none; one bit operation per neuron and step | its events |
| membrane_shortcut | numbers, numbers | one per neuron and step | its frame |
| membrane_shortcut | numbers, events | one per event of the second summand | its events |

The first summand is read and the sum written as at every layer boundary (`hwcost.counting.boundary`). A neuron behind
a membrane_shortcut takes the sum as its input current at once; where the membranes go on beside the spikes, as in
MS-ResNet, the sum has no neuron, and a layer of kind `neurons` reads it as the next sum does. Without `other_source`
the events of a second summand are the record's count `other`, each one bit wide, and numbers are a frame.
"""

from collections.abc import Sequence

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.codec_bounds import fewest_bits
from hwcost.counting.codecs import codec_bits
from hwcost.counting.counts import Count, every
from hwcost.counting.job import Job, extra_count
from hwcost.counting.memory import zero_checks
from hwcost.counting.memory_sizes import other_bits


def add_events(job: Job, arrived: Arrivals) -> list[Count]:
    """SEW-ADD: one add per event of the branch with fewer of them, step by step. Of several samples the sums are
    compared: an upper end where not all of them have fewer events in the same branch.
    """
    others = extra_count(job, "other")
    adds = tuple(min(a, b) for a, b in zip(arrived.events, others, strict=True))
    fewest = _fewest_adds(job, arrived, others)
    low, high = (fewest, adds) if fewest and fewest != adds else (None, None)
    return [Count("residual_add", adds, low=low, high=high), *_other_reads(job, others)]


def _fewest_adds(job: Job, arrived: Arrivals, others: Sequence[int]) -> tuple[int, ...]:
    """The least that the sum over samples of min(a, b) = a + b - max(a, b) can be; empty where samples are not told
    apart.
    """
    samples, n = job.spikes.per_sample, job.n_samples
    if samples is None or n == 1 or not job.other_of_one:
        return ()
    own = samples.sums if job.semantics.graded == "unary" else samples.events
    steps = zip(arrived.events, others, own, job.other_of_one, job.active_steps, strict=False)
    return tuple(
        max(n * min(a_of_one[0], b_of_one[0]), a + b - n * max(a_of_one[1], b_of_one[1])) * runs
        if min(a_of_one[1], b_of_one[1]) > max(a_of_one[0], b_of_one[0])
        else min(a, b)
        for a, b, a_of_one, b_of_one, runs in steps
    )


def gate_events(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """SEW-AND and SEW-IAND: one one-bit operation per neuron and step."""
    gates = [Count("residual_logic", every(job.outputs, job.active_steps))]
    return gates + _other_reads(job, extra_count(job, "other"))


def add_numbers(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """A shortcut between membranes: the second summand is read and added."""
    frames, bits = every(job.outputs, job.active_steps), job.profile.bits["activation"]
    other = job.network.other_source(job.layer)
    if other is not None and other.gives_events:
        others = extra_count(job, "other")
        return [Count("residual_add", others), *_other_reads(job, others)]
    other_reads = Count("activation_read", frames, bits, job.memories.other or job.memories.frame_in)
    return [Count("residual_add", frames), other_reads]


def scanned_steps(job: Job) -> tuple[int, ...]:
    """Inputs of the second summand that a scanning hardware tests for events, per step and sample."""
    other = job.network.other_source(job.layer)
    adds_numbers = job.layer.kind == "membrane_shortcut" and (other is None or not other.gives_events)
    return every(0 if adds_numbers else job.layer.n_inputs, _other_steps(job))


def _other_reads(job: Job, others: Sequence[int]) -> list[Count]:
    """The events of the second summand, in the codec's bits, and one zero-check per input where the hardware scans."""
    bits, steps = other_bits(job.network, job.layer, job.profile) or 1, _other_steps(job)
    memory_bits = job.memories.other or job.memories.spikes_in
    read = codec_bits(job, others, steps, job.layer.in_shape, bits)
    low = fewest_bits(job, others, job.other_of_one, read, steps, job.layer.in_shape, bits)
    return [
        Count("spike_read", read, 1, memory_bits, low, low and read),
        *zero_checks(job, steps, job.layer.n_inputs),
    ]


def _other_steps(job: Job) -> tuple[int, ...]:
    """0 or 1 per own timestep: where the second summand may give anything."""
    other = job.network.other_source(job.layer)
    if other is None:
        return job.active_steps
    return tuple(a * b for a, b in zip(job.active_steps, job.network.output_mask(other), strict=True))
