"""What is printed: one cost with what stands beside it, or a table of several profiles."""

from collections.abc import Mapping, Sequence

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.counting.static_power import static_covers
from hwcost.errors import HwcostError
from hwcost.estimate import estimate
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile_file import known_profiles, load_profile
from hwcost.report import beside, text
from hwcost.shown import shown
from hwcost.studies.bounds import Bound, bound

Outcome = Cost | HwcostError
BoundOutcome = Bound | HwcostError


def profile_list() -> str:
    """One line per known profile, with what its static power covers."""
    names = known_profiles()
    width = max(map(len, names))
    return "\n".join(f"{name:<{width}}  {static_covers(load_profile(name))}" for name in names)


def one_profile(
    cost: Cost,
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: str,
    assume: Mapping[str, int],
    rate: float | None,
) -> str:
    """The cost, with the conventional networks of the same shapes and the other extreme of the dataflow.

    Args:
        rate: Spikes per neuron and timestep where no spikes were recorded.
    """
    activity = "" if rate is None else f"expected at rate {rate:g}"
    return "\n".join([text(cost, activity=activity), *beside(cost, network, spikes, profile, assume)])


def outcomes(
    network: NetworkSpec,
    spikes: SpikeRecord,
    profiles: Sequence[str],
    execution: str | None,
    assume: Mapping[str, int],
) -> dict[str, Outcome]:
    """The cost under every profile, or why it has none. Without an execution model, each works as its machine does."""
    found: dict[str, Outcome] = {}
    for name in profiles:
        try:
            profile = load_profile(name)
            found[name] = estimate(network, spikes, profile, execution or profile.usual_execution, assume)
        except HwcostError as error:
            found[name] = error
    return found


def bounds(
    network: NetworkSpec,
    rate: float,
    profiles: Sequence[str],
    execution: str | None,
    assume: Mapping[str, int],
) -> dict[str, BoundOutcome]:
    """The least and the most cost of any activity under every profile, or why it has none; as `outcomes`."""
    found: dict[str, BoundOutcome] = {}
    for name in profiles:
        try:
            profile = load_profile(name)
            found[name] = bound(network, profile, rate, execution or profile.usual_execution, assume)
        except HwcostError as error:
            found[name] = error
    return found


def table(found: Mapping[str, Outcome]) -> str:
    """One line per profile: how it works, what the network costs there, and how much of that is static; or why the
    profile cannot run the network."""
    head = ("profile", "execution", "dataflow", "energy", "interval", "static", "latency", "cores")
    return _table(head, [(name, *_cells(outcome)) for name, outcome in found.items()])


def bounds_table(found: Mapping[str, BoundOutcome]) -> str:
    """One line per profile: least and most energy and latency, or why the profile cannot run the network."""
    head = ("profile", "execution", "least energy", "most energy", "least latency", "most latency")
    return _table(head, [(name, *_bound_cells(outcome)) for name, outcome in found.items()])


def _cells(outcome: Outcome) -> tuple[str, ...]:
    if isinstance(outcome, HwcostError):
        return (f"refused: {outcome}",)
    low, high = (shown(pj, "energy_pj") for pj in outcome.interval)
    return (
        outcome.execution,
        outcome.dataflow_text,
        shown(outcome.total_pj, "energy_pj"),
        f"{low} to {high}",
        f"{100 * outcome.static_pj / outcome.total_pj:.1f} %" if outcome.total_pj else "-",
        shown(outcome.latency_s, "latency_s"),
        f"{outcome.n_cores:,}" if outcome.n_cores else "-",
    )


def _bound_cells(outcome: BoundOutcome) -> tuple[str, ...]:
    if isinstance(outcome, HwcostError):
        return (f"refused: {outcome}",)
    energies = (shown(pj, "energy_pj") for pj in outcome.energy_pj)
    return outcome.low.execution, *energies, *(shown(s, "latency_s") for s in outcome.latency_s)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Cells below each other; a row of two cells is a name and a sentence, which may be as long as it likes."""
    widths = [max(len(row[i]) for row in (head, *rows) if i < 1 or len(row) > 2) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in (head, *rows)
    )
