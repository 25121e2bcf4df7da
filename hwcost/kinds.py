"""Layers that are no plain weighted sum: pools, sums of branches, recurrence, gates and attention.

Each function turns what arrives into counts. A new kind is one function, one line in `COUNTED_BY`, and its name in
`hwcost.shapes`.
"""

from collections.abc import Callable

from hwcost.arrivals import Arrivals
from hwcost.counts import Count, Steps, every, times
from hwcost.errors import HwcostError
from hwcost.job import Job
from hwcost.memory import weight_counts
from hwcost.network import LayerSpec


def average_pool(job: Job, arrived: Arrivals) -> list[Count]:
    """One add per event; nothing where the pool is fused into the convolution behind it."""
    return [] if job.semantics.fuse_avg_pool else [Count("pool_add", arrived.words)]


def max_pool(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """The OR of binary spikes: one test per event."""
    return [Count("pool_or", arrived.words)]


def batch_norm(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """A BatchNorm that is not folded into the weights: one MAC per output and step, with its two parameters."""
    macs = every(job.outputs, job.own)
    reads = Count("weight_read", times(2, macs), job.profile.bits["weight"], job.capacity.parameters)
    return [Count("norm_mac", macs), reads]


def add_events(job: Job, arrived: Arrivals) -> list[Count]:
    """SEW-ADD: one add per event of the branch with fewer of them, step by step."""
    other = _extra(job, "other")
    return [Count("residual_add", tuple(min(a, b) for a, b in zip(arrived.words, other, strict=True)))]


def gate_events(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """SEW-AND and SEW-IAND: one one-bit operation per neuron and step."""
    return [Count("residual_logic", every(job.outputs, job.own))]


def add_membranes(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """A shortcut between membranes: one add, one read and one write per neuron and step."""
    adds, bits = every(job.outputs, job.own), job.profile.bits["activation"]
    return [
        Count("residual_add", adds),
        Count("activation_read", adds, bits, job.capacity.frame_out),
        Count("activation_write", adds, bits, job.capacity.frame_out),
    ]


def nothing(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Concatenation and flattening only move events."""
    return []


def embedding(job: Job, arrived: Arrivals) -> list[Count]:
    """One row of the table read per event: no arithmetic."""
    rows = times(job.layer.n_outputs, arrived.words)
    return [Count("weight_read", rows, job.profile.bits["weight"], job.capacity.parameters)]


def recurrent(job: Job, arrived: Arrivals) -> list[Count]:
    """A linear layer whose own spikes of the step before arrive too."""
    return _synapses(job, _with_own(job, arrived, job.layer.n_outputs))


def lstm(job: Job, arrived: Arrivals) -> list[Count]:
    """Four gates per unit, fed by events and by the unit's own spikes of the step before; `passes` runs per step."""
    layer, passes = job.layer, job.layer.operand("passes", 1)
    both = _with_own(job, arrived, 4 * layer.n_outputs)
    counts = _synapses(job, both._replace(synapses=times(passes, both.synapses)))
    units = every(job.outputs * passes, job.own)
    if layer.operand("analog_gates"):
        gates = [Count("gate_multiply", times(3, units)), Count("gate_lookup", times(5, units))]
    else:
        gates = [Count("gate_logic", times(3, units))]
    return [*counts, *gates, Count("gate_add", units), *_states(job, passes)]


def attention(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Q K^T V on binary spikes without softmax, under the profile's reading of a product of two binary matrices.

    dense: every product. row: every event meets a row. coincidence: only pairs of events that meet.
    """
    layer, reading = job.layer, job.semantics.attention
    heads, tokens = layer.operand("heads", 1), layer.in_shape[2]
    width, (scores, bits, store) = layer.in_shape[1] // heads, score_store(layer)
    q, k, v = (_extra(job, name) for name in "qkv")
    if layer.operand("kv_first"):
        whole = every(job.n_samples * heads * tokens * width * width, job.own)
        first = {"dense": whole, "row": times(width, k), "coincidence": _extra(job, "kv")}[reading]
        second = whole if reading == "dense" else times(width, q)
    else:
        whole = every(job.n_samples * heads * tokens * tokens * width, job.own)
        first = {"dense": whole, "row": times(tokens, q), "coincidence": _extra(job, "qk")}[reading]
        second = {"dense": whole, "row": times(tokens, v), "coincidence": _extra(job, "av")}[reading]
    stored = every(scores * job.n_samples, job.own)
    return [
        Count("attention_ac", tuple(a + b for a, b in zip(first, second, strict=True))),
        Count("activation_write", stored, bits, store),
        Count("activation_read", stored, bits, store),
    ]


def mask_attention(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Spike-driven self-attention: a mask from column sums: one AND per neuron, one add per event of (K and V)."""
    neurons = job.layer.in_shape[1] * job.layer.in_shape[2] * job.n_samples
    return [Count("attention_logic", every(neurons, job.own)), Count("attention_ac", _extra(job, "kv"))]


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
    "membrane_shortcut": add_membranes,
    "concat": nothing,
    "flatten": nothing,
    "embedding": embedding,
    "recurrent": recurrent,
    "lstm": lstm,
    "attention": attention,
    "mask_attention": mask_attention,
}
EMITTING = ("lstm",)


def _synapses(job: Job, arrived: Arrivals) -> list[Count]:
    bounds = (arrived.low, arrived.high)
    return [
        Count("synaptic_operation", arrived.synapses, 0, 0, *bounds),
        Count(f"synapse_{arrived.operation}", arrived.synapses, 0, 0, *bounds),
        *weight_counts(job, arrived),
    ]


def _with_own(job: Job, arrived: Arrivals, fan_out: int) -> Arrivals:
    """What arrives, and the layer's own spikes of the step before: the first step has none."""
    before = (0, *job.spikes.outputs[:-1])

    def more(steps: Steps) -> Steps:
        return tuple(n + s * fan_out * run for n, s, run in zip(steps, before, job.own, strict=True))

    low, high = arrived.low and more(arrived.low), arrived.high and more(arrived.high)
    return Arrivals(arrived.words, more(arrived.synapses), arrived.operation, low, high)


def _states(job: Job, passes: int) -> list[Count]:
    """Cell and hidden state, read and written per step; the first read and the last write vanish when stateless."""
    reads, writes = (
        list(every(2 * job.outputs * passes, job.own)),
        list(every(2 * job.outputs * passes, job.own)),
    )
    active = [t for t, run in enumerate(job.own) if run]
    if job.semantics.stateless and active:
        reads[active[0]] -= 2 * job.outputs
        writes[active[-1]] -= 2 * job.outputs
    bits, capacity = job.profile.bits["membrane"], 2 * job.capacity.membrane
    return [
        Count("membrane_read", tuple(reads), bits, capacity),
        Count("membrane_write", tuple(writes), bits, capacity),
    ]


def _extra(job: Job, name: str) -> tuple[int, ...]:
    found = job.spikes.extra(name)
    if found is None or len(found) != len(job.own):
        raise HwcostError(
            f"layer '{job.layer.name}': a {job.layer.kind} needs the count '{name}' at each of {len(job.own)} timesteps"
        )
    return tuple(n * run for n, run in zip(found, job.own, strict=True))
