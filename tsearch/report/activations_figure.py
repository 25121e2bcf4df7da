"""Histograms of activations and currents by type of layer and timestep: a column per type, above its activations and
below its currents; residual streams last.
"""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from tsearch.report.style import BLUES, Figure, axis, layout

if TYPE_CHECKING:
    from tsearch.networks.activity import Activities, Rows

GAP = 0.03  # between two panels, as part of the figure
DARKEST = 0.2  # part of neurons that is drawn darkest where most are near 0


class _Panel(NamedTuple):
    """One histogram per column; `parts` are these columns, `title` that of its y-axis."""

    heading: str
    column: int
    row: int
    x: list[str]
    y: list[Any]
    parts: "Rows"
    darkest: float
    title: str = ""
    has_labels: bool = False


def activations_figure(activities: "Activities") -> Figure:
    """The figure as plotly draws it."""
    panels = list(_panels(activities))
    n_columns = 1 + max(panel.column for panel in panels)
    shape = layout(height=560, margin={"l": 88, "r": 16, "t": 36, "b": 48})
    shape["annotations"] = [_heading(panel, n_columns) for panel in panels if panel.heading]
    data = []
    for number, panel in enumerate(panels, start=1):
        suffix = str(number) if number > 1 else ""
        shape |= _axes(panel, suffix, n_columns)
        data.append(_heat(panel, suffix))
    return {"data": data, "layout": shape}


def _panels(activities: "Activities") -> Iterator[_Panel]:
    values, currents = _value_labels(), _current_middles()
    for n, (name, kind) in enumerate(activities.types.items()):
        steps, is_first = _numbers(kind.values), n == 0
        activations, x = (*kind.values, kind.relu), [*steps, "ReLU"]
        title = "spikes per timestep so far" if is_first else ""
        yield _Panel(name, n, 0, x, values, activations, DARKEST, title, is_first)
        title = "current, in thresholds" if is_first else ""
        yield _Panel("", n, 1, steps, currents, kind.currents, DARKEST, title, is_first)
    if activities.streams:
        steps, sums = _numbers(activities.streams), [str(n) for n in range(len(activities.streams[0]))]
        column = len(activities.types)
        yield _Panel("residual stream", column, 0, steps, sums, activities.streams, 1.0, has_labels=True)


def _heat(panel: _Panel, suffix: str) -> Figure:
    by_bin = [[float(f"{part:.4g}") for part in line] for line in zip(*panel.parts, strict=True)]
    return {
        "type": "heatmap",
        "x": panel.x,
        "y": panel.y,
        "z": by_bin,
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "zmin": 0,
        "zmax": panel.darkest,
        "colorscale": BLUES,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "timestep %{x}, %{y}: %{z:.1%}<extra></extra>",
    }


def _axes(panel: _Panel, suffix: str, n_columns: int) -> dict[str, Any]:
    left, is_above = panel.column / n_columns, panel.row == 0
    plain = {"showgrid": False, "ticks": ""}
    x = axis("" if is_above else "timestep", domain=[left, left + 1 / n_columns - GAP], **plain)
    y = axis(panel.title, domain=[0.5 + GAP, 1.0] if is_above else [0.0, 0.5 - GAP], nticks=8, **plain)
    x |= {"anchor": f"y{suffix}", "type": "category"}
    y |= {"anchor": f"x{suffix}", "type": "category" if is_above else "linear"}
    return {f"xaxis{suffix}": x, f"yaxis{suffix}": y | {"showticklabels": panel.has_labels}}


def _heading(panel: _Panel, n_columns: int) -> dict[str, Any]:
    place = {"x": (panel.column + 0.5) / n_columns - GAP / 2, "y": 1.0, "xref": "paper", "yref": "paper"}
    shown = {"xanchor": "center", "yanchor": "bottom", "showarrow": False}
    return {"text": f"<b>{escape(panel.heading)}</b>"} | place | shown


def _numbers(rows: "Rows") -> list[str]:
    return [str(t) for t in range(1, len(rows) + 1)]


def _value_labels() -> list[str]:
    from tsearch.networks.activity import N_VALUES

    return ["0", *(f"≤ {n / N_VALUES:g}" for n in range(1, N_VALUES + 1)), "&gt; 1"]


def _current_middles() -> list[float]:
    """Of all bins; the outermost stand for all that lies beyond."""
    from tsearch.networks.activity import CURRENT_EDGES as EDGES

    half = (EDGES[1] - EDGES[0]) / 2
    return [EDGES[0] - half, *(edge + half for edge in EDGES)]
