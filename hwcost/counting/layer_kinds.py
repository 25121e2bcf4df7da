"""Layers that are no plain weighted sum: pools, sums of branches, recurrence, gates and attention.

Each function turns what arrives into counts. A new kind is one function, one line in `COUNTED_BY`, and its name in
`hwcost.network.kinds`.
"""

from collections.abc import Callable

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.counts import Count, Steps, every, times
from hwcost.counting.job import Job, extra_count
from hwcost.counting.residuals import add_events, add_numbers, gate_events
from hwcost.counting.weights import weight_counts
from hwcost.network.layer import LayerSpec


def average_pool(job: Job, arrived: Arrivals) -> list[Count]:
    """One add per event; nothing where the pool is fused into the convolution behind it."""
    return [] if job.semantics.fuse_avg_pool else [Count("pool_add", arrived.events)]


def max_pool(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """The OR of binary spikes: one test per event."""
    return [Count("pool_or", arrived.events)]


def batch_norm(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """A BatchNorm that is not folded into the weights: one MAC per output and step, with its two parameters."""
    macs = every(job.outputs, job.active_steps)
    reads = Count("weight_read", times(2, macs), job.profile.bits["weight"], job.memories.parameters)
    return [Count("norm_mac", macs), reads]


def nothing(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Concatenation and flattening only move events."""
    return []


def embedding(job: Job, arrived: Arrivals) -> list[Count]:
    """One row of the table read per event: no arithmetic."""
    rows = times(job.layer.n_outputs, arrived.events)
    return [Count("weight_read", rows, job.profile.bits["weight"], job.memories.parameters)]


def recurrent(job: Job, arrived: Arrivals) -> list[Count]:
    """A linear layer whose own spikes of the step before arrive too."""
    return _synapses(job, _with_feedback(job, arrived, job.layer.n_outputs))


def lstm(job: Job, arrived: Arrivals) -> list[Count]:
    """Four gates per unit, fed by events and by the unit's own spikes of the step before; `passes` runs per step."""
    layer, passes = job.layer, job.layer.operand("passes", 1)
    both = _with_feedback(job, arrived, 4 * layer.n_outputs)
    counts = _synapses(job, both._replace(synapses=times(passes, both.synapses)))
    units = every(job.outputs * passes, job.active_steps)
    if layer.operand("analog_gates"):
        gates = [Count("gate_multiply", times(3, units)), Count("gate_lookup", times(5, units))]
    else:
        gates = [Count("gate_logic", times(3, units))]
    return [*counts, *gates, Count("gate_add", units), *_states(job, passes)]


def attention(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Q K^T V on binary spikes without softmax, under the profile's reading of a product of two binary matrices.

    dense: every product. row: every event meets a row. coincidence: only pairs of events that meet. On numbers, as in
    the twin without spikes, every product is a MAC.
    """
    layer, bits = job.layer, score_store(job.layer)
    stored = every(bits[0] * job.n_samples, job.active_steps)
    if layer.is_analog:
        products = Count("synapse_mac", times(2, _all_products(job)))
    else:
        products = Count("attention_ac", _event_products(job))
    return [
        products,
        Count("activation_write", stored, *bits[1:]),
        Count("activation_read", stored, *bits[1:]),
    ]


def _all_products(job: Job) -> Steps:
    """Multiplications of one of the two products, Q K^T and then V, or K^T V and then Q, in all heads and samples."""
    heads, tokens = job.layer.operand("heads", 1), job.layer.in_shape[2]
    width = job.layer.in_shape[1] // heads
    one = tokens * width * width if job.layer.operand("kv_first") else tokens * tokens * width
    return every(job.n_samples * heads * one, job.active_steps)


def _event_products(job: Job) -> Steps:
    """Accumulates of both products of binary matrices."""
    layer, reading = job.layer, job.semantics.attention
    tokens, width = layer.in_shape[2], layer.in_shape[1] // layer.operand("heads", 1)
    if reading == "dense":
        return times(2, _all_products(job))
    q, k, v = (extra_count(job, name) for name in "qkv")
    if layer.operand("kv_first"):
        first = times(width, k) if reading == "row" else extra_count(job, "kv")
        second = times(width, q)
    else:
        first = times(tokens, q) if reading == "row" else extra_count(job, "qk")
        second = times(tokens, v) if reading == "row" else extra_count(job, "av")
    return tuple(a + b for a, b in zip(first, second, strict=True))


def mask_attention(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Spike-driven self-attention: a mask from column sums: one AND per neuron, one add per event of (K and V)."""
    neurons = job.layer.in_shape[1] * job.layer.in_shape[2] * job.n_samples
    return [
        Count("attention_logic", every(neurons, job.active_steps)),
        Count("attention_ac", extra_count(job, "kv")),
    ]


def score_store(layer: LayerSpec) -> tuple[int, int, int]:
    """The matrix between the two products of an attention: entries, bits of an entry, and bits altogether."""
    heads, tokens = layer.operand("heads", 1), layer.in_shape[2]
    width = layer.in_shape[1] // heads
    side, largest = (width, tokens) if layer.operand("kv_first") else (tokens, width)
    entries, bits = heads * side * side, largest.bit_length()
    return entries, bits, entries * bits


COUNTED_BY: dict[str, Callable[[Job, Arrivals], list[Count]]] = {
    **{f"avg_pool{axes}d": average_pool for axes in (1, 2, 3)},
    **{f"max_pool{axes}d": max_pool for axes in (1, 2, 3)},
    "batch_norm": batch_norm,
    "sew_add": add_events,
    "sew_and": gate_events,
    "sew_iand": gate_events,
    "membrane_shortcut": add_numbers,
    "concat": nothing,
    "flatten": nothing,
    "embedding": embedding,
    "recurrent": recurrent,
    "lstm": lstm,
    "attention": attention,
    "mask_attention": mask_attention,
}


def _synapses(job: Job, arrived: Arrivals) -> list[Count]:
    bounds = (arrived.low, arrived.high)
    return [
        Count("synaptic_operation", arrived.synapses, 0, 0, *bounds),
        Count(f"synapse_{arrived.operation}", arrived.synapses, 0, 0, *bounds),
        *weight_counts(job, arrived),
    ]


def _with_feedback(job: Job, arrived: Arrivals, fan_out: int) -> Arrivals:
    """What arrives, and the layer's own spikes of the step before: the first step has none."""
    before = (0, *job.spikes.outputs[:-1])

    def more(steps: Steps) -> Steps:
        return tuple(
            n + s * fan_out * active for n, s, active in zip(steps, before, job.active_steps, strict=True)
        )

    low, high = arrived.low and more(arrived.low), arrived.high and more(arrived.high)
    return Arrivals(arrived.events, more(arrived.synapses), arrived.operation, low, high)


def _states(job: Job, passes: int) -> list[Count]:
    """Cell and hidden state, read and written per step; the first read and the last write vanish when stateless."""
    reads, writes = (
        list(every(2 * job.outputs * passes, job.active_steps)),
        list(every(2 * job.outputs * passes, job.active_steps)),
    )
    active = [t for t, runs in enumerate(job.active_steps) if runs]
    if job.semantics.stateless and active:
        reads[active[0]] -= 2 * job.outputs
        writes[active[-1]] -= 2 * job.outputs
    bits, memory_bits = job.profile.bits["membrane"], 2 * job.memories.membrane
    return [
        Count("membrane_read", tuple(reads), bits, memory_bits),
        Count("membrane_write", tuple(writes), bits, memory_bits),
    ]
