"""Points as tables: for pandas, and for notebooks."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from tsearch.front.point import Point, setting_names
from tsearch.space.goals import Objective
from tsearch.units import format_value, title

if TYPE_CHECKING:
    import pandas as pd


def table(
    points: Sequence[Point], first_metrics: Sequence[str], *, on_front: Sequence[Point], knee: Point | None
) -> "pd.DataFrame":
    """One row per point; `first_metrics` are the first of its metrics. For the columns see `Front.to_pandas`."""
    import pandas as pd

    numbers = {point.number for point in on_front}
    settings = setting_names(points)
    settings = settings if settings and not any(p.timesteps for p in points) else ["stages", "timesteps"]
    metrics = list(dict.fromkeys([*first_metrics, *(name for point in points for name in point.metrics)]))
    details = [point.details for point in points]
    differing = _differing(details)
    seconds = ["seconds"] if any(point.seconds is not None for point in points) else []
    rows = [
        [p.number, p.number in numbers, knee is not None and p.number == knee.number, p.origin]
        + [p.settings.get(name) for name in settings]
        + [p.metrics.get(metric, math.nan) for metric in metrics]
        + [detail.get(name) for name in differing]
        + [p.seconds for _ in seconds]
        for p, detail in zip(points, details, strict=True)
    ]
    columns = ["trial", "on_front", "knee", "origin", *settings, *metrics, *differing, *seconds]
    return pd.DataFrame(rows, columns=columns)


def html_table(
    points: Sequence[Point],
    objectives: Sequence[Objective],
    labels: Mapping[int, str],
    knee: Point | None,
    caption: str,
) -> str:
    """A table of HTML with the objectives of every point, and a caption; nothing in it is run."""
    heads = ["trial", "configuration", *(title(o.name) for o in objectives), ""]
    rows = [
        [
            point.number,
            labels[point.number],
            *(format_value(point.metrics.get(o.name, math.nan), o.name) for o in objectives),
            "knee" if knee is not None and point.number == knee.number else "",
        ]
        for point in points
    ]
    body = "".join(_row("td", row) for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead>{_row('th', heads)}</thead><tbody>{body}</tbody></table>"
    )


def _row(cell: str, texts: Sequence[Any]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(str(text))}</{cell}>' for text in texts)}</tr>"


def _differing(details: Sequence[Mapping[str, Any]]) -> list[str]:
    """The schedule, and the names of the other settings that are not the same in all `details`."""
    names = dict.fromkeys(name for settings in details for name in settings)
    return [
        name
        for name in names
        if name == "schedule" or any(d.get(name) != details[0].get(name) for d in details)
    ]
