"""Pools. An event meets every window that covers its position: none beyond a dropped border, several where windows
overlap.

| pool | of binary events | of ternary and graded events | of numbers |
|---|---|---|---|
| average | one add per event and window | the same; unary hardware adds 1 as often as the value says | an add each |
| maximum | an OR per event and window | a comparison per event and window, however large | a comparison each |

The division of an average belongs to the weights behind it.
"""

from hwcost.counting.arrivals import Arrivals, arrivals
from hwcost.counting.boundary import is_fused
from hwcost.counting.counts import Count
from hwcost.counting.job import Job
from hwcost.counting.kinds.sums import sum_accesses
from hwcost.counting.memory_sizes import value_bits


def average_pool(job: Job, arrived: Arrivals) -> list[Count]:
    """Adds; none where the pool is fused into the convolution behind it."""
    if is_fused(job, job.layer):
        return []
    adds = Count("pool_add", arrived.synapses, low=arrived.low, high=arrived.high)
    largest = job.network.largest_output(job.layer)
    return [adds, *sum_accesses(job, adds, job.layer.n_outputs, largest.bit_length())]


def max_pool(job: Job, arrived: Arrivals) -> list[Count]:
    """The OR of binary spikes, or comparisons."""
    layer, item = job.layer, "pool_or" if job.layer.in_class == "binary" else "pool_compare"
    if layer.in_class == "graded":
        once = arrivals(layer, job.spikes, job.n_samples, unary=False)
        arrived = once.first(len(job.active_steps)).masked(job.active_steps)
    tests = Count(item, arrived.synapses, low=arrived.low, high=arrived.high)
    return [tests, *sum_accesses(job, tests, layer.n_outputs, value_bits(layer))]
