"""Hypervolume over trials: whether the search still finds better configurations."""

from html import escape

from tsearch.report.style import BLUE, ORANGE, Figure, axis, layout, round_step
from tsearch.report.view import RunView


def progress_figure(view: RunView) -> Figure:
    """The hypervolume after each complete trial in the order of finishing; baselines are marked."""
    curve, points = view.front.hypervolume_curve, view.front.complete
    ticks = list(range(1, len(curve) + 1))
    hover = [
        f"after trial {point.number} ({point.origin}, {escape(point.label)}): {value:.4f}"
        for point, value in zip(points, curve, strict=True)
    ]
    colors = [ORANGE if point.origin == "baseline" else BLUE for point in points]
    line = {"shape": "hv", "width": 2, "color": BLUE}
    trace = {"type": "scatter", "mode": "lines+markers", "x": ticks, "y": list(curve), "line": line}
    look = {"marker": {"size": 7, "color": colors}, "hovertext": hover, "hoverinfo": "text"}
    shape = layout(
        height=300,
        xaxis=axis("complete trials", rangemode="tozero", tick0=0, dtick=round_step(len(curve))),
        yaxis=axis("hypervolume", rangemode="tozero"),
    )
    return {"data": [trace | look], "layout": shape}
