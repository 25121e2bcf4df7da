"""Cost of a temporal transformer: T_in frames of events become T_out frames in front of a weighted layer.

Mixing is linear, and so is the layer, so two orders give the same result (a bias is added after both):

- `mix_then_conv`: events are mixed into T_out frames, and the layer works on those: analog MACs (buckets of equal width
  stay whole numbers and remain events).
- `conv_then_mix`: the layer accumulates the events of all T_in steps, and its T_in outputs are mixed, one MAC each.

Both are priced; the cheaper one under the profile is taken and named.
"""

from collections.abc import Sequence
from itertools import pairwise

from hwcost.arrivals import Arrivals, dense
from hwcost.counts import Count, Phase, Steps, every, times
from hwcost.memory import Capacity, event_reads
from hwcost.network import LayerSpec, NetworkSpec
from hwcost.neurons import executed
from hwcost.operations import dense_counts, event_arrivals, output_counts, synaptic_counts
from hwcost.profile import Profile
from hwcost.spikes import LayerSpikes

ORDERS = ("mix_then_conv", "conv_then_mix")


def passes_through(network: NetworkSpec, layer: LayerSpec) -> bool:
    """True where no work happens between the stages: no transformer, `truncate`, or buckets of one step each."""
    mode = network.transformer(layer)
    same = network.input_timesteps(layer) == network.timesteps(layer)
    return mode in (None, "truncate") or (mode == "bucket" and same)


def bucket_edges(n_in: int, n_out: int) -> tuple[int, ...]:
    """Edges of `n_out` contiguous buckets over `n_in` steps: bucket k holds the steps from edge k up to, without, edge
    k + 1.
    """
    return tuple((2 * k * n_in + n_out) // (2 * n_out) for k in range(n_out + 1))


def entry_phases(
    network: NetworkSpec,
    layer: LayerSpec,
    spikes: LayerSpikes,
    n_samples: int,
    profile: Profile,
    capacity: Capacity,
    order: str,
) -> tuple[Phase, Phase]:
    """The work before the barrier, at T_in steps, and after it, at T_out steps, in the given order."""
    n_in, n_out = network.input_timesteps(layer), network.timesteps(layer)
    mask = network.input_mask(layer)
    if layer.is_analog:
        arrived = dense(layer, n_samples, n_in, pads_counted=profile.semantics.pads_counted)
        before: list[Count] = []
    else:
        arrived = event_arrivals(layer, spikes, n_samples, profile)
        before = event_reads(layer, arrived.words, mask, n_samples, profile, capacity)
    before += _scores(network.transformer(layer), arrived.words, n_in, n_out, n_samples)
    orders = {"mix_then_conv": _mix_then_conv, "conv_then_mix": _conv_then_mix}
    more, after = orders[order](network, layer, arrived, n_samples, profile, capacity)
    runs = executed(network, layer, (), profile.semantics)
    after += output_counts(network, layer, spikes, runs, n_samples, profile, capacity)
    scanned = every(0 if layer.is_analog else layer.n_inputs, mask)
    idle = every(0, runs)
    updated = every(layer.n_outputs if layer.neuron else 0, runs)
    return (
        Phase(layer.name, tuple(before + more), scanned, every(0, mask), every(0, mask)),
        Phase(layer.name, tuple(after), idle, updated, spikes.outputs or idle, barrier=True),
    )


def buffer_bits(network: NetworkSpec, layer: LayerSpec, profile: Profile, order: str) -> int:
    """Bits that wait at the barrier: spikes in and mixed frames, or the layer's outputs of all T_in steps."""
    n_in, n_out = network.input_timesteps(layer), network.timesteps(layer)
    bits = profile.bits["activation"]
    if order == "conv_then_mix":
        return n_in * layer.n_outputs * bits
    return n_in * layer.n_inputs * layer.in_max.bit_length() + n_out * layer.n_inputs * bits


def _scores(mode: str | None, words: Sequence[int], n_in: int, n_out: int, n_samples: int) -> list[Count]:
    """Scores: one add per event, a small perceptron and look-ups of exponentials. Modes with fixed mixing have none."""
    layers = {
        "score_mix": (n_in * n_in + n_in * n_out * n_in, n_out * n_in),
        "rank1_score": (n_in * n_in + n_in * n_out, n_in + n_out),
    }
    if mode not in layers:
        return []
    macs, lookups = layers[mode]
    return [
        Count("score_ac", tuple(words)),
        Count("score_mac", _at_last(macs * n_samples, n_in)),
        Count("score_lookup", _at_last(lookups * n_samples, n_in)),
    ]


def _mix_then_conv(
    network: NetworkSpec,
    layer: LayerSpec,
    arrived: Arrivals,
    n_samples: int,
    profile: Profile,
    capacity: Capacity,
) -> tuple[list[Count], list[Count]]:
    n_in, n_out = network.input_timesteps(layer), network.timesteps(layer)
    buckets = network.transformer(layer) == "bucket"
    item = "mix_mac" if layer.is_analog or arrived.operation == "mac" else "mix_ac"
    mixed = times(1 if buckets else n_out, arrived.words)
    bits = profile.bits["activation"]
    before = [
        Count(item, mixed),
        Count("activation_read", mixed, bits, capacity.frame_in * n_out),
        Count("activation_write", mixed, bits, capacity.frame_in * n_out),
    ]
    own = layer.mask or (1,) * n_out
    if buckets and n_in % n_out == 0 and item == "mix_ac":
        pooled = _per_bucket(arrived, n_out)
        after = synaptic_counts(layer, pooled, profile, capacity)
        after.append(
            Count("activation_read", every(layer.n_inputs * n_samples, own), bits, capacity.frame_in * n_out)
        )
        return before, after
    frames = dense(layer, n_samples, n_out, pads_counted=profile.semantics.pads_counted)
    synapses = tuple(n * run for n, run in zip(frames.synapses, own, strict=True))
    return before, dense_counts(frames._replace(synapses=synapses), profile, capacity)


def _conv_then_mix(
    network: NetworkSpec,
    layer: LayerSpec,
    arrived: Arrivals,
    n_samples: int,
    profile: Profile,
    capacity: Capacity,
) -> tuple[list[Count], list[Count]]:
    n_in, n_out = network.input_timesteps(layer), network.timesteps(layer)
    outputs, bits = layer.n_outputs * n_samples, profile.bits["activation"]
    if layer.is_analog:
        before = dense_counts(arrived, profile, capacity)
    else:
        before = synaptic_counts(layer, arrived, profile, capacity)
    before.append(Count("activation_write", (outputs,) * n_in, bits, capacity.frame_out * n_in))
    if network.transformer(layer) == "bucket":
        edges = bucket_edges(n_in, n_out)
        item = "mix_ac" if n_in % n_out == 0 else "mix_mac"
        mixed = tuple(outputs * (b - a) for a, b in pairwise(edges))
    else:
        item, mixed = "mix_mac", (outputs * n_in,) * n_out
    return before, [Count(item, mixed), Count("activation_read", mixed, bits, capacity.frame_out * n_in)]


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
