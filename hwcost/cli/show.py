"""What is printed: one cost with its twins, or a table of several profiles."""

from collections.abc import Mapping, Sequence

from hwcost.cost import Cost
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile_file import load_profile
from hwcost.report import text
from hwcost.studies.ann_twins import ann_twins

Outcome = Cost | HwcostError


def one_profile(network: NetworkSpec, cost: Cost, profile: str) -> str:
    """The cost, and the conventional networks of the same shapes where the profile can run them."""
    return "\n".join([text(cost), *_twins(network, cost, profile)])


def outcomes(
    network: NetworkSpec, price: Mapping[str, object], profiles: Sequence[str]
) -> dict[str, Outcome]:
    """The cost under every profile, or why it has none; `price` are the other arguments of `estimate`."""
    found: dict[str, Outcome] = {}
    for profile in profiles:
        try:
            found[profile] = estimate(network, profile=profile, **price)  # type: ignore[arg-type]
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


def _twins(network: NetworkSpec, cost: Cost, profile: str) -> list[str]:
    if "mac" not in load_profile(profile).prices:
        return []
    try:
        twins = ann_twins(network, profile, cost.execution)
    except HwcostError as error:  # a layer that has no conventional form is no reason to keep the cost back
        return [f"twins: {error}"]
    lines = (("dense twin", twins.dense), (f"{twins.bits}-bit twin", twins.quantised))
    return [
        f"{name}: {twin.total_pj / 1e3:.4g} nJ, {twin.total_pj / cost.total_pj:.3g} times this network"
        for name, twin in lines
    ]
