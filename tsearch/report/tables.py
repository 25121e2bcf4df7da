"""The table of all complete trials, which the page's code filters and sorts."""

import math
from html import escape
from typing import Any

from tsearch.front import Point
from tsearch.front.masked import masked_to
from tsearch.front.point import FAMILY, setting_names, setting_text, setting_title
from tsearch.replication.error_bars.texts import chance_text, interval_text
from tsearch.report.facts import command_html
from tsearch.report.view import RunView
from tsearch.units import format_value, title

ROWS = 50  # shown at first; the others wait behind a button


def trials_table(view: RunView) -> str:
    """One row per complete trial, the front first; the head of a column is a button that sorts by it."""
    settings = [*([FAMILY] if view.has_families else []), *setting_names(view.front.complete)]
    metrics = [objective.name for objective in view.front.objectives]
    metrics += [name for name in ("mean_timesteps", "footprint_bits") if _is_everywhere(view, name, metrics)]
    on_test = ["accuracy on test"] if view.on_test else []
    names = [setting_title(name) if name == FAMILY else name for name in settings]
    heads = ["trial", "front", *names, *map(title, metrics), *_bar_heads(view), *on_test, "origin"]
    head = "".join(f'<th><button type="button">{escape(name)}</button></th>' for name in heads)
    head += "<th>export</th>" if view.are_exported else ""
    on_front = {point.number for point in view.front.points}
    others = [point for point in view.front.complete if point.number not in on_front]
    others.sort(key=lambda point: (not view.front.is_feasible(point), point.number))
    body = "".join(
        _row(view, point, _mark(view, point, on_front), settings, metrics)
        for point in (*view.front.points, *others)
    )
    table = f'<table class="trials"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'{_tools(view)}<div class="wide" tabindex="0" role="region" aria-label="all trials">{table}</div>{_MORE}'


_MORE = '<p class="more" hidden><button type="button" class="plain">show all</button></p>'


def _tools(view: RunView) -> str:
    """The filter, how many rows there are, and under which profile they are priced."""
    example = "6, 3, 1" if view.are_networks else "front"
    priced = f" Costs under {escape(view.main)}, the profile searched." if len(view.profiles) > 1 else ""
    return (
        '<div class="tools"><label>filter <input type="search" class="filter" '
        f'placeholder="such as {example}"></label><output class="count"></output><span>{priced}</span></div>'
    )


def _mark(view: RunView, point: Point, on_front: set[int]) -> str:
    if not view.front.is_feasible(point):
        return "breaks a limit"
    return "knee" if point == view.front.knee else "front" if point.number in on_front else ""


def _row(view: RunView, point: Point, mark: str, settings: list[str], metrics: list[str]) -> str:
    rank = ("knee", "front", "", "breaks a limit").index(mark)
    kind = mark.split()[0] if mark else "none"
    pick = f'<button type="button" class="pick" title="show beside the front">{point.number}</button>'
    command = view.trials[point.number].command
    cells = [
        _cell(pick, point.number),
        _cell(f'<span class="mark {kind}">{mark}</span>' if mark else "", rank),
        *(_setting(point, name) for name in settings),
        *(_metric(point, name) for name in metrics),
        *_bars(view, point),
        *([_on_test(view, point)] if view.on_test else []),
        _cell(escape(point.origin)),
        *([_cell(command_html(command))] if view.are_exported else []),
    ]
    return f'<tr class="{"on-front" if rank < 2 else ""}">{"".join(cells)}</tr>'


def _setting(point: Point, name: str) -> str:
    value = point.family if name == FAMILY else point.settings.get(name)
    masked = masked_to(point.metrics) if name == "timesteps" else ""
    text = setting_text(value) + (f" masked to {masked}" if masked else "")
    return _cell(escape(text), _sort_key(name, value))


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


def _bar_heads(view: RunView) -> list[str]:
    """Columns of error bars, where enough members of the front were trained again."""
    if not view.evidence.has_bars_of_front:
        return []
    fresh = ["fresh accuracy"] if "accuracy" in {o.name for o in view.front.objectives} else []
    return [*fresh, "stays on front"]


def _bars(view: RunView, point: Point) -> list[str]:
    """The cells of these columns; empty ones for what was not trained again."""
    heads, member = _bar_heads(view), view.evidence.member(point.number)
    if not heads or member is None:
        return [_cell("")] * len(heads)
    fresh = member.metrics.get("accuracy")
    mean = _cell(interval_text(fresh, "accuracy"), fresh.value) if fresh else _cell("")
    chance = "" if member.on_front is None else escape(chance_text(member.on_front))
    return [*([mean] if len(heads) > 1 else []), _cell(chance, member.on_front)]


def _cell(text: str, sort_key: float | None = None) -> str:
    key = "" if sort_key is None or not math.isfinite(sort_key) else f' data-value="{sort_key!r}"'
    return f"<td{key}>{text}</td>"


def _is_everywhere(view: RunView, metric: str, shown: list[str]) -> bool:
    return metric not in shown and all(metric in point.metrics for point in view.front.complete)
