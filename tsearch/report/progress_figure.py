"""Hypervolume over trials: whether the search still finds better configurations."""

from html import escape

from tsearch.front import Point
from tsearch.front.point import setting_text
from tsearch.report.style import BLUE, ORANGE, Figure, axis, layout
from tsearch.report.view import RunView


def progress_figure(view: RunView) -> Figure:
    """The hypervolume after each complete trial in the order of finishing; baselines are marked."""
    curve, points = view.front.hypervolume_curve, view.front.complete
    ticks = list(range(1, len(curve) + 1))
    hover = [
        f"after trial {point.number} ({point.origin}, {_settings(point)}): {value:.4f}"
        for point, value in zip(points, curve, strict=True)
    ]
    colors = [ORANGE if point.origin == "baseline" else BLUE for point in points]
    line = {"shape": "hv", "width": 2, "color": BLUE}
    trace = {"type": "scatter", "mode": "lines+markers", "x": ticks, "y": list(curve), "line": line}
    look = {"marker": {"size": 7, "color": colors}, "hovertext": hover, "hoverinfo": "text"}
    shape = layout(
        height=300,
        xaxis=axis("complete trials", rangemode="tozero", dtick=max(1, len(curve) // 12)),
        yaxis=axis("hypervolume", rangemode="tozero"),
    )
    return {"data": [trace | look], "layout": shape}


def _settings(point: Point) -> str:
    settings = {"timesteps": point.timesteps} if point.timesteps else point.parameters
    return escape(", ".join(f"{name} {setting_text(value)}" for name, value in settings.items()))
