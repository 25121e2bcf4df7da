"""Hypervolume over trials: is the search still finding something?"""

from tsearch.report.facts import RunFacts, numbers
from tsearch.report.style import BLUE, ORANGE, Figure, axis, layout


def progress_figure(facts: RunFacts) -> Figure:
    """The hypervolume after each complete trial in the order of finishing; baselines are marked."""
    curve, points = facts.front.hypervolume_curve, facts.front.complete
    ticks = list(range(1, len(curve) + 1))
    hover = [
        f"after trial {point.number} ({point.origin}, timesteps {numbers(point.timesteps)}): {value:.4f}"
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
