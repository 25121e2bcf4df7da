"""Sums of two branches. The layer's own source gives the first summand, `other_source` the second.

| kind | summands | adds | reads of the second summand | write of the sum |
|---|---|---|---|---|
| sew_add | events, events | one per event of the branch with fewer, per step | its events | none: readers pay |
| sew_and, sew_iand | events, events | none; one bit operation per neuron and step | its events | none: readers pay |
| membrane_shortcut | numbers, numbers | one per neuron and step | its frame | the frame, without neurons |
| membrane_shortcut | numbers, events | one per event of the second summand | its events | the frame, without neurons |

A neuron behind a membrane_shortcut takes the sum as its input current at once. Events handed on without a neuron are
read by the layers behind, as they are behind a pool. Without `other_source` the second summand is not read, and a
membrane_shortcut reads and writes one frame per step.
"""

from collections.abc import Sequence

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.codecs import codec_bits
from hwcost.counting.counts import Count, every
from hwcost.counting.job import Job, extra_count, other_bits
from hwcost.counting.memory import zero_checks


def add_events(job: Job, arrived: Arrivals) -> list[Count]:
    """SEW-ADD: one add per event of the branch with fewer of them, step by step."""
    others = extra_count(job, "other")
    adds = tuple(min(a, b) for a, b in zip(arrived.events, others, strict=True))
    return [Count("residual_add", adds), *_other_reads(job, others)]


def gate_events(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """SEW-AND and SEW-IAND: one one-bit operation per neuron and step."""
    gates = [Count("residual_logic", every(job.outputs, job.active_steps))]
    return gates + (_other_reads(job, extra_count(job, "other")) if job.layer.other_source else [])


def add_numbers(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """A shortcut between membranes: the branch's frame is read and the shortcut added to it."""
    frames, bits = every(job.outputs, job.active_steps), job.profile.bits["activation"]
    other = job.network.other_source(job.layer)
    reads = Count("activation_read", frames, bits, job.memories.frame_out)
    write = Count("activation_write", frames, bits, job.memories.frame_out)
    if other is None:
        return [Count("residual_add", frames), reads, write]
    passed_on = [] if job.layer.neuron or job.is_last else [write]
    if other.gives_events:
        others = extra_count(job, "other")
        return [Count("residual_add", others), reads, *_other_reads(job, others), *passed_on]
    other_reads = Count("activation_read", frames, bits, job.memories.other)
    return [Count("residual_add", frames), reads, other_reads, *passed_on]


def scanned_steps(job: Job) -> tuple[int, ...]:
    """Inputs of the second summand that a scanning hardware tests for events, per step and sample."""
    other = job.network.other_source(job.layer)
    is_read = other is not None and other.gives_events
    return every(job.layer.n_inputs if is_read else 0, job.active_steps)


def _other_reads(job: Job, others: Sequence[int]) -> list[Count]:
    """The events of the second summand, in the codec's bits, and one zero-check per input where the hardware scans."""
    if not job.layer.other_source:
        return []
    bits = other_bits(job.network, job.layer, job.profile)
    read = codec_bits(job, others, job.active_steps, job.layer.in_shape, bits)
    return [Count("spike_read", read, 1, job.memories.other), *zero_checks(job, job.active_steps)]
