"""The figures of one trial, in scales shared by all trials of a run so that they can be compared side by side.

A figure is a template for all trials, which holds everything but numbers, and the numbers of each trial, which the
page's code puts in: so a page of many trials stays small.
"""

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from tsearch.report.hover import readable
from tsearch.report.style import BLUES, GREY, KINDS, Figure, Scale, axis, layout, round_step
from tsearch.report.trial_view import TrialView
from tsearch.report.view import RunView
from tsearch.units import format_value

ROW, ROOM, ROOM_OF_RATES = (
    30,
    56,
    62,
)  # height of one layer's bar, and of everything around the bars, in pixels
MAX_CELLS_WITH_TEXT = 72
OTHER = "other"


def height(room: int, layers: Collection[str]) -> int:
    """Height of a figure of these layers in pixels, as the page's code draws it."""
    return room + ROW * max(1, len(layers))


def kind_colors(view: RunView) -> dict[str, str]:
    """The kinds of energy that have a colour, the same in every run, the largest first; all that remains is 'other'."""
    total: dict[str, float] = {}
    for trial in view.trials.values():
        for profile in view.profiles:
            for kind, energy in trial.by_kind(profile).items():
                total[kind] = total.get(kind, 0.0) + energy
    used = sorted((kind for kind, energy in total.items() if energy > 0), key=lambda kind: -total[kind])
    colors = {kind: KINDS[kind] for kind in used if kind in KINDS}
    return colors | ({OTHER: GREY} if len(colors) < len(used) else {})


def energy_template(scale: Scale, high: float, colors: Mapping[str, str]) -> Figure:
    """Energy by layer, one bar each, stacked by kind; `high` is where the axis ends, in pJ. Without layers."""
    unit = f" {scale.unit}".rstrip()
    ends = {
        "type": "scatter",
        "mode": "text",
        "textposition": "middle right",
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    shape = layout(
        height=ROOM,
        barmode="stack",
        bargap=0.35,
        margin={"l": 8, "r": 8, "t": 8, "b": 48},
        xaxis=axis(scale.title, range=[0, scale(high) * 1.3 or 1], nticks=5),
        yaxis=axis(autorange="reversed", automargin=True, ticks="", showgrid=False),
    )
    return {"data": [*(_bar(kind, unit, color) for kind, color in colors.items()), ends], "layout": shape}


def energy_numbers(
    trial: TrialView, profile: str, scale: Scale, colors: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Energy of every layer: 'rows', one per kind in the order of `colors` and last the sums; 'sums' for people."""
    layers = [_grouped(parts, colors) for parts in trial.energy(profile).values()]
    sums = [sum(parts.values()) for parts in layers]
    rows = [*([parts.get(kind, 0.0) for parts in layers] for kind in colors), sums]
    return {
        "rows": [[float(f"{scale(value):.7g}") for value in row] for row in rows],
        "sums": [f" {format_value(value, 'energy_pj')}" for value in sums],
    }


def _grouped(parts: Mapping[str, float], colors: Mapping[str, str]) -> dict[str, float]:
    rest = sum(energy for kind, energy in parts.items() if kind not in colors)
    return {kind: energy for kind, energy in parts.items() if kind in colors} | (
        {OTHER: rest} if rest else {}
    )


def _bar(kind: str, unit: str, color: str) -> Figure:
    name = escape(readable(kind))
    hover = f"%{{y}}, {name}: %{{x:.3~g}}{unit}<extra></extra>"
    return {
        "type": "bar",
        "name": name,
        "orientation": "h",
        "marker": {"color": color},
        "hovertemplate": hover,
    }


def rates_template(n_steps: int, n_layers: int, high: float) -> Figure:
    """Spikes per neuron, a row per layer (at most `n_layers`) and a column per timestep; steps that a layer does not
    run stay grey. Without layers.
    """
    steps, step = list(range(1, n_steps + 1)), round_step(n_steps, 12)
    heat = {
        "type": "heatmap",
        "x": steps,
        "zmin": 0,
        "zmax": high or 1,
        "colorscale": BLUES,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
        "hovertemplate": "%{y}, timestep %{x}: %{z:.4f} spikes per neuron<extra></extra>",
    }
    if n_layers * n_steps <= MAX_CELLS_WITH_TEXT:
        heat |= {"texttemplate": "%{z:.2f}", "textfont": {"size": 10}}
    ticks = [t for t in steps if t == 1 or t % step == 0]
    shape = layout(
        height=ROOM_OF_RATES,
        plot_bgcolor="#eef1f4",
        margin={"l": 8, "r": 8, "t": 8, "b": 44},
        xaxis=axis("timestep", showgrid=False, ticks="", tickvals=ticks, range=[0.5, n_steps + 0.5]),
        yaxis=axis(autorange="reversed", automargin=True, ticks="", showgrid=False),
    )
    return {"data": [heat], "layout": shape}


def rates_numbers(trial: TrialView, n_steps: int) -> list[list[float | None]]:
    """Spikes per neuron of every layer, a row each; None at steps that a layer does not run."""
    runs = {name: rates[: trial.layer_timesteps.get(name)] for name, rates in trial.rates.items()}
    return [
        [*(float(f"{rate:.4g}") for rate in rates), *[None] * (n_steps - len(rates))]
        for rates in runs.values()
    ]
