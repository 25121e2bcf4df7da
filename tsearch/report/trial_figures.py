"""The figures of one trial, in scales shared by all trials of a run so that they can be compared side by side."""

from collections.abc import Mapping, Sequence
from html import escape

from tsearch.report.hover import readable
from tsearch.report.style import BLUES, GREY, KINDS, Figure, Scale, axis, layout
from tsearch.report.trial_view import TrialView
from tsearch.report.view import RunView
from tsearch.units import format_value

ROW, ROOM = 30, 92  # height of one layer's bar, and of everything around the bars, in pixels
MAX_CELLS_WITH_TEXT = 72
OTHER = "other"


def kind_colors(view: RunView) -> dict[str, str]:
    """The kinds of energy worth a colour, the largest first; all that remains is 'other'."""
    total: dict[str, float] = {}
    for trial in view.trials.values():
        for profile in view.profiles:
            for kind, energy in trial.by_kind(profile).items():
                total[kind] = total.get(kind, 0.0) + energy
    used = sorted((kind for kind, energy in total.items() if energy > 0), key=lambda kind: -total[kind])
    return dict(zip(used, KINDS, strict=False)) | ({OTHER: GREY} if len(used) > len(KINDS) else {})


def energy_figure(
    trial: TrialView, profile: str, scale: Scale, high: float, colors: Mapping[str, str]
) -> Figure:
    """Energy by layer, one bar each, stacked by kind; `high` is where the axis ends, in pJ."""
    layers = {escape(layer): _grouped(parts, colors) for layer, parts in trial.energy(profile).items()}
    totals = {layer: sum(parts.values()) for layer, parts in layers.items()}
    ends = {
        "type": "scatter",
        "mode": "text",
        "x": [scale(total) for total in totals.values()],
        "y": list(totals),
        "text": [f" {format_value(total, 'energy_pj')}" for total in totals.values()],
        "textposition": "middle right",
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    shape = layout(
        height=ROW * max(1, len(layers)) + ROOM,
        barmode="stack",
        bargap=0.35,
        margin={"l": 8, "r": 8, "t": 8, "b": 48},
        xaxis=axis(scale.title, range=[0, scale(high) * 1.25], nticks=6),
        yaxis=axis(autorange="reversed", automargin=True, ticks="", showgrid=False),
    )
    return {
        "data": [*(_bar(kind, layers, scale, color) for kind, color in colors.items()), ends],
        "layout": shape,
    }


def _grouped(parts: Mapping[str, float], colors: Mapping[str, str]) -> dict[str, float]:
    rest = sum(energy for kind, energy in parts.items() if kind not in colors)
    return {kind: energy for kind, energy in parts.items() if kind in colors} | (
        {OTHER: rest} if rest else {}
    )


def _bar(kind: str, layers: Mapping[str, Mapping[str, float]], scale: Scale, color: str) -> Figure:
    values = {layer: parts.get(kind, 0.0) for layer, parts in layers.items()}
    hover = [
        f"{layer}, {escape(readable(kind))}: {format_value(v, 'energy_pj')}" for layer, v in values.items()
    ]
    data = {"y": list(values), "x": [scale(value) for value in values.values()]}
    look = {"orientation": "h", "marker": {"color": color}, "hovertext": hover, "hoverinfo": "text"}
    return {"type": "bar", "name": escape(readable(kind))} | data | look


def rates_figure(trial: TrialView, n_steps: int, high: float) -> Figure:
    """Spikes per neuron, a row per layer and a column per timestep; steps that a layer does not run stay grey."""
    names, steps = [escape(layer) for layer in trial.rates], list(range(1, n_steps + 1))
    rows = [[*rates, *[None] * (n_steps - len(rates))] for rates in trial.rates.values()]
    heat = {
        "type": "heatmap",
        "x": steps,
        "y": names,
        "z": rows,
        "zmin": 0,
        "zmax": high or 1,
        "colorscale": BLUES,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
        "hovertemplate": "%{y}, timestep %{x}: %{z:.4f} spikes per neuron<extra></extra>",
    }
    if len(rows) * n_steps <= MAX_CELLS_WITH_TEXT:
        heat |= {"text": _cells(rows), "texttemplate": "%{text}", "textfont": {"size": 10}}
    shape = layout(
        height=ROW * max(1, len(rows)) + 62,
        plot_bgcolor="#eef1f4",
        margin={"l": 8, "r": 8, "t": 8, "b": 44},
        xaxis=axis("timestep", showgrid=False, ticks="", tickvals=_shown(steps), range=[0.5, n_steps + 0.5]),
        yaxis=axis(autorange="reversed", automargin=True, ticks="", showgrid=False),
    )
    return {"data": [heat], "layout": shape}


def _cells(rows: Sequence[Sequence[float | None]]) -> list[list[str]]:
    return [["" if rate is None else f"{rate:.2f}".removeprefix("0") for rate in row] for row in rows]


def _shown(steps: list[int]) -> list[int]:
    return steps if len(steps) <= 12 else steps[:: -(-len(steps) // 8)]
