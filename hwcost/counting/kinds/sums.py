"""Sums that an event core keeps in memory, for kinds without weights.

Under the dataflow `none` every add reads a sum and writes it back; under the others sums stay in the array until they
are complete. Sums of numbers, which arrive as whole frames, are complete at once.
"""

from hwcost.counting.counts import Count
from hwcost.counting.job import Job


def sum_accesses(job: Job, adds: Count, entries: int, bits: int) -> list[Count]:
    """One read and one write per add, of one of `entries` sums of so many bits."""
    if not keeps_sums(job):
        return []
    items = ("accumulator_read", "accumulator_write")
    return [Count(item, adds.steps, bits, entries * bits, adds.low, adds.high) for item in items]


def keeps_sums(job: Job) -> bool:
    """True where the sums of arriving events lie in memory."""
    return job.dataflow == "none" and not job.layer.is_analog
