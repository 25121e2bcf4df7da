"""Counts where it is not known which order a temporal transformer takes, because the record holds totals only."""

from collections import Counter
from collections.abc import Iterable, Sequence

from hwcost.counting.counts import Count, Steps, Work, every
from hwcost.prices.profile import Profile

Parts = tuple[Work, ...]


def energy(counts: Iterable[Count], profile: Profile, which: str = "steps") -> float:
    """Energy of all samples together, for comparing; of the counts, or of their bounds "low" or "high"."""
    total: float = 0
    for item, steps, bits, memory_bits, low, high in counts:
        price = profile.price(item, bits, memory_bits)
        if price:
            wanted = low if which == "low" else high if which == "high" else steps
            total += price.value * sum(wanted or steps)
    return total


def counts_of(parts: Parts) -> list[Count]:
    """The counts of all parts."""
    return [count for part in parts for count in part.counts]


def may_be_cheaper(other: Parts, chosen: Parts, profile: Profile) -> bool:
    """True where the bounds of the counts allow `other` to cost less than `chosen`; what both do is left out."""
    theirs, ours = counts_of(other), counts_of(chosen)
    if all(count.low is None for count in (*theirs, *ours)):
        return False
    common = Counter(theirs) & Counter(ours)
    low, high = ((Counter(counts) - common).elements() for counts in (theirs, ours))
    return energy(low, profile, "low") < energy(high, profile, "high")


def spanned(chosen: Parts, others: Sequence[Parts]) -> Parts:
    """The chosen work with bounds that hold for the others too: what only some of them do happens or does not."""
    return tuple(_spanned(part, beside) for part, *beside in zip(chosen, *others, strict=True))


def _spanned(part: Work, others: Sequence[Work]) -> Work:
    tables = [Counter(work.counts) for work in (part, *others)]
    common = tables[0]
    for table in tables[1:]:
        common = common & table
    kept = [_between(count, count.steps) for count in (tables[0] - common).elements()]
    more = [
        _between(count, every(0, (1,) * len(count.steps)))
        for table in tables[1:]
        for count in (table - common).elements()
    ]
    return part._replace(counts=(*common.elements(), *kept, *more))


def _between(count: Count, steps: Steps) -> Count:
    """A count of `steps` that may be anything from zero to what it is."""
    return count._replace(steps=steps, low=(0,) * len(steps), high=count.high or count.steps)
