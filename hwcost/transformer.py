"""Cost of a temporal transformer: T_in frames of events become T_out frames in front of a weighted layer.

Mixing is linear, and so is the layer, so two orders give the same result (a bias is added after both):

- `mix_then_conv`: events are mixed into T_out frames, and the layer works on those: analog MACs (buckets of equal width
  stay whole numbers and remain events).
- `conv_then_mix`: the layer accumulates the events of all T_in steps, and its T_in outputs are mixed, one MAC each.

Both are priced; the cheaper one under the profile is taken and named.
"""

from collections.abc import Sequence
from itertools import pairwise

from hwcost.arrivals import Arrivals
from hwcost.counts import Count, Phase, Steps, every, times
from hwcost.job import Job
from hwcost.memory import event_reads
from hwcost.network import LayerSpec, NetworkSpec
from hwcost.neurons import executed
from hwcost.operations import (
    dense_arrivals,
    dense_counts,
    event_arrivals,
    masked,
    output_counts,
    synaptic_counts,
)
from hwcost.profile import Profile


def passes_through(network: NetworkSpec, layer: LayerSpec) -> bool:
    """True where no work happens between the stages: no transformer, or one that hands its input on as it is.

    `truncate` only drops steps; buckets of one step each average nothing; and a softmax over a single step weighs it
    with 1, whatever its score.
    """
    mode, n_in = network.transformer(layer), network.input_timesteps(layer)
    if mode in (None, "truncate"):
        return True
    same = n_in == network.timesteps(layer)
    return same and (mode == "bucket" or (n_in == 1 and mode in ("score_mix", "static_mix")))


def bucket_edges(n_in: int, n_out: int) -> tuple[int, ...]:
    """Edges of `n_out` contiguous buckets over `n_in` steps: bucket k runs from edge k up to, without, edge k + 1."""
    return tuple((2 * k * n_in + n_out) // (2 * n_out) for k in range(n_out + 1))


def entry_phases(job: Job) -> dict[str, tuple[Phase, Phase]]:
    """For each order, the work before the barrier, at T_in steps, and after it, at T_out steps."""
    layer, n_in = job.layer, job.network.input_timesteps(job.layer)
    mask = job.network.input_mask(layer)
    arrived = dense_arrivals(job, n_in) if layer.is_analog else event_arrivals(job)
    before = [] if layer.is_analog else event_reads(job, arrived.words, mask)
    before += _scores(job, arrived.words)
    runs = executed(job, ())
    behind = output_counts(job, runs)
    idle, waiting = every(0, runs), every(0, mask)
    scanned = waiting if layer.is_analog else every(layer.n_inputs, mask)
    updated = every(layer.n_outputs if layer.neuron else 0, runs)
    phases = {}
    for order, mix in {"mix_then_conv": _mix_then_conv, "conv_then_mix": _conv_then_mix}.items():
        first, second = mix(job, arrived)
        phases[order] = (
            Phase(layer.name, tuple(before + first), scanned, waiting, waiting),
            Phase(
                layer.name, tuple(second + behind), idle, updated, job.spikes.outputs or idle, barrier=True
            ),
        )
    return phases


def buffer_bits(network: NetworkSpec, layer: LayerSpec, profile: Profile, order: str) -> int:
    """Bits that wait at the barrier: spikes in and mixed frames, or the layer's outputs of all T_in steps."""
    n_in, n_out = network.input_timesteps(layer), network.timesteps(layer)
    bits = profile.bits["activation"]
    if order == "conv_then_mix":
        return n_in * layer.n_outputs * bits
    return n_in * layer.n_inputs * layer.in_max.bit_length() + n_out * layer.n_inputs * bits


def _scores(job: Job, words: Sequence[int]) -> list[Count]:
    """Scores: one add per event, a small perceptron and look-ups of exponentials. Modes with fixed mixing have none."""
    n_in, n_out = len(words), len(job.own)
    networks = {
        "score_mix": (n_in * n_in + n_in * n_out * n_in, n_out * n_in),
        "rank1_score": (n_in * n_in + n_in * n_out, n_in + n_out),
    }
    mode = job.network.transformer(job.layer)
    if mode not in networks:
        return []
    macs, lookups = networks[mode]
    return [
        Count("score_ac", tuple(words)),
        Count("score_mac", _at_last(macs * job.n_samples, n_in)),
        Count("score_lookup", _at_last(lookups * job.n_samples, n_in)),
    ]


def _mix_then_conv(job: Job, arrived: Arrivals) -> tuple[list[Count], list[Count]]:
    n_in, n_out = len(arrived.words), len(job.own)
    buckets = job.network.transformer(job.layer) == "bucket"
    item = "mix_mac" if job.layer.is_analog or arrived.operation == "mac" else "mix_ac"
    mixed = times(1 if buckets else n_out, arrived.words)
    bits, capacity = job.profile.bits["activation"], job.capacity.frame_in * n_out
    before = [
        Count(item, mixed),
        Count("activation_read", mixed, bits, capacity),
        Count("activation_write", mixed, bits, capacity),
    ]
    if buckets and n_in % n_out == 0 and item == "mix_ac":
        after = synaptic_counts(job, masked(_per_bucket(arrived, n_out), job.own))
        return before, [*after, Count("activation_read", every(job.inputs, job.own), bits, capacity)]
    return before, dense_counts(job, masked(dense_arrivals(job, n_out), job.own))


def _conv_then_mix(job: Job, arrived: Arrivals) -> tuple[list[Count], list[Count]]:
    n_in, n_out = len(arrived.words), len(job.own)
    bits, capacity = job.profile.bits["activation"], job.capacity.frame_out * n_in
    before = dense_counts(job, arrived) if job.layer.is_analog else synaptic_counts(job, arrived)
    before.append(Count("activation_write", (job.outputs,) * n_in, bits, capacity))
    widths: tuple[int, ...] = (n_in,) * n_out
    item = "mix_mac"
    if job.network.transformer(job.layer) == "bucket":
        widths = tuple(b - a for a, b in pairwise(bucket_edges(n_in, n_out)))
        item = "mix_ac" if n_in % n_out == 0 else "mix_mac"
    mixed = tuple(job.outputs * width * run for width, run in zip(widths, job.own, strict=True))
    return before, [Count(item, mixed), Count("activation_read", mixed, bits, capacity)]


def _per_bucket(arrived: Arrivals, n_out: int) -> Arrivals:
    """Events of equal buckets put together."""
    width = len(arrived.words) // n_out

    def put(steps: Steps) -> Steps:
        return tuple(sum(steps[k : k + width]) for k in range(0, len(steps), width))

    words = tuple(sum(arrived.words[k : k + width]) for k in range(0, len(arrived.words), width))
    low, high = arrived.low and put(arrived.low), arrived.high and put(arrived.high)
    return Arrivals(words, put(arrived.synapses), arrived.operation, low, high)


def _at_last(number: int, n_steps: int) -> tuple[int, ...]:
    return (0,) * (n_steps - 1) + (number,)
