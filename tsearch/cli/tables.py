"""A front as a text table and as content for JSON."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tsearch.front import Front, Point
from tsearch.front.broken import missed_text, nearest_misses
from tsearch.front.constraints import Constraints, constraints_text
from tsearch.front.masked import masked_text
from tsearch.front.point import FAMILY, have_families, setting_names, setting_text, setting_title
from tsearch.replication.error_bars.texts import chance_text, interval_text
from tsearch.replication.error_bars.texts import volume_text as fresh_volume_text
from tsearch.replication.evidence import Evidence, bars_content, member_content
from tsearch.units import format_value, title


def front_text(front: Front, points: Sequence[Point], evidence: Evidence | None = None) -> str:
    """One line per point: whether it is on the front (*) or the knee, its settings, its origin, every objective, and
    where members of the front were trained again, what they reached then; then a summary, and what is known about a
    saving. Where all complete trials break a constraint of the run, the nearest misses."""
    evidence = evidence or Evidence(front)
    if points:
        table = marked_table(front, points, evidence)
    elif front.complete and not front.points:
        table = misses_text(front, front.constraints)
    else:
        table = "No trial is complete yet."
    answers = [answer.sentence for answer in evidence.answers]
    return "\n".join([table, counts_text(front), *_fresh_volume(evidence), *answers, *evidence.noise])


def marked_table(front: Front, points: Sequence[Point], evidence: Evidence | None = None) -> str:
    """One line per point, marked where it is on the front or the knee, or breaks a constraint of the run; with its
    error bars where the front has some."""
    on_front = {point.number for point in front.points}
    columns = _bar_columns(evidence, points) if evidence and evidence.has_bars_of_front else {}
    return points_table(front, points, lambda point: _mark(point, front, on_front), columns=columns)


def counts_text(front: Front) -> str:
    """How many trials are on the front, and its hypervolume."""
    counts = f"front: {len(front.points)} of {len(front.complete)} complete trials"
    return counts + (f", hypervolume {volume_text(front.hypervolume)}" if front.has_box else "")


def points_table(
    front: Front,
    points: Sequence[Point],
    mark: Callable[[Point], str],
    further: Iterable[str] = (),
    columns: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """One line per point: its `mark`, its settings, its origin, every objective, the `further` metrics, the timesteps
    that masks have left where any were learned, and further `columns`, a cell for every point under each name."""
    metrics = list(dict.fromkeys([*(objective.name for objective in front.objectives), *further]))
    settings, details = setting_names(points), telling_details(points)
    header = ["", "trial", *settings, *map(setting_title, details), "origin", *map(title, metrics)]
    masked = [masked_text(point.metrics) for point in points]
    columns = ({"masked to": masked} if any(masked) else {}) | dict(columns or {})
    header += columns
    rows = [
        [
            mark(point),
            str(point.number),
            *setting_cells(point, settings),
            *detail_cells(point, details),
            point.origin,
            *(format_value(point.metrics.get(name, math.nan), name) for name in metrics),
            *(cells[i] for cells in columns.values()),
        ]
        for i, point in enumerate(points)
    ]
    return grid([header, *rows])


def misses_text(front: Front, constraints: Constraints) -> str:
    """The complete trials that come nearest to keeping `constraints`, which none of them does."""
    points = nearest_misses(front.complete, constraints)
    table = points_table(front, points, lambda point: missed_text(point.metrics, constraints), constraints)
    return f"No complete trial has {constraints_text(constraints)}. The nearest misses:\n\n{table}"


def front_content(
    front: Front, points: Sequence[Point] | None = None, evidence: Evidence | None = None
) -> dict[str, Any]:
    """The same for scripts; of `points`, by default those of the front."""
    points = front.points if points is None else points
    evidence = evidence or Evidence(front)
    return {
        "name": front.name,
        "objectives": {objective.name: objective.direction for objective in front.objectives},
        "constraints": {metric: list(bounds) for metric, bounds in front.constraints.items()},
        "reference": dict(front.reference),
        "hypervolume": front.hypervolume,
        **bars_content(evidence),
        "answers": [answer.sentence for answer in evidence.answers],
        "candidates": [candidate.number for candidate in evidence.candidates],
        "verdicts": [verdict.content for verdict in evidence.verdicts],
        "points": [
            point_content(front, point) | member_content(evidence.member(point.number)) for point in points
        ],
    }


def point_content(front: Front, point: Point) -> dict[str, Any]:
    """One point for scripts; timesteps and stages are empty, and parameters given, where it is no network."""
    return {
        "trial": point.number,
        "key": point.key,
        "on_front": point in front.points,
        "knee": point == front.knee,
        "feasible": front.is_feasible(point),
        "origin": point.origin,
        "timesteps": point.timesteps,
        "stages": point.stages,
        **({"parameters": dict(point.parameters)} if point.parameters else {}),
        **({"settings": point.details} if point.details else {}),
        "metrics": dict(point.metrics),
    }


def setting_cells(point: Point, names: Sequence[str]) -> list[str]:
    """The settings of a point as cells: '3,1' for timesteps (3, 1)."""
    return [setting_text(point.settings.get(name), ",") for name in names]


def telling_details(points: Sequence[Point]) -> list[str]:
    """Further settings that tell apart points whose settings look alike, such as the schedule: their columns. First, of
    several families of backbones, which one it is."""
    chosen = [FAMILY] if have_families(points) else []
    for name in dict.fromkeys(name for point in points for name in point.details):
        before = _n_different(points, chosen)
        if before == len(points):
            break
        if _n_different(points, [*chosen, name]) > before:
            chosen.append(name)
    return chosen


def detail_cells(point: Point, names: Sequence[str]) -> list[str]:
    """Further settings of a point as cells."""
    return [point.family if name == FAMILY else setting_text(point.details.get(name), ",") for name in names]


def volume_text(hypervolume: float | None) -> str:
    """The hypervolume with four digits; 'unknown' where the front has no box."""
    return "unknown" if hypervolume is None else f"{hypervolume:.4f}"


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in aligned columns; the first row is the header."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * max(len(line) for line in lines), *lines[1:]])


def _n_different(points: Sequence[Point], details: Sequence[str]) -> int:
    names = setting_names(points)
    return len({(*setting_cells(point, names), *detail_cells(point, details)) for point in points})


def _fresh_volume(evidence: Evidence) -> list[str]:
    volume = fresh_volume_text(evidence.bars) if evidence.bars else ""
    return [f"hypervolume of fresh trainings: {volume}"] if volume else []


def _bar_columns(evidence: Evidence, points: Sequence[Point]) -> dict[str, list[str]]:
    """What the members of the front reached in fresh trainings, and how sure their place is."""
    members = [evidence.member(point.number) for point in points]
    fresh = [m.metrics.get("accuracy") if m else None for m in members]
    columns = {
        "fresh": [str(m.n_fresh) if m else "" for m in members],
        "fresh accuracy": [interval_text(one, "accuracy") if one else "" for one in fresh],
        "stays on front": [chance_text(m.on_front) if m and m.on_front is not None else "" for m in members],
    }
    return {name: cells for name, cells in columns.items() if any(cells)}


def _mark(point: Point, front: Front, on_front: set[int]) -> str:
    if point == front.knee:
        return "* knee"
    if not front.is_feasible(point):
        return "breaks a constraint"
    return "*" if point.number in on_front else ""
