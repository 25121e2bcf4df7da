"""A front as a text table and as content for JSON."""

from collections.abc import Sequence
from typing import Any

from tsearch.front import Front, Point
from tsearch.front.point import setting_names, setting_text
from tsearch.front.saving import uniform_saving
from tsearch.units import format_value, title


def front_text(front: Front, points: Sequence[Point]) -> str:
    """One line per point: whether it is on the front (*) or the knee, its settings, its origin, every objective;
    then a summary."""
    metrics, settings = [objective.name for objective in front.objectives], setting_names(points)
    header = ["", "trial", *settings, "origin", *(title(name) for name in metrics)]
    on_front = {point.number for point in front.points}
    rows = [
        [
            _mark(point, front, on_front),
            str(point.number),
            *setting_cells(point, settings),
            point.origin,
            *(format_value(point.metrics[name], name) for name in metrics),
        ]
        for point in points
    ]
    table = grid([header, *rows]) if rows else "No trial is complete yet."
    return "\n".join([table, *_summary(front)])


def front_content(front: Front, *, everything: bool = False) -> dict[str, Any]:
    """The same for scripts."""
    points = front.complete if everything else front.points
    return {
        "name": front.name,
        "objectives": {objective.name: objective.direction for objective in front.objectives},
        "reference": dict(front.reference),
        "hypervolume": front.hypervolume,
        "saving": uniform_saving(front).sentence,
        "points": [point_content(front, point) for point in points],
    }


def point_content(front: Front, point: Point) -> dict[str, Any]:
    """One point for scripts; timesteps and stages are empty, and parameters given, where it is no network."""
    return {
        "trial": point.number,
        "key": point.key,
        "on_front": point in front.points,
        "knee": point == front.knee,
        "origin": point.origin,
        "timesteps": point.timesteps,
        "stages": point.stages,
        **({"parameters": dict(point.parameters)} if point.parameters else {}),
        "metrics": dict(point.metrics),
    }


def setting_cells(point: Point, names: Sequence[str]) -> list[str]:
    """The settings of a point as cells: '3,1' for timesteps (3, 1)."""
    return [setting_text(point.settings.get(name), ",") for name in names]


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


def _summary(front: Front) -> list[str]:
    counts = f"front: {len(front.points)} of {len(front.complete)} complete trials"
    volume = f", hypervolume {volume_text(front.hypervolume)}" if front.has_box else ""
    sentence = uniform_saving(front).sentence
    return [counts + volume, *([sentence] if sentence else [])]


def _mark(point: Point, front: Front, on_front: set[int]) -> str:
    if point == front.knee:
        return "* knee"
    if not front.is_feasible(point):
        return "breaks a constraint"
    return "*" if point.number in on_front else ""
