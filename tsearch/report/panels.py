"""What the page shows of one trial beside others: what is known of it (`facts.py`), and its two figures."""

from html import escape
from typing import Any

from tsearch.front import Point
from tsearch.front.labels import with_family
from tsearch.front.point import differing_details
from tsearch.report.facts import facts_html
from tsearch.report.style import Figure, Scale
from tsearch.report.trial_figures import (
    ROOM,
    ROOM_OF_RATES,
    energy_numbers,
    energy_template,
    height,
    kind_colors,
    rates_numbers,
    rates_template,
)
from tsearch.report.view import RunView, uniform_points
from tsearch.units import format_value


def panels(view: RunView) -> dict[str, Any]:
    """What the page's code needs to show any complete trial.

    'templates' of the figures: of the energy by profile, of the rates; 'layers', the names of layers that figures have
    in common; 'groups' of trials to choose from; 'trials' by number: name under every profile, HTML of settings and
    results, numbers of its figures and whose layers they have.
    """
    colors, shown = kind_colors(view), view.trials.values()
    scales = {profile: _scale(view, profile) for profile in view.profiles}
    rates = [steps for trial in shown for steps in trial.rates.values()]
    n_steps = max((len(steps) for steps in rates), default=1)
    templates: dict[str, Figure] = {
        "energy": {profile: energy_template(*scales[profile], colors) for profile in view.profiles},
        "rates": rates_template(
            n_steps,
            max(len(trial.rates) for trial in shown),
            max((rate for r in rates for rate in r), default=0.0),
        ),
    }
    differing = differing_details(view.front.complete)
    layers: dict[tuple[str, ...], int] = {}  # names by where they stand
    roles = {profile: view.roles(profile) for profile in view.profiles or ("",)}
    trials = {
        str(point.number): {
            "names": {profile: _name(point, named) for profile, named in roles.items()},
            "option": _option(view, point),
            "facts": facts_html(view, point, differing),
            "energy": {p: energy_numbers(trial, p, scales[p][0], colors) for p in view.profiles},
            "priced": layers.setdefault(tuple(trial.energy(view.main)), len(layers)),
            "rates": rates_numbers(trial, n_steps) if trial.rates else None,
            "spiking": layers.setdefault(tuple(trial.rates), len(layers)),
        }
        for point, trial in ((point, view.trials[point.number]) for point in view.front.complete)
    }
    names = [[escape(name) for name in row] for row in layers]
    groups = {name: [point.number for point in points] for name, points in selectable(view).items()}
    return {"templates": templates, "layers": names, "groups": groups, "trials": trials}


def selectable(view: RunView) -> dict[str, list[Point]]:
    """The points a reader can choose, in groups: the front, the uniform baselines that are not on it, the others."""
    front = list(view.front.points)
    taken = {point.number for point in front}
    uniform = [point for point in uniform_points(view.front) if point.number not in taken]
    taken |= {point.number for point in uniform}
    others = [point for point in view.front.complete if point.number not in taken]
    others.sort(key=lambda point: point.number)
    return {"front": front, "uniform": uniform, "others": others}


def panel_html(view: RunView, point: Point) -> str:
    """One panel: its name, the choice of another trial, and places for its details and figures."""
    trial = view.trials[point.number]
    figures = "".join(
        f'<h4>{heading}</h4><div class="figure" data-figure="{figure}" style="--room: {room}px"></div>'
        for figure, heading, room, is_there in (
            ("energy", "energy by layer", height(ROOM, trial.energy(view.main)), bool(view.profiles)),
            (
                "rates",
                "spikes per neuron, by layer and timestep",
                height(ROOM_OF_RATES, trial.rates),
                has_rates(view),
            ),
        )
        if is_there
    )
    return f'<article class="panel">{choice_html(point)}<div class="facts"></div>{figures}</article>'


def choice_html(point: Point) -> str:
    """The name of the trial that is shown, `point` at first, and the choice of another one."""
    return (
        f'<h3 aria-live="polite">trial {point.number}</h3>'
        f'<select aria-label="trial to show" data-trial="{point.number}"></select>'
    )


def has_rates(view: RunView) -> bool:
    """Whether the spikes of a trial were recorded."""
    return any(trial.rates for trial in view.trials.values())


def _name(point: Point, roles: dict[int, str]) -> str:
    """'Trial 12, the knee'."""
    role = roles.get(point.number, "")
    return f"Trial {point.number}" + (f", {'the knee' if role == 'knee' else role}" if role else "")


def _option(view: RunView, point: Point) -> str:
    x, y, _ = view.axes
    values = ", ".join(format_value(point.metrics[m], m) for m in (y, x) if m in point.metrics)
    label = with_family(point.label, point, has_families=view.has_families)
    return f"trial {point.number}: {label} ({values})"


def _scale(view: RunView, profile: str) -> tuple[Scale, float]:
    """The axis of energies under a profile, and the highest energy of one layer."""
    energies = (trial.energy(profile).values() for trial in view.trials.values())
    highest = max((sum(kinds.values()) for layers in energies for kinds in layers), default=0.0)
    return Scale("energy_pj", [highest]), highest
