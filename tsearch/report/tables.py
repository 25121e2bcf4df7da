"""The tables of the page: all complete trials, and what became of the failed ones."""

import math
from html import escape

from tsearch.front import Point
from tsearch.report.facts import RunFacts, numbers
from tsearch.units import format_value, title


def trials_table(facts: RunFacts) -> str:
    """One row per complete trial, the front first; a click on a column's head sorts by it."""
    metrics = [objective.name for objective in facts.front.objectives]
    metrics += [name for name in ("mean_timesteps", "footprint_bits") if _is_everywhere(facts, name, metrics)]
    tested = ["accuracy on test"] if facts.tests else []
    heads = ["trial", "", "timesteps", "blocks per stage", *map(title, metrics), *tested, "origin", "export"]
    rows = [*facts.front.points, *sorted(facts.front.dominated, key=lambda point: point.number)]
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(_row(facts, point, metrics) for point in rows)
    return f'<table class="trials"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def failed_table(facts: RunFacts) -> str:
    """One row per failed trial, with its reason; '' where none failed."""
    rows = "".join(
        f"<tr><td>{trial.number}</td><td>{numbers(trial.configuration.timesteps)}</td>"
        f"<td>{numbers(trial.configuration.stages)}</td><td>{escape(trial.error or 'no reason recorded')}</td></tr>"
        for trial in facts.failed
    )
    head = "<tr><th>trial</th><th>timesteps</th><th>blocks per stage</th><th>reason</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _row(facts: RunFacts, point: Point, metrics: list[str]) -> str:
    is_knee, is_on_front = point == facts.front.knee, point in facts.front.points
    mark = "knee" if is_knee else "front" if is_on_front else ""
    cells = [
        _cell(str(point.number), point.number),
        _cell(
            f'<span class="mark {mark}">{mark}</span>' if mark else "",
            0 if is_knee else 1 if is_on_front else 2,
        ),
        _cell(numbers(point.timesteps), sum(point.timesteps) / len(point.timesteps)),
        _cell(numbers(point.stages), len(point.stages)),
        *(
            _cell(format_value(value, m), value)
            for m in metrics
            for value in [point.metrics.get(m, math.nan)]
        ),
        *([_tested(facts, point)] if facts.tests else []),
        _cell(escape(point.origin)),
        _cell(
            f'<code class="command" title="click to copy">{escape(facts.trials[point.number].command)}</code>'
        ),
    ]
    return f'<tr class="{"on-front" if is_on_front else ""}">{"".join(cells)}</tr>'


def _tested(facts: RunFacts, point: Point) -> str:
    result = facts.tests.get(point.number)
    return _cell(format_value(result["accuracy"], "accuracy"), result["accuracy"]) if result else _cell("")


def _cell(text: str, value: float | None = None) -> str:
    key = "" if value is None or not math.isfinite(value) else f' data-value="{value!r}"'
    return f"<td{key}>{text}</td>"


def _is_everywhere(facts: RunFacts, metric: str, shown: list[str]) -> bool:
    return metric not in shown and all(metric in point.metrics for point in facts.front.complete)
