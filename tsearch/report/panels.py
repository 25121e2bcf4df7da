"""What the page shows of one trial beside others: its settings, its command, its two figures."""

from html import escape
from typing import Any

from hwcost import Cost
from tsearch.front import Point
from tsearch.front.point import setting_text
from tsearch.report.hover import readable
from tsearch.report.style import Scale
from tsearch.report.trial_figures import energy_figure, kind_colors, rates_figure
from tsearch.report.trial_view import TrialView
from tsearch.report.view import RunView, uniform_points
from tsearch.units import format_value, title


def panels(view: RunView) -> dict[str, Any]:
    """Every trial that can be looked at, by number: HTML of its settings and results, energy figure by
    profile, figure of its rates.
    """
    points = selectable(view)
    shown = {point.number: view.trials[point.number] for group in points.values() for point in group}
    rates = [rates for trial in shown.values() for rates in trial.rates.values()]
    n_steps = max((len(steps) for steps in rates), default=1)
    high = max((rate for steps in rates for rate in steps), default=0.0)
    scales = {profile: _scale(list(shown.values()), profile) for profile in view.profiles}
    colors = kind_colors(view)
    contents: dict[str, Any] = {}
    for point in (point for group in points.values() for point in group):
        trial = shown[point.number]
        energy = {p: energy_figure(trial, p, *scales[p], colors) for p in view.profiles if trial.energy(p)}
        figure = rates_figure(trial, n_steps, high) if trial.rates else None
        contents[str(point.number)] = {
            "facts": _details(view, point, trial),
            "energy": energy,
            "rates": figure,
        }
    return contents


def selectable(view: RunView) -> dict[str, list[Point]]:
    """The points a reader can choose, in groups: the front, and the uniform baselines that are not on it."""
    on_front = list(view.front.points)
    taken = {point.number for point in on_front}
    return {"front": on_front, "uniform": [p for p in uniform_points(view.front) if p.number not in taken]}


def panel_html(view: RunView, name: str, point: Point) -> str:
    """One panel: its name, the choice of another trial, and places for its details and figures."""
    groups = "".join(
        f'<optgroup label="{group}">{"".join(_option(view, p, point) for p in points)}</optgroup>'
        for group, points in selectable(view).items()
        if points
    )
    figures = "".join(
        f'<h4>{heading}</h4><div class="figure" data-figure="{figure}"></div>'
        for figure, heading, is_there in (
            ("energy", "energy by layer", bool(view.profiles)),
            (
                "rates",
                "spikes per neuron, by layer and timestep",
                any(t.rates for t in view.trials.values()),
            ),
        )
        if is_there
    )
    select = f'<select aria-label="trial shown under {escape(name)}">{groups}</select>'
    return (
        f'<article class="panel"><h3>{escape(name)}</h3>{select}<div class="facts"></div>{figures}</article>'
    )


def command_html(trial: TrialView) -> str:
    """The command that exports a trial, to be copied by a click; '' where there is none."""
    return (
        f'<code class="command" title="click to copy">{escape(trial.command)}</code>' if trial.command else ""
    )


def _option(view: RunView, point: Point, chosen: Point) -> str:
    x, y, _ = view.axes
    values = ", ".join(format_value(point.metrics[m], m) for m in (y, x) if m in point.metrics)
    selected = " selected" if point == chosen else ""
    settings = {"T": point.timesteps} if point.timesteps else point.parameters
    shown = ", ".join(f"{name} {setting_text(value)}" for name, value in settings.items())
    text = escape(f"trial {point.number}: {shown} ({values})")
    return f'<option value="{point.number}"{selected}>{text}</option>'


def _details(view: RunView, point: Point, trial: TrialView) -> str:
    settings = {name: escape(setting_text(value)) for name, value in point.settings.items()}
    rows = [
        *((name, f"<b>{text}</b>" if name == "timesteps" else text) for name, text in settings.items()),
        *(
            (title(o.name), escape(_value(point, o.name, trial.costs.get(view.main))))
            for o in view.front.objectives
        ),
        *(("other profile", f"{_range(trial.costs[p])} by {escape(p)}") for p in view.profiles[1:]),
        *_twins(point),
        *([("schedule", trial.schedule)] if trial.schedule else []),
    ]
    if view.main and trial.costs[view.main].mixing_orders:
        orders = trial.costs[view.main].mixing_orders.items()
        rows.append(
            ("transformer", escape(", ".join(f"{readable(order)} at {layer}" for layer, order in orders)))
        )
    body = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
    return f"<dl>{body}</dl>{command_html(trial)}"


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


def _scale(trials: list[TrialView], profile: str) -> tuple[Scale, float]:
    highest = max(
        (sum(kinds.values()) for trial in trials for kinds in trial.energy(profile).values()), default=0.0
    )
    return Scale("energy_pj", [highest]), highest
