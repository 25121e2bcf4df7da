"""What is printed: one cost with what stands beside it, or a table of several profiles."""

from collections.abc import Mapping, Sequence

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.network.network import NetworkSpec
from hwcost.report import beside, text

Outcome = Cost | HwcostError


def one_profile(
    cost: Cost, network: NetworkSpec, spikes: SpikeRecord, profile: str, assume: Mapping[str, int]
) -> str:
    """The cost, with the conventional networks of the same shapes and the other extreme of the dataflow."""
    return "\n".join([text(cost), *beside(cost, network, spikes, profile, assume)])


def outcomes(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profiles: Sequence[str],
    execution: str,
    assume: Mapping[str, int],
) -> dict[str, Outcome]:
    """The cost under every profile, or why it has none."""
    found: dict[str, Outcome] = {}
    for profile in profiles:
        try:
            found[profile] = estimate(network, spikes, profile, execution, assume)
        except HwcostError as error:
            found[profile] = error
    return found


def table(found: Mapping[str, Outcome]) -> str:
    """One line per profile: energy with its interval, latency, cores; or why the profile cannot run the network."""
    head = ("profile", "energy", "interval", "latency", "cores")
    rows = [_row(name, outcome) for name, outcome in found.items()]
    widths = [max(len(row[i]) for row in (head, *rows) if i < 1 or len(row) > 2) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in (head, *rows)
    )


def _row(name: str, outcome: Outcome) -> tuple[str, ...]:
    if isinstance(outcome, HwcostError):
        return name, f"refused: {outcome}"
    low, high = outcome.interval
    cores = str(sum(outcome.cores.values())) if outcome.cores else "-"
    return (
        name,
        f"{outcome.total_pj / 1e3:.4g} nJ",
        f"{low / 1e3:.4g} to {high / 1e3:.4g} nJ",
        f"{outcome.latency_s:.4g} s",
        cores,
    )
