"""Cost of a temporal transformer: T_in frames of events become T_out frames in front of a weighted layer.

Mixing is linear, and so is the layer, so two orders give the same result (a bias is added after both):

- `mix_then_conv`: events are mixed into T_out frames, and the layer works on those: analog MACs (buckets of equal width
  stay whole numbers and remain events).
- `conv_then_mix`: the layer accumulates the events of all T_in steps, and its T_in outputs are mixed, one MAC each.

Sums of frames lie in memory where there is no dataflow: every event that is mixed, and every MAC, reads there. In an
array they stay until they are complete: a mixed frame is written once, outputs of the T_in steps are written and read
once, and neither where one window holds all T_in steps.

Both are priced; the cheaper one under the profile is taken and named. Where several layers of a stage read the same
layer of the stage before (a convolution and the shortcut beside it), each takes its own order. The scores are computed
once, for the first of them, and frames that one of them has mixed are read by the others, not mixed again.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.counts import Count, Steps, Work, every, times
from hwcost.counting.job import Job
from hwcost.counting.memory import event_reads
from hwcost.counting.operations import (
    dense_arrivals,
    dense_counts,
    event_arrivals,
    output_counts,
    steady_frames,
    synaptic_counts,
)
from hwcost.counting.updates import steps_with_updates
from hwcost.network.layer import LayerSpec
from hwcost.network.network import NetworkSpec
from hwcost.network.temporal import bucket_edges
from hwcost.prices.profile import Profile

MIX_FIRST, MIX_LAST = "mix_then_conv", "conv_then_mix"
SCORED = ("score_mix", "rank1_score")


def entry_work(
    job: Job, earlier: Mapping[str, str], orders: Sequence[str] = (MIX_FIRST, MIX_LAST)
) -> dict[str, tuple[Work, Work]]:
    """For each order, the work before the barrier, at T_in steps, and after it, at T_out steps.

    Args:
        earlier: Layer name -> order of the stage entries that stand before this one.
        orders: Those that are wanted.
    """
    layer, beside = job.layer, orders_beside(job.network, job.layer, earlier)
    n_in, mask = job.network.input_timesteps(layer), job.network.input_mask(layer)
    arrived = dense_arrivals(job, n_in) if layer.is_analog else event_arrivals(job)
    reads = [] if layer.is_analog else event_reads(job, arrived.events, mask)
    scores = [] if beside else _scores(job, arrived.events)
    updated_steps = steps_with_updates(job, ())
    idle, waiting = every(0, updated_steps), every(0, mask)
    scanned = waiting if layer.is_analog else every(layer.n_inputs, mask)
    updated = every(layer.n_outputs if layer.neuron else 0, updated_steps)
    behind = output_counts(job, updated_steps)
    work = {}
    for order in orders:
        mix = _mix_then_conv if order == MIX_FIRST else _conv_then_mix
        before, after = mix(job, arrived)
        before, scans = [*reads, *scores, *before], scanned
        if order == MIX_FIRST and MIX_FIRST in beside:
            before, scans = [], waiting
        work[order] = (
            Work(layer.name, tuple(before), scans, waiting, waiting),
            Work(layer.name, (*after, *behind), idle, updated, job.spikes.outputs or idle, barrier=True),
        )
    return work


def orders_beside(network: NetworkSpec, layer: LayerSpec, orders: Mapping[str, str]) -> list[str]:
    """The orders of the entries among `orders` that stand before the layer and read the same source."""
    source, before = network.source(layer), []
    for name, order in orders.items():
        if name == layer.name:
            break
        if network.source(network.layer(name)) is source:
            before.append(order)
    return before


def helping_entries(network: NetworkSpec, layer: LayerSpec, orders: Mapping[str, str]) -> list[str]:
    """The entries that work for a layer behind a temporal transformer too: the first one that reads the same source
    computes the scores, and the first one that mixes frames mixes them for the others that take mixed frames.

    Args:
        orders: Layer name -> order, of all entries of the network.
    """
    source = network.source(layer)
    readers = [name for name in orders if network.source(network.layer(name)) is source]
    earlier = readers[: readers.index(layer.name)]
    helpers = earlier[:1] if network.transformer(layer) in SCORED else []
    if orders[layer.name] == MIX_FIRST:
        helpers += [name for name in earlier if orders[name] == MIX_FIRST][:1]
    return list(dict.fromkeys(helpers))


def buffer_bits(network: NetworkSpec, layer: LayerSpec, profile: Profile, orders: Mapping[str, str]) -> int:
    """Bits that wait at the barrier in front of a layer: spikes in and mixed frames, or the layer's outputs of all
    T_in steps; none where the mixed frames are those of an earlier entry.

    Args:
        orders: Layer name -> order, of all entries of the network.
    """
    n_in, n_out = network.input_timesteps(layer), network.timesteps(layer)
    bits = profile.for_layer(layer).bits["activation"]
    if orders[layer.name] == MIX_LAST:
        return n_in * layer.n_outputs * bits
    if MIX_FIRST in orders_beside(network, layer, orders):
        return 0
    return n_in * layer.n_inputs * layer.in_max.bit_length() + n_out * layer.n_inputs * bits


def _scores(job: Job, events: Sequence[int]) -> list[Count]:
    """Scores: one add per event, a small perceptron and look-ups of exponentials. Modes with fixed mixing have none.

    `score_mix` first normalises its scores over time: mean, variance and scale, three MACs a step, and 1 / sqrt."""
    n_in, n_out = len(events), len(job.active_steps)
    networks = {
        "score_mix": (3 * n_in + n_in * n_in + n_in * n_out * n_in, 1 + n_out * n_in),
        "rank1_score": (n_in * n_in + n_in * n_out, n_in + n_out),
    }
    mode = job.network.transformer(job.layer)
    if mode not in networks:
        return []
    macs, lookups = networks[mode]
    return [
        Count("score_ac", tuple(events)),
        Count("score_mac", _at_last(macs * job.n_samples, n_in)),
        Count("score_lookup", _at_last(lookups * job.n_samples, n_in)),
    ]


def _mix_then_conv(job: Job, arrived: Arrivals) -> tuple[list[Count], Sequence[Count]]:
    n_in, n_out = len(arrived.events), len(job.active_steps)
    buckets = job.network.transformer(job.layer) == "bucket"
    item = "mix_mac" if job.layer.is_analog or arrived.operation == "mac" else "mix_ac"
    mixed = times(1 if buckets else n_out, arrived.events)
    bits, memory_bits = job.profile.bits["activation"], job.memories.frame_in * n_out
    before = [Count(item, mixed)]
    if job.dataflow == "none":
        before.append(Count("activation_read", mixed, bits, memory_bits))
        before.append(Count("activation_write", mixed, bits, memory_bits))
    else:
        frames = _at_last(job.inputs * sum(job.active_steps), n_in)
        before.append(Count("activation_write", frames, bits, memory_bits))
    if buckets and n_in % n_out == 0 and item == "mix_ac":
        after = synaptic_counts(job, _per_bucket(arrived, n_out).masked(job.active_steps))
        frames = every(job.inputs * job.plan.input_reads, job.active_steps)
        return before, [*after, Count("activation_read", frames, bits, memory_bits)]
    return before, steady_frames(job, job.active_steps)


def _conv_then_mix(job: Job, arrived: Arrivals) -> tuple[list[Count], list[Count]]:
    n_in, n_out = len(arrived.events), len(job.active_steps)
    bits, memory_bits = job.profile.bits["activation"], job.memories.frame_out * n_in
    before = dense_counts(job, arrived) if job.layer.is_analog else synaptic_counts(job, arrived)
    widths: tuple[int, ...] = (n_in,) * n_out
    item = "mix_mac"
    if job.network.transformer(job.layer) == "bucket":
        widths = tuple(b - a for a, b in pairwise(bucket_edges(n_in, n_out)))
        item = "mix_ac" if n_in % n_out == 0 else "mix_mac"
    mixed = tuple(job.outputs * width * runs for width, runs in zip(widths, job.active_steps, strict=True))
    after = [Count(item, mixed)]
    if job.dataflow == "tick_batched" and job.plan.window >= n_in:
        return before, after
    read = mixed if item == "mix_ac" or job.dataflow == "none" else _read_once(job, n_in)
    before.append(Count("activation_write", (job.outputs,) * n_in, bits, memory_bits))
    return before, [*after, Count("activation_read", read, bits, memory_bits)]


def _read_once(job: Job, n_in: int) -> Steps:
    """The outputs of all T_in steps, read at the first step that runs, for the sums of all T_out steps together."""
    running = [t for t, runs in enumerate(job.active_steps) if runs]
    return tuple(job.outputs * n_in * (t in running[:1]) for t in range(len(job.active_steps)))


def _per_bucket(arrived: Arrivals, n_out: int) -> Arrivals:
    """Events of equal buckets put together."""
    width = len(arrived.events) // n_out

    def put(steps: Steps) -> Steps:
        return tuple(sum(steps[k : k + width]) for k in range(0, len(steps), width))

    events = tuple(sum(arrived.events[k : k + width]) for k in range(0, len(arrived.events), width))
    low, high = arrived.low and put(arrived.low), arrived.high and put(arrived.high)
    once = arrived.once or arrived
    return Arrivals(events, put(arrived.synapses), arrived.operation, low, high, None, once)


def _at_last(number: int, n_steps: int) -> tuple[int, ...]:
    return (0,) * (n_steps - 1) + (number,)
