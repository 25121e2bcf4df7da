"""The limits of a run on the axes of its front: a shaded side, and sentences."""

from html import escape
from typing import Any

from tsearch.front import Front, Point
from tsearch.front.constraints import constraints_text, violation
from tsearch.report.style import ORANGE, PURPLE, Scale


def limits_on(front: Front, metric: str) -> list[float]:
    """The bounds of a metric that a trial has to keep; empty where it has none."""
    return [bound for bound in front.constraints.get(metric, ()) if bound is not None]


def limit_shapes(front: Front, x: Scale, y: Scale) -> list[dict[str, Any]]:
    """A shaded rectangle, named in the legend, on every side of the figure on which trials break a limit."""
    shapes = []
    for side, scale in (("x", x), ("y", y)):
        bounds = front.constraints.get(scale.metric, (None, None))
        name = escape(f"limit: {constraints_text({scale.metric: bounds})}")
        regions = [_region(side, *span) for span in _spans(scale, *bounds)]
        shapes += [region | {"name": name, "showlegend": not i} for i, region in enumerate(regions)]
    return shapes


def limits_sentence(front: Front) -> str:
    """'Limits: energy at most 3.00 \N{MICRO SIGN}J. Trials that break one are crosses and never on the front.'"""
    if not front.constraints:
        return ""
    limits = f"Limits: {constraints_text(front.constraints)}."
    return (
        f"{limits} Trials that break one are crosses and never on the front." if front.infeasible else limits
    )


def broken_limits(front: Front, point: Point) -> str:
    """The limits that a point breaks, in words; '' where it keeps all."""
    broken = {m: b for m, b in front.constraints.items() if violation(point.metrics, {m: b}) > 0}
    return constraints_text(broken)


def _spans(scale: Scale, low: float | None, high: float | None) -> list[tuple[float, float]]:
    """The parts of an axis beyond its bounds."""
    start, end = scale.ends
    return ([(start, scale(low))] if low is not None else []) + (
        [(scale(high), end)] if high is not None else []
    )


def _region(side: str, start: float, end: float) -> dict[str, Any]:
    other = "y" if side == "x" else "x"
    place = {f"{side}0": start, f"{side}1": end, f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1}
    color, dash = (ORANGE, "dot") if side == "x" else (PURPLE, "dash")
    look = {"type": "rect", "layer": "below", "fillcolor": color, "opacity": 0.12}
    return place | look | {"line": {"color": color, "width": 1.5, "dash": dash}}
