"""Results as text tables and as JSON content."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hwcost import compare as compare_costs
from hwcost.report import text
from tsearch.front import Comparison, Front, Point
from tsearch.front.saving import uniform_saving
from tsearch.units import format_value, title

if TYPE_CHECKING:
    from tsearch.export.bundle import Priced


def front_text(front: Front, points: Sequence[Point]) -> str:
    """One line per point: on the front (*), the knee, timesteps and stages, origin, every objective; then
    what they sum up to."""
    names = [objective.name for objective in front.objectives]
    header = ["", "trial", "timesteps", "blocks per stage", "origin", *(title(name) for name in names)]
    on_front = {point.number for point in front.points}
    rows = [
        [
            _mark(point, front, on_front),
            str(point.number),
            _numbers(point.timesteps),
            _numbers(point.stages),
            point.origin,
            *(format_value(point.metrics[name], name) for name in names),
        ]
        for point in points
    ]
    lines = [grid([header, *rows])] if rows else ["No trial is complete yet."]
    lines.append(
        f"front: {len(front.points)} of {len(front.complete)} complete trials, hypervolume {front.hypervolume:.4f}"
    )
    lines.append(uniform_saving(front).sentence)
    return "\n".join(lines)


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
    """One point for scripts."""
    return {
        "trial": point.number,
        "key": point.key,
        "on_front": point in front.points,
        "knee": point == front.knee,
        "origin": point.origin,
        "timesteps": point.timesteps,
        "stages": point.stages,
        "metrics": dict(point.metrics),
    }


def comparison_text(a: Front, b: Front, comparison: Comparison) -> str:
    """Both fronts laid over each other, cheapest first, and their hypervolumes in one box; * marks what stays on
    the front of both runs together.
    """
    together = replace(a, complete=a.points + b.points)
    names = [objective.name for objective in a.objectives]
    costs = [objective.name for objective in a.objectives if not objective.is_maximized] or names
    both = [(point, front) for front in (a, b) for point in front.points]
    both.sort(key=lambda pair: (pair[0].metrics[costs[0]], pair[1].name, pair[0].number))
    rows = [["", "run", "trial", "timesteps", "blocks per stage", *(title(name) for name in names)]]
    for point, front in both:
        is_kept = any(point is kept for kept in together.points)
        values = [format_value(point.metrics[name], name) for name in names]
        about = [front.name, str(point.number), _numbers(point.timesteps), _numbers(point.stages)]
        rows.append(["*" if is_kept else "", *about, *values])
    box = ", ".join(
        f"{title(name)} {format_value(value, name)}" for name, value in comparison.reference.items()
    )
    sums = [
        ["run", "front", "hypervolume", "matched by the other"],
        [a.name, str(len(a.points)), f"{comparison.hypervolume_a:.4f}", f"{comparison.covered_a:.0%}"],
        [b.name, str(len(b.points)), f"{comparison.hypervolume_b:.4f}", f"{comparison.covered_b:.0%}"],
    ]
    return f"{grid(rows)}\n\n{grid(sums)}\nhypervolumes against the common reference: {box}"


def comparison_content(a: Front, b: Front, comparison: Comparison) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "reference": dict(comparison.reference),
        "runs": [
            front_content(a) | {"hypervolume": comparison.hypervolume_a, "covered": comparison.covered_a},
            front_content(b) | {"hypervolume": comparison.hypervolume_b, "covered": comparison.covered_b},
        ],
    }


def preview_text(content: dict[str, Any]) -> str:
    """What `tsearch check` says."""
    size = "continuous" if content["size"] is None else f"{content['size']:,}"
    data = content["data"]
    blocks = [
        f"{content['name']}: {data['name']} {data['shape']}, {data['n_classes']} classes",
        grid([["parameter", "values"], *([name, text] for name, text in content["parameters"].items())]),
        f"fixed: {', '.join(f'{name}={value}' for name, value in content['fixed'].items())}",
        f"configurations: {size}; {content['n_structures']:,} assignments of stages, timesteps and schedule",
        f"trials: {content['trials']}, of which {content['n_first']} are baselines or enqueued",
        f"proposer: {content['proposer']}",
        f"objectives: {', '.join(f'{direction} {name}' for name, direction in content['objectives'].items())}",
    ]
    costs = [["cost before any training", "timesteps", *(title(name) for name in ("energy_pj", "latency_s"))]]
    for which, cost in content["cost_range"].items():
        spans = [
            " to ".join(format_value(value, name) for value in cost[name])
            for name in ("energy_pj", "latency_s")
        ]
        costs.append([which, _numbers(cost["timesteps"]), *spans])
    blocks.append(
        f"{grid(costs)}\nlow: silence; high: every neuron fires at every timestep; profile {content['profile']}"
    )
    proposals = [["proposal", "timesteps", "blocks per stage", "schedule"]]
    for i, proposal in enumerate(content["proposals"], start=1):
        schedule = " then ".join(f"{_numbers(p['timesteps'])} x{p['epochs']}" for p in proposal["schedule"])
        proposals.append(
            [str(i), _numbers(proposal["schedule"][-1]["timesteps"]), _numbers(proposal["stages"]), schedule]
        )
    blocks.append(grid(proposals))
    return "\n\n".join(blocks)


def evaluation_text(folder: str, found: dict[str, Any]) -> str:
    """What `tsearch evaluate` says."""
    source = "as stored at its first report or export" if found["stored"] else "measured now"
    samples = f"{int(found['n_samples'])} {found['data']} {found['split']} samples"
    return f"{folder}: {found['accuracy']:.2%} of {samples}, {source}"


def cost_text(priced: "Priced", other: "Priced | None" = None) -> str:
    """What `tsearch cost` says; with another bundle, whether the order of the two survives the ranges of the prices."""
    lines = [text(priced.cost)]
    if priced.twins is not None:
        dense, quantised = priced.twins.dense.total_pj, priced.twins.quantised.total_pj
        lines.append(
            f"the same shapes without spikes: dense {format_value(dense, 'energy_pj')}, "
            f"quantised to {priced.twins.bits} bits {format_value(quantised, 'energy_pj')}"
        )
    if other is not None:
        difference = compare_costs(priced.cost, other.cost)
        low, high = (_signed(end) for end in (difference.low, difference.high))
        sure = "is sure" if difference.is_robust else "is not sure"
        lines.append(
            f"less the other bundle: {_signed(difference.difference_pj)}, between {low} and {high} over the ranges of "
            f"the prices; the order of the two {sure}"
        )
    return "\n".join(lines)


def cost_content(priced: "Priced", other: "Priced | None" = None) -> dict[str, Any]:
    """The same for scripts."""
    content: dict[str, Any] = {"cost": priced.cost.to_dict(), "without_spikes": None}
    if priced.twins is not None:
        dense, quantised, bits = priced.twins
        energies = {"dense_pj": dense.total_pj, "quantised_pj": quantised.total_pj, "bits": bits}
        content["without_spikes"] = energies
    if other is not None:
        difference = compare_costs(priced.cost, other.cost)
        content["difference"] = difference._asdict() | {"is_robust": difference.is_robust}
    return content


def _signed(energy_pj: float) -> str:
    return f"{'-' if energy_pj < 0 else '+'}{format_value(abs(energy_pj), 'energy_pj')}"


def names_text(kind: str, names: dict[str, str]) -> str:
    """What `tsearch list` says about one kind of thing."""
    return grid([[kind, "what it is"], *([name, sentence] for name, sentence in names.items())])


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in aligned columns; the first row is the header."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * max(len(line) for line in lines), *lines[1:]])


def _mark(point: Point, front: Front, on_front: set[int]) -> str:
    if point == front.knee:
        return "* knee"
    if not front.is_feasible(point):
        return "breaks a limit"
    return "*" if point.number in on_front else ""


def _numbers(values: Sequence[int]) -> str:
    return ",".join(str(value) for value in values)
