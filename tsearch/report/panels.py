"""What the page shows of one trial beside others: a few facts, its command, its two figures."""

from html import escape
from typing import Any

from hwcost import Cost
from tsearch.front import Point
from tsearch.report.facts import Facts, RunFacts, numbers, uniform_points
from tsearch.report.hover import words
from tsearch.report.style import Scale
from tsearch.report.trial_figures import energy_figure, kinds_of, rates_figure
from tsearch.units import format_value, title


def panels(facts: RunFacts) -> dict[str, Any]:
    """Every trial that can be looked at, by number: HTML of its facts, energy figure by profile, figure of its
    rates.
    """
    points = selectable(facts)
    shown = {point.number: facts.trials[point.number] for group in points.values() for point in group}
    rates = [rates for trial in shown.values() for rates in trial.rates.values()]
    n_steps = max((len(steps) for steps in rates), default=1)
    high = max((rate for steps in rates for rate in steps), default=0.0)
    scales = {profile: _scale(list(shown.values()), profile) for profile in facts.profiles}
    kinds = kinds_of(facts)
    found: dict[str, Any] = {}
    for point in (point for group in points.values() for point in group):
        trial = shown[point.number]
        energy = {p: energy_figure(trial, p, *scales[p], kinds) for p in facts.profiles if trial.energy(p)}
        figure = rates_figure(trial, n_steps, high) if trial.rates else None
        found[str(point.number)] = {"facts": _facts(facts, point, trial), "energy": energy, "rates": figure}
    return found


def selectable(facts: RunFacts) -> dict[str, list[Point]]:
    """The points a reader can choose, in groups: the front, and the uniform baselines that are not on it."""
    on_front = list(facts.front.points)
    taken = {point.number for point in on_front}
    return {"front": on_front, "uniform": [p for p in uniform_points(facts.front) if p.number not in taken]}


def panel_html(facts: RunFacts, name: str, point: Point) -> str:
    """One panel: its name, the choice of another trial, and places for facts and figures."""
    groups = "".join(
        f'<optgroup label="{group}">{"".join(_option(facts, p, point) for p in points)}</optgroup>'
        for group, points in selectable(facts).items()
        if points
    )
    figures = "".join(
        f'<h4>{words}</h4><div class="figure" data-figure="{figure}"></div>'
        for figure, words, is_there in (
            ("energy", "energy by layer", bool(facts.profiles)),
            (
                "rates",
                "spikes per neuron, by layer and timestep",
                any(t.rates for t in facts.trials.values()),
            ),
        )
        if is_there
    )
    select = f'<select aria-label="trial shown under {escape(name)}">{groups}</select>'
    return (
        f'<article class="panel"><h3>{escape(name)}</h3>{select}<div class="facts"></div>{figures}</article>'
    )


def _option(facts: RunFacts, point: Point, chosen: Point) -> str:
    x, y, _ = facts.axes
    values = ", ".join(format_value(point.metrics[m], m) for m in (y, x) if m in point.metrics)
    selected = " selected" if point == chosen else ""
    text = f"trial {point.number}: T {numbers(point.timesteps)} ({values})"
    return f'<option value="{point.number}"{selected}>{text}</option>'


def _facts(facts: RunFacts, point: Point, trial: Facts) -> str:
    rows = [
        ("timesteps", f"<b>{numbers(point.timesteps)}</b>"),
        ("blocks per stage", numbers(point.stages)),
        *(
            (title(o.name), escape(_value(point, o.name, trial.costs.get(facts.main))))
            for o in facts.front.objectives
        ),
        *(("other profile", f"{_range(trial.costs[p])} by {escape(p)}") for p in facts.profiles[1:]),
        *_twins(point),
        ("schedule", trial.schedule),
    ]
    if facts.main and trial.costs[facts.main].mixing_orders:
        orders = trial.costs[facts.main].mixing_orders.items()
        rows.append(
            ("transformer", escape(", ".join(f"{words(order)} at {layer}" for layer, order in orders)))
        )
    body = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
    return f'<dl>{body}</dl><code class="command" title="click to copy">{escape(trial.command)}</code>'


def _twins(point: Point) -> list[tuple[str, str]]:
    """Energy of the same shapes without spikes, where it is known."""
    names = {"dense_energy_pj": "dense", "quantised_energy_pj": "quantised"}
    known = [f"{format_value(point.metrics[m], m)} {word}" for m, word in names.items() if m in point.metrics]
    return [("without spikes", ", ".join(known))] if known else []


def _value(point: Point, metric: str, cost: Cost | None) -> str:
    return _range(cost) if cost and metric == "energy_pj" else format_value(point.metrics[metric], metric)


def _range(cost: Cost) -> str:
    """The energy, and what the ranges of the prices make of it."""
    low, high = (format_value(value, "energy_pj") for value in cost.interval)
    return f"{format_value(cost.total_pj, 'energy_pj')} ({low} to {high})"


def _scale(trials: list[Facts], profile: str) -> tuple[Scale, float]:
    highest = max(
        (sum(kinds.values()) for trial in trials for kinds in trial.energy(profile).values()), default=0.0
    )
    return Scale("energy_pj", [highest]), highest
