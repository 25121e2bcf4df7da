"""The tables of the page: all complete trials, and the reasons of the failed ones."""

import math
from html import escape
from typing import Any

from tsearch.front import Point
from tsearch.front.point import point_of, setting_names, setting_text
from tsearch.report.panels import command_html
from tsearch.report.view import RunView
from tsearch.units import format_value, title


def trials_table(view: RunView) -> str:
    """One row per complete trial, the front first; a click on a column's head sorts by it."""
    settings = setting_names(view.front.complete)
    metrics = [objective.name for objective in view.front.objectives]
    metrics += [name for name in ("mean_timesteps", "footprint_bits") if _is_everywhere(view, name, metrics)]
    on_test = ["accuracy on test"] if view.on_test else []
    export = ["export"] if view.are_networks else []
    heads = ["trial", "", *settings, *map(title, metrics), *on_test, "origin", *export]
    points = [*view.front.points, *sorted(view.front.dominated, key=lambda point: point.number)]
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(_row(view, point, settings, metrics) for point in points)
    return f'<table class="trials"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def failed_table(view: RunView) -> str:
    """One row per failed trial, with its reason; '' where none failed."""
    if not view.failed:
        return ""
    points = [point_of(trial) for trial in view.failed]
    settings = setting_names(points)
    heads = "".join(f"<th>{escape(name)}</th>" for name in ("trial", *settings, "reason"))
    rows = []
    for trial, point in zip(view.failed, points, strict=True):
        cells = [_cell(str(trial.number)), *(_setting(point, name) for name in settings)]
        cells.append(_cell(escape(trial.error or "no reason recorded")))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(view: RunView, point: Point, settings: list[str], metrics: list[str]) -> str:
    is_knee, is_on_front = point == view.front.knee, point in view.front.points
    mark, rank = ("knee", 0) if is_knee else ("front", 1) if is_on_front else ("", 2)
    cells = [
        _cell(str(point.number), point.number),
        _cell(f'<span class="mark {mark}">{mark}</span>' if mark else "", rank),
        *(_setting(point, name) for name in settings),
        *(_metric(point, name) for name in metrics),
        *([_on_test(view, point)] if view.on_test else []),
        _cell(escape(point.origin)),
        *([_cell(command_html(view.trials[point.number]))] if view.are_networks else []),
    ]
    return f'<tr class="{"on-front" if is_on_front else ""}">{"".join(cells)}</tr>'


def _setting(point: Point, name: str) -> str:
    value = point.settings.get(name)
    return _cell(escape(setting_text(value)), _sort_key(name, value))


def _sort_key(name: str, value: Any) -> float | None:
    """What a column of settings is sorted by: mean timesteps, number of stages, numbers as they are, else the text."""
    if name == "stages" and isinstance(value, tuple):
        return len(value)
    if name == "timesteps" and isinstance(value, tuple):
        return sum(value) / len(value)
    return float(value) if isinstance(value, int | float) else None


def _metric(point: Point, name: str) -> str:
    value = point.metrics.get(name, math.nan)
    return _cell(format_value(value, name), value)


def _on_test(view: RunView, point: Point) -> str:
    result = view.on_test.get(point.number)
    return _cell(format_value(result["accuracy"], "accuracy"), result["accuracy"]) if result else _cell("")


def _cell(text: str, sort_key: float | None = None) -> str:
    key = "" if sort_key is None or not math.isfinite(sort_key) else f' data-value="{sort_key!r}"'
    return f"<td{key}>{text}</td>"


def _is_everywhere(view: RunView, metric: str, shown: list[str]) -> bool:
    return metric not in shown and all(metric in point.metrics for point in view.front.complete)
