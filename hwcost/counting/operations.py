"""Counts of one layer: synaptic operations from what arrives, and what its neurons and memories do because of it."""

from collections.abc import Sequence
from functools import lru_cache

from hwcost.counting.arrivals import Arrivals, arrivals, dense, textbook_arrivals
from hwcost.counting.boundary import frame_reads, input_reads, n_event_reads, output_writes
from hwcost.counting.counts import Count, Work, every, gated, times
from hwcost.counting.job import Job
from hwcost.counting.kinds.recurrence import scanned_own_steps
from hwcost.counting.kinds.residuals import scanned_steps
from hwcost.counting.layer_kinds import COUNTED_BY
from hwcost.counting.memory import (
    address_counts,
    bias_counts,
    frame_addresses,
    state_counts,
)
from hwcost.counting.neurons import besides, neuron_counts, with_resets
from hwcost.counting.touched import touched_neurons
from hwcost.counting.updates import Updates, steps_with_updates, updates
from hwcost.counting.weights import frame_counts, weight_counts
from hwcost.network.kinds import RESIDUALS, WEIGHTED


def layer_work(job: Job) -> Work:
    """All counts of a layer whose input has as many timesteps as itself (of more, the first are used)."""
    layer, active = job.layer, job.active_steps
    events: Sequence[int] = ()
    if layer.is_analog:
        counts, scanned = analog_counts(job), every(0, active)
    else:
        mask, scanned = _scans(job.quiet or job)
        arrived = event_arrivals(job).first(len(active)).masked(active if layer.feeds_back else mask)
        events = arrived.events
        counts = input_reads(job, events, mask) + synaptic_counts(job, arrived)
    if layer.kind in RESIDUALS:
        scanned = tuple(a + b for a, b in zip(scanned, scanned_steps(job), strict=True))
    if layer.kind == "recurrent":
        scanned = tuple(a + b for a, b in zip(scanned, scanned_own_steps(job), strict=True))
    updated_steps = steps_with_updates(job, events)
    counts += output_counts(job, updated_steps)
    updated = every(layer.n_outputs if layer.neuron else 0, updated_steps)
    touched = touched_neurons(job, len(active)) if job.execution == "event_driven" else ()
    touched = gated(touched, layer.mask) if touched else ()
    sent = (job.spikes.outputs if layer.fires else job.given_events) or every(0, updated_steps)
    return Work(layer.name, tuple(counts), scanned, updated, sent, touched=touched)


@lru_cache(maxsize=4096)
def _scans(job: Job) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """0 or 1 per timestep: where events may arrive; and inputs that are scanned for them."""
    mask = gated(job.network.input_mask(job.layer)[: len(job.active_steps)], job.layer.mask)
    return mask, every(job.layer.n_inputs * n_event_reads(job), mask)


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
    steps, kind = job.active_steps if job.layer.feeds_back else job.arriving_steps, job.layer.kind
    if kind not in WEIGHTED:
        frames = dense(job.layer, job.n_samples, len(steps), pads_counted=False).masked(steps)
        return frame_reads(job) + COUNTED_BY[kind](job, frames)
    active = [t for t, runs in enumerate(steps) if runs]
    reused = job.layer.constant_input and job.semantics.direct_reuse
    computed = tuple(int(t == active[0]) for t in range(len(steps))) if reused and active else steps
    arrived = dense_arrivals(job, len(steps)).masked(computed)
    passes = job.layer.operand("passes", 1)
    counts = dense_counts(job, arrived._replace(synapses=times(passes, arrived.synapses)))
    if reused and len(active) > 1:
        bits, memory_bits = job.profile.bits["activation"], job.memories.frame_out
        sums = job.layer.n_sums * job.n_samples
        counts.append(Count("activation_write", every(sums, computed), bits, memory_bits))
        counts.append(Count("activation_read", every(sums, steps), bits, memory_bits))
    if kind in COUNTED_BY:
        nothing = every(0, steps)
        counts += COUNTED_BY[kind](job, Arrivals(nothing, nothing, "ac"))
    return counts


def dense_counts(job: Job, arrived: Arrivals) -> list[Count]:
    """MACs on analog frames, with the weights and operands that they read."""
    macs = Count("synapse_mac", arrived.synapses)
    return [*frame_addresses(job, arrived.events), macs, *frame_counts(job, arrived)]


def steady_frames(job: Job, runs: Sequence[int]) -> Sequence[Count]:
    """MACs of whole frames of numbers at the steps that run."""
    return _frames_of(job.quiet or job, tuple(runs))


@lru_cache(maxsize=4096)
def _frames_of(job: Job, runs: tuple[int, ...]) -> Sequence[Count]:
    return tuple(dense_counts(job, dense_arrivals(job, len(runs)).masked(runs)))


def output_counts(job: Job, updated_steps: Sequence[int]) -> list[Count]:
    """What happens once per output neuron and step: bias, update, membrane; and what leaves."""
    run = updates(job, updated_steps)
    biases, neurons, states = _updates_of(job.quiet or job, run, tuple(updated_steps))
    return [*biases, *with_resets(job, neurons), *states, *output_writes(job, updated_steps)]


@lru_cache(maxsize=4096)
def _updates_of(
    job: Job, run: Updates, updated_steps: tuple[int, ...]
) -> tuple[Sequence[Count], Sequence[Count], Sequence[Count]]:
    """Counts of biases, neurons and membranes, which do not depend on how often neurons fire."""
    has_states = job.layer.neuron or job.adds_up
    states = state_counts(job, run, updated_steps) if has_states else []
    states = [*states, *besides(job, run)]
    return bias_counts(job, run, updated_steps), neuron_counts(job, run, updated_steps), states
