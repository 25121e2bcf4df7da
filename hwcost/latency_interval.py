"""The interval of a latency: over counts that are known within bounds, and over the samples of a record."""

from collections.abc import Mapping, Sequence

from hwcost.activity.extremes import extreme_samples
from hwcost.activity.record import SpikeRecord
from hwcost.counting.network_work import work_choices
from hwcost.counting.rows import Row
from hwcost.latency import Latency, extreme_latency, stepwise
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile


def with_interval(
    time: Latency,
    rows: Sequence[Row],
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile,
    execution: str,
    orders: Mapping[str, str] | None,
) -> Latency:
    """The latency with the interval that its counts and samples leave.

    Args:
        time: Latency of the mean sample.
        rows: Its counts.
        orders: Order taken at every temporal transformer; None for any.
    """
    records = [(spikes, spikes)] if any(row.low is not None for row in rows) else []
    records += [samples] if (samples := extreme_samples(network, spikes)) else []
    ends = []
    for end, which in enumerate(("low", "high")):
        priced = stepwise(profile) if records and which == "high" else profile
        for record in (pair[end] for pair in records):
            choices, n_samples = work_choices(network, record, priced, execution, orders), record.n_samples
            found = extreme_latency(network, choices, priced, n_samples, execution, which, orders)
            ends.append(found.cycles)
    return time._replace(low=min(time.low, *ends), high=max(time.high, *ends)) if ends else time
