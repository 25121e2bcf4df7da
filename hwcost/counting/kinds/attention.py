"""Spiking self-attention without softmax, under the profile's reading of a product of two binary matrices.

| reading | Q K^T (kv_first: K^T V) | times V (kv_first: Q times that) |
|---|---|---|
| dense | every product | every product |
| row | every event of Q (K) meets a row of K (V) | every event of V (Q) meets a column of the scores |
| coincidence | pairs of events that meet | every event of V meets scores that are not 0 (Q: a row) |

The operand `kv_first` says which product is computed first; both orders give the same numbers, and the network decides
which is legal. Under the dataflow `none` every accumulate reads its second operand and reads and writes its sum in
memory: one bit and a score in the first product, a score and an output in the second. Under the others sums stay in
the array: scores are written once and read once. On numbers, as in a twin without spikes, every product is a MAC, and
scores are as wide as numbers.
"""

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.counts import Count, Steps, every, times
from hwcost.counting.job import Job, extra_count
from hwcost.counting.kinds.sums import keeps_sums, sum_accesses
from hwcost.network.layer import LayerSpec


def attention(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Both products, and the scores between them."""
    entries, bits, all_bits = score_store(job.layer, job.profile.bits["activation"])
    stored = every(entries * job.n_samples, job.arriving_steps)
    written = Count("activation_write", stored, bits, all_bits)
    if job.layer.is_analog:
        return _of_numbers(job, written)
    first, second = (Count("attention_ac", steps) for steps in _event_products(job))
    if not keeps_sums(job):
        return [first, second, written, written._replace(item="activation_read")]
    outputs = job.layer.n_outputs
    return [
        first,
        Count("activation_read", first.steps, 1, outputs),
        *sum_accesses(job, first, entries, bits),
        second,
        Count("activation_read", second.steps, bits, all_bits),
        *sum_accesses(job, second, outputs, _largest_sum(job.layer).bit_length()),
    ]


def mask_attention(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Spike-driven self-attention: a mask from the channels' sums of (K and V), one AND per neuron to apply it. On
    numbers, a product and an add per neuron, and a product to apply the mask.
    """
    channels, tokens = job.layer.out_shape
    neurons = every(job.outputs, job.arriving_steps)
    if job.layer.is_analog:
        return [Count("synapse_mac", times(2, neurons))]
    adds = Count("attention_ac", extra_count(job, "kv"))
    return [
        Count("attention_logic", neurons),
        adds,
        *sum_accesses(job, adds, channels, tokens.bit_length()),
    ]


def score_store(layer: LayerSpec, activation_bits: int) -> tuple[int, int, int]:
    """The matrix between the two products of an attention: entries, bits of an entry, and bits altogether.

    Args:
        activation_bits: Bits of a number, where numbers arrive; of spikes an entry is a count.
    """
    heads, tokens = layer.operand("heads", 1), layer.in_shape[2]
    width = layer.in_shape[1] // heads
    side, largest = (width, tokens) if layer.operand("kv_first") else (tokens, width)
    entries, bits = heads * side * side, activation_bits if layer.is_analog else largest.bit_length()
    return entries, bits, entries * bits


def _of_numbers(job: Job, written: Count) -> list[Count]:
    """Both products of matrices of numbers: MACs, which read their second operand each where nothing is reused."""
    macs = _all_products(job)
    reads = [written._replace(item="activation_read")]
    if job.dataflow == "none":
        second = Count("activation_read", macs, written.bits, job.memories.frame_in)
        reads = [second, second._replace(memory_bits=written.memory_bits)]
    return [Count("synapse_mac", times(2, macs)), written, *reads]


def _largest_sum(layer: LayerSpec) -> int:
    """The largest output: every token and every channel of a head counts one."""
    return layer.in_shape[2] * layer.in_shape[1] // layer.operand("heads", 1)


def _all_products(job: Job) -> Steps:
    """Multiplications of one of the two products, in all heads and samples."""
    heads, tokens = job.layer.operand("heads", 1), job.layer.in_shape[2]
    width = job.layer.in_shape[1] // heads
    one = tokens * width * width if job.layer.operand("kv_first") else tokens * tokens * width
    return every(job.n_samples * heads * one, job.arriving_steps)


def _event_products(job: Job) -> tuple[Steps, Steps]:
    """Accumulates of the first and of the second product of binary matrices."""
    layer, reading = job.layer, job.semantics.attention
    tokens, width = layer.in_shape[2], layer.in_shape[1] // layer.operand("heads", 1)
    if reading == "dense":
        return _all_products(job), _all_products(job)
    q, k, v = (extra_count(job, name) for name in "qkv")
    if layer.operand("kv_first"):
        return times(width, k) if reading == "row" else extra_count(job, "kv"), times(width, q)
    if reading == "row":
        return times(tokens, q), times(tokens, v)
    return extra_count(job, "qk"), extra_count(job, "av")
