"""A cost as text, as a pandas table and as a plot."""

from typing import TYPE_CHECKING, Any

from hwcost.cost import Cost

if TYPE_CHECKING:
    import pandas


def text(cost: Cost) -> str:
    """What it costs, where, and under which assumptions, in a few lines."""
    low, high = cost.interval
    means = cost.mean_timesteps
    lines = [
        f"profile {cost.profile}, execution {cost.execution}, one inference (mean of {cost.n_samples} samples)",
        f"energy     {cost.total_pj / 1e3:.4g} nJ   range of the prices [{low / 1e3:.4g}, {high / 1e3:.4g}] nJ",
        f"latency    {cost.latency_s:.4g} s: {cost.latency_cycles} cycles, first decision {cost.first_decision_cycles}",
        f"memory     {cost.footprint_bits / 8192:.4g} KiB",
        f"operations {cost.sop:.6g} SOP, {cost.mac:.6g} MAC, {cost.ac:.6g} AC",
        f"activity   {cost.spikes_per_synapse:.3g} spikes per synapse and inference",
        f"timesteps  {means.by_stage:.3g} by stage, {means.by_layer:.3g} by layer, {means.by_mac:.3g} by MAC (no cost)",
    ]
    for title, parts in (("layer", cost.by_layer()), ("kind", cost.by_kind())):
        lines += [f"by {title}:", *(f"  {name:<22}{pj / 1e3:>12.4g} nJ" for name, pj in parts.items())]
    missing = ", ".join(f"{item} ({n:.4g})" for item, n in cost.not_counted().items())
    lines.append(f"not counted: {missing or 'nothing'}")
    return "\n".join([*lines, *(f"note: {note}" for note in cost.notes)])


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
    title = f"{cost.total_pj / 1e3:.4g} nJ under {cost.profile}"
    return go.Figure(bars, go.Layout(barmode="stack", title=title, yaxis_title="energy (nJ)"))
