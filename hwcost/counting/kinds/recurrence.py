"""Layers that hear themselves: recurrent layers and LSTM cells, fed by what arrives and by their own output of the step
before (the first step has none).

Events meet their weights one by one, as at a linear layer; of numbers every one is multiplied. Own spikes are read once
per step, like those of any source; an LSTM keeps its own output as the hidden state, beside the cell state.
"""

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.codec_bounds import fewest_bits
from hwcost.counting.codecs import codec_bits
from hwcost.counting.counts import Count, Steps, every, times
from hwcost.counting.job import Job
from hwcost.counting.memory import address_counts, zero_checks
from hwcost.counting.weights import weight_counts


def recurrent(job: Job, arrived: Arrivals) -> list[Count]:
    """A linear layer whose own spikes of the step before arrive too."""
    return _synapses(job, arrived, 1) + _own_reads(job)


def lstm(job: Job, arrived: Arrivals) -> list[Count]:
    """Four gates per unit, fed by what arrives and by the units' output of the step before; `passes` runs per step."""
    layer, passes = job.layer, job.layer.operand("passes", 1)
    counts = _synapses(job, arrived, passes)
    units = every(job.outputs * passes, job.active_steps)
    if layer.operand("analog_gates") or not layer.fires:
        gates = [Count("gate_multiply", times(3, units)), Count("gate_lookup", times(5, units))]
    else:
        gates = [Count("gate_logic", times(3, units))]
    return [*counts, *gates, Count("gate_add", units), *_states(job, passes)]


def own_steps(job: Job) -> tuple[int, ...]:
    """0 or 1 per own timestep: whether the layer hears its own output of the step before."""
    active = job.active_steps
    return tuple(now * before for now, before in zip(active, (0, *active[:-1]), strict=True))


def scanned_own_steps(job: Job) -> tuple[int, ...]:
    """Own neurons that a scanning hardware tests for spikes of the step before, per step and sample."""
    return every(
        job.layer.n_outputs if job.layer.kind == "recurrent" and job.layer.fires else 0, own_steps(job)
    )


def _synapses(job: Job, arrived: Arrivals, passes: int) -> list[Count]:
    """Operations, weights and addresses of what arrives and of the layer's own output, in all passes."""
    own = _own_synapses(job)
    both = _times(arrived, passes)._replace(operation="ac")
    operations = {arrived.operation: both.synapses}
    if job.layer.fires:
        both = _plus(both, times(passes, own))
        operations["ac"] = _sum(operations.get("ac", times(0, own)), times(passes, own))
    counts = [Count("synaptic_operation", both.synapses, low=both.low, high=both.high)]
    for operation, steps in operations.items():
        bounds = (both.low, both.high) if len(operations) == 1 else (None, None)
        counts.append(Count(f"synapse_{operation}", steps, 0, 0, *bounds))
    counts += [*weight_counts(job, both), *address_counts(job, both)]
    return counts if job.layer.fires else counts + _own_numbers(job, times(passes, own))


def _own_synapses(job: Job) -> Steps:
    """Synapses that the layer's own output of the step before meets."""
    fan_out = job.layer.n_sums
    if not job.layer.fires:
        return every(job.outputs * fan_out, own_steps(job))
    before = (0, *job.spikes.outputs[:-1])
    return tuple(n * fan_out * step for n, step in zip(before, own_steps(job), strict=True))


def _own_numbers(job: Job, macs: Steps) -> list[Count]:
    """Own numbers of the step before: one MAC and one weight each."""
    weights = Count("weight_read", macs, job.profile.bits["weight"], job.memories.parameters)
    return [Count("synapse_mac", macs), weights]


def _own_reads(job: Job) -> list[Count]:
    """Own spikes of the step before, in the codec's bits; own numbers as a frame."""
    steps = own_steps(job)
    if not job.layer.fires:
        frames, bits = every(job.outputs, steps), job.profile.bits["activation"]
        return [Count("activation_read", frames, bits, job.memories.frame_out)]
    before, samples = (0, *job.spikes.outputs[:-1]), job.spikes.per_sample
    read = codec_bits(job, before, steps, job.layer.out_shape, 1)
    of_one = ((0, 0), *samples.outputs[:-1]) if samples and samples.outputs else ()
    low = fewest_bits(job, before, of_one, read, steps, job.layer.out_shape, 1)
    return [
        Count("spike_read", read, 1, job.memories.spikes_out, low, low and read),
        *zero_checks(job, steps, job.layer.n_outputs),
    ]


def _states(job: Job, passes: int) -> list[Count]:
    """Cell and hidden state, read and written per step; the first read and the last write vanish when stateless."""
    reads, writes = (list(every(2 * job.outputs * passes, job.active_steps)) for _ in range(2))
    active = [t for t, runs in enumerate(job.active_steps) if runs]
    if job.semantics.stateless and active:
        reads[active[0]] -= 2 * job.outputs
        writes[active[-1]] -= 2 * job.outputs
    bits, memory_bits = job.profile.bits["membrane"], 2 * job.memories.membrane
    return [
        Count("membrane_read", tuple(reads), bits, memory_bits),
        Count("membrane_write", tuple(writes), bits, memory_bits),
    ]


def _times(arrived: Arrivals, factor: int) -> Arrivals:
    low, high = (steps and times(factor, steps) for steps in (arrived.low, arrived.high))
    return arrived._replace(synapses=times(factor, arrived.synapses), low=low, high=high)


def _plus(arrived: Arrivals, more: Steps) -> Arrivals:
    low, high = (steps and _sum(steps, more) for steps in (arrived.low, arrived.high))
    return arrived._replace(synapses=_sum(arrived.synapses, more), low=low, high=high)


def _sum(a: Steps, b: Steps) -> Steps:
    return tuple(x + y for x, y in zip(a, b, strict=True))
