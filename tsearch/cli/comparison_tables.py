"""Two fronts laid over each other, as text tables and as content for JSON."""

from dataclasses import replace
from typing import Any

from tsearch.cli.tables import (
    detail_cells,
    front_content,
    grid,
    setting_cells,
    telling_details,
    volume_text,
)
from tsearch.front import Comparison, Front
from tsearch.front.point import setting_names, setting_title
from tsearch.units import format_value, title


def comparison_text(a: Front, b: Front, comparison: Comparison) -> str:
    """Both fronts in one table, cheapest first, then a line about each; * marks what stays on the front of both runs
    together."""
    reference = ", ".join(
        f"{title(name)} {format_value(value, name)}" for name, value in comparison.reference.items()
    )
    last_line = f"\nhypervolumes against the common reference: {reference}" if reference else ""
    return f"{_points_table(a, b)}\n\n{_runs_table(a, b, comparison)}{last_line}"


def comparison_content(a: Front, b: Front, comparison: Comparison) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "reference": dict(comparison.reference),
        "runs": [
            front_content(a) | {"hypervolume": comparison.hypervolume_a, "covered": comparison.covered_a},
            front_content(b) | {"hypervolume": comparison.hypervolume_b, "covered": comparison.covered_b},
        ],
    }


def _points_table(a: Front, b: Front) -> str:
    together = replace(a, complete=a.points + b.points)
    metrics, settings = [objective.name for objective in a.objectives], setting_names(together.complete)
    cost = next((objective.name for objective in a.objectives if not objective.is_maximized), metrics[0])
    both = [(point, front.name) for front in (a, b) for point in front.points]
    both.sort(key=lambda pair: (pair[0].metrics[cost], pair[1], pair[0].number))
    details = telling_details(together.complete)
    rows = [["", "run", "trial", *settings, *map(setting_title, details), *map(title, metrics)]]
    for point, run in both:
        is_kept = any(point is kept for kept in together.points)
        values = [format_value(point.metrics[name], name) for name in metrics]
        cells = [*setting_cells(point, settings), *detail_cells(point, details)]
        rows.append(["*" if is_kept else "", run, str(point.number), *cells, *values])
    return grid(rows)


def _runs_table(a: Front, b: Front, comparison: Comparison) -> str:
    volumes = volume_text(comparison.hypervolume_a), volume_text(comparison.hypervolume_b)
    rows = [
        ["run", "front", "hypervolume", "matched by the other"],
        [a.name, str(len(a.points)), volumes[0], f"{comparison.covered_a:.0%}"],
        [b.name, str(len(b.points)), volumes[1], f"{comparison.covered_b:.0%}"],
    ]
    return grid(rows)
