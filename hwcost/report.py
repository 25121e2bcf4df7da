"""A cost as text, as a pandas table and as a plot."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hwcost.activity.record import SpikeRecord
from hwcost.cost import Cost
from hwcost.errors import HwcostError
from hwcost.network.network import NetworkSpec
from hwcost.prices.profile import Profile
from hwcost.shown import shown
from hwcost.studies.ann_twins import ann_twins
from hwcost.studies.dataflows import under_dataflows

if TYPE_CHECKING:
    import pandas


def text(cost: Cost, show: Callable[[float, str], str] = shown, activity: str = "") -> str:
    """What it costs, where, and under which assumptions, in a few lines. `show` writes the value of energy_pj,
    latency_s or footprint_bits with its unit; `activity` says whose spikes they are instead of "mean of 3 samples"."""
    activity = activity or f"mean of {cost.n_samples} samples"
    energy, low, high = (show(pj, "energy_pj") for pj in (cost.total_pj, *cost.interval))
    means = cost.mean_timesteps
    lines = [
        f"profile {cost.profile}, execution {cost.execution}, one inference ({activity})",
        *([f"dataflow   {cost.dataflow_text}"] if cost.dataflows else []),
        f"energy     {energy}, {low} to {high} over the ranges of the prices",
        f"latency    {show(cost.latency_s, 'latency_s')}: {cost.latency_cycles} cycles, "
        f"first decision {cost.first_decision_cycles}",
        *([f"cores      {cost.n_cores:,}, chips {cost.n_chips:,}"] if cost.n_cores else []),
        f"memory     {show(cost.footprint_bits, 'footprint_bits')}",
        f"operations {cost.sop:.6g} SOP, {cost.mac:.6g} MAC, {cost.ac:.6g} AC",
        f"activity   {cost.spikes_per_synapse:.3g} spikes per synapse and inference",
        f"timesteps  {means.by_stage:.3g} by stage, {means.by_layer:.3g} by layer, {means.by_mac:.3g} by MAC (no cost)",
    ]
    for title, parts in (("layer", cost.by_layer()), ("kind", cost.by_kind())):
        lines += [f"by {title}:", *(f"  {name:<22}{show(pj, 'energy_pj'):>12}" for name, pj in parts.items())]
    missing = ", ".join(f"{item} ({n:.4g})" for item, n in cost.not_counted().items())
    lines.append(f"not counted: {missing or 'nothing'}")
    return "\n".join([*lines, *(f"note: {note}" for note in cost.notes)])


def beside(
    cost: Cost,
    network: NetworkSpec,
    spikes: SpikeRecord,
    profile: Profile | str,
    assume: Mapping[str, int] | None = None,
    show: Callable[[float, str], str] = shown,
) -> list[str]:
    """What the cost of a network is held against, a line each: the same network without any reuse, and its twins
    without spikes; the sentence why, where one cannot be had.

    Args:
        cost: What `estimate` gave for the other arguments.
        show: As in `text`.
    """

    def line(name: str, other: Cost) -> str:
        times = f", {other.total_pj / cost.total_pj:.3g} times this network" if cost.total_pj else ""
        return f"{name}: {show(other.total_pj, 'energy_pj')}{times}"

    try:
        none = under_dataflows(network, spikes, profile, cost.execution, assume)["none"]
        lines = [line("no reuse (dataflow none)", none)] if none.total_pj != cost.total_pj else []
    except HwcostError as error:
        lines = [f"no cost without reuse: {error}"]
    try:
        twins = ann_twins(network, profile, cost.execution, assume)
    except HwcostError as error:
        return [*lines, f"no twin without spikes: {error}"]
    bits = f"{twins.bits_text}-bit"
    return [
        *lines,
        line("dense twin", twins.dense),
        line(f"twin of {bits} weights and activations", twins.quantised),
        line(f"twin of {bits} activations", twins.quantised_activations),
    ]


def to_pandas(cost: Cost) -> "pandas.DataFrame":
    """One row per layer and item: kind, mean count, energy with its range in pJ. Needs pandas."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for row in cost.rows:
        count = sum(row.steps) / cost.n_samples
        ends = row.price.times(count).ends if row.price else (None, None, None)
        energies = dict(zip(("low_pj", "energy_pj", "high_pj"), ends, strict=True))
        rows.append({"layer": row.layer, "kind": row.kind, "item": row.item, "count": count, **energies})
    return pd.DataFrame(rows)


def plot(cost: Cost) -> Any:
    """Energy by layer, stacked by kind. Needs plotly."""
    import plotly.graph_objects as go

    layers = list(cost.by_layer())
    bars = []
    for kind in cost.by_kind():
        energy = dict.fromkeys(layers, 0.0)
        for row in cost.rows:
            if row.price and row.kind == kind:
                energy[row.layer] += sum(row.steps) / cost.n_samples * row.price.value / 1e3
        bars.append(go.Bar(name=kind, x=layers, y=list(energy.values())))
    title = f"{shown(cost.total_pj, 'energy_pj')} under {cost.profile}"
    return go.Figure(bars, go.Layout(barmode="stack", title=title, yaxis_title="energy (nJ)"))
