"""The interval of a latency: over counts that are known within bounds, and over the samples of a record."""

from collections.abc import Mapping, Sequence

from hwcost.activity.extremes import extreme_samples
from hwcost.activity.record import SpikeRecord
from hwcost.counting.chip import on_chip
from hwcost.counting.chip_time import ChipTime, chip_time
from hwcost.counting.counts import Work
from hwcost.counting.network_work import work_choices
from hwcost.counting.rows import Row
from hwcost.latency import Latency, extreme_latency, stepwise
from hwcost.mapping.cores import Mapping as CoreMapping
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile

Pairs = Sequence[tuple[SpikeRecord, SpikeRecord]]


def told_apart(network: NetworkSpec, spikes: SpikeRecord, rows: Sequence[Row]) -> Pairs:
    """Pairs of a quieter and a louder record that the interval has to span: the record itself where counts have
    bounds, and its quietest and loudest sample where it tells samples apart.
    """
    pairs = [(spikes, spikes)] if any(row.low is not None for row in rows) else []
    samples = extreme_samples(network, spikes)
    return [*pairs, samples] if samples else pairs


def with_interval(
    time: Latency,
    network: NetworkSpec,
    work: Sequence[Work],
    spikes: SpikeRecord,
    records: Pairs,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None,
) -> Latency:
    """The latency with an interval that spans all pairs of records.

    Args:
        time: Latency of the mean sample.
        work, spikes: Of the mean sample.
        orders: Order taken at every temporal transformer; None for any.
    """
    ends = []
    for end, which in enumerate(("low", "high")):
        priced = stepwise(profile, execution) if records and which == "high" else profile
        for record in (pair[end] for pair in records):
            known = work if record is spikes and priced is profile else ()
            choices = work_choices(network, record, priced, execution, orders, known)
            found = extreme_latency(network, choices, priced, record.n_samples, execution, which, orders)
            ends.append(found.cycles)
    return time._replace(low=min(time.low, *ends), high=max(time.high, *ends)) if ends else time


def chip_time_with_interval(
    network: NetworkSpec,
    work: Sequence[Work],
    spikes: SpikeRecord,
    records: Pairs,
    profile: Profile,
    chip: CoreMapping,
    execution: str,
    orders: Mapping[str, str] | None,
) -> ChipTime:
    """The time on a chip of cores, with an interval as in `with_interval`."""
    time = chip_time(network, work, spikes, profile, chip, execution)
    for record in (end for pair in records for end in pair if end is not spikes):
        for choice in work_choices(network, record, profile, execution, orders):
            done = on_chip(network, record, profile, chip, choice)
            other = chip_time(network, done, record, profile, chip, execution)
            time = time._replace(low=min(time.low, other.low), high=max(time.high, other.high))
    return time
