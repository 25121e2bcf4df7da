"""Points as tables: for pandas, and for notebooks."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from tsearch.front.broken import missed_text, nearest_misses
from tsearch.front.constraints import Constraints, constraints_text
from tsearch.front.labels import labels_of
from tsearch.front.point import Point, differing_details, setting_names
from tsearch.space.goals import Objective
from tsearch.units import format_value, title

if TYPE_CHECKING:
    import pandas as pd


def table(
    points: Sequence[Point],
    first_metrics: Sequence[str],
    *,
    on_front: Sequence[Point],
    knee: Point | None,
    feasible: Sequence[Point] | None = None,
) -> "pd.DataFrame":
    """One row per point; `first_metrics` are the first of its metrics. `feasible` are those that keep the constraints,
    None where there are none. For the columns see `Front.to_pandas`."""
    import pandas as pd

    numbers = {point.number for point in on_front}
    keeping = {"feasible": {point.number for point in feasible}} if feasible is not None else {}
    settings = setting_names(points)
    settings = settings if settings and not any(p.timesteps for p in points) else ["stages", "timesteps"]
    metrics = list(dict.fromkeys([*first_metrics, *(name for point in points for name in point.metrics)]))
    details = [point.details for point in points]
    schedule = ["schedule"] if any(details) else []
    further = [*schedule, *differing_details(points)]
    seconds = ["seconds"] if any(point.seconds is not None for point in points) else []
    rows = [
        [p.number, p.number in numbers, knee is not None and p.number == knee.number]
        + [p.number in kept for kept in keeping.values()]
        + [p.origin]
        + [p.settings.get(name) for name in settings]
        + [p.metrics.get(metric, math.nan) for metric in metrics]
        + [detail.get(name) for name in further]
        + [p.seconds for _ in seconds]
        for p, detail in zip(points, details, strict=True)
    ]
    columns = ["trial", "on_front", "knee", *keeping, "origin", *settings, *metrics, *further, *seconds]
    return pd.DataFrame(rows, columns=columns)


def html_table(
    points: Sequence[Point],
    objectives: Sequence[Objective],
    marks: Mapping[int, str],
    caption: str,
) -> str:
    """A table of HTML with the objectives of every point and its mark, and a caption; nothing in it is run."""
    labels = labels_of(points)
    heads = ["trial", "configuration", *(title(o.name) for o in objectives), ""]
    rows = [
        [
            point.number,
            labels[point.number],
            *(format_value(point.metrics.get(o.name, math.nan), o.name) for o in objectives),
            marks.get(point.number, ""),
        ]
        for point in points
    ]
    body = "".join(_row("td", row) for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead>{_row('th', heads)}</thead><tbody>{body}</tbody></table>"
    )


def html_table_of_misses(
    points: Sequence[Point], objectives: Sequence[Objective], constraints: Constraints, caption: str
) -> str:
    """The same for those of `points` that come nearest to keeping the constraints, which none does; the caption alone
    where there are no points."""
    if not points:
        return f"<p>{escape(caption)}</p>"
    nearest = nearest_misses(points, constraints)
    marks = {point.number: missed_text(point.metrics, constraints) for point in nearest}
    caption = f"{caption}. No complete trial has {constraints_text(constraints)}. The nearest misses:"
    return html_table(nearest, objectives, marks, caption)


def _row(cell: str, texts: Sequence[Any]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(str(text))}</{cell}>' for text in texts)}</tr>"
