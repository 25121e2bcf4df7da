"""Kinds with little work of their own: norms, embeddings, and what only moves values."""

from hwcost.counting.arrivals import Arrivals
from hwcost.counting.counts import Count, every, times
from hwcost.counting.job import Job


def nothing(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """Concatenation copies, flattening does not even that, and neurons by themselves take numbers as they are."""
    return []


def batch_norm(job: Job, arrived: Arrivals) -> list[Count]:  # noqa: ARG001
    """A BatchNorm that is not folded into the weights: one MAC per output and step, with its two parameters."""
    macs = every(job.outputs, job.active_steps)
    reads = Count("weight_read", times(2, macs), job.profile.bits["weight"], job.memories.parameters)
    return [Count("norm_mac", macs), reads]


def embedding(job: Job, arrived: Arrivals) -> list[Count]:
    """One row of the table read per event, in_shape (words, *tokens) to out_shape (width, *tokens): no arithmetic but
    for events beyond one per token, whose rows are added. Of numbers, each token's is the number of its row.
    """
    layer = job.layer
    width, tokens = layer.out_shape[0], layer.n_outputs // layer.out_shape[0] * job.n_samples
    rows = every(tokens, job.active_steps) if layer.is_analog else arrived.events
    read = times(width, rows)
    counts = [Count("weight_read", read, job.profile.bits["weight"], job.memories.parameters)]
    if job.semantics.addressing == "event":
        counts.append(Count("address_add", read))
    added = tuple(width * max(0, n - tokens) for n in rows)
    return [*counts, Count("synapse_ac", added)] if any(added) else counts
