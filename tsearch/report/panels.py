"""What the page shows of one trial beside others: its settings, its command, its two figures."""

from collections.abc import Sequence
from html import escape
from typing import Any

from hwcost import Cost
from tsearch.front import Point
from tsearch.front.masked import layers_text, masked_text
from tsearch.front.point import differing_details, setting_text, setting_title
from tsearch.replication.confirmation.sentences import verdict_numbers
from tsearch.replication.error_bars.texts import member_text
from tsearch.report.hover import readable
from tsearch.report.limits import broken_limits
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
from tsearch.report.trial_view import TrialView
from tsearch.report.view import RunView, uniform_points
from tsearch.units import format_value, title


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
            "facts": _details(view, point, differing),
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


def command_html(command: str) -> str:
    """A command that a button copies; '' where there is none."""
    if not command:
        return ""
    return f'<button type="button" class="copy"><code>{escape(command)}</code><i>copy</i></button>'


def _name(point: Point, roles: dict[int, str]) -> str:
    """'Trial 12, the knee'."""
    role = roles.get(point.number, "")
    return f"Trial {point.number}" + (f", {'the knee' if role == 'knee' else role}" if role else "")


def _option(view: RunView, point: Point) -> str:
    x, y, _ = view.axes
    values = ", ".join(format_value(point.metrics[m], m) for m in (y, x) if m in point.metrics)
    family = f"{point.family} " if view.has_families and not point.alternative else ""
    return f"trial {point.number}: {family}{point.label} ({values})"


def _details(view: RunView, point: Point, differing: Sequence[str]) -> str:
    trial = view.trials[point.number]
    settings = {name: escape(setting_text(value)) for name, value in point.settings.items()}
    rows = [
        *((name, f"<b>{text}</b>" if name == "timesteps" else text, "") for name, text in settings.items()),
        *(
            (setting_title(n), escape(setting_text(point.details[n])), "")
            for n in differing
            if n in point.details
        ),
        *(row for o in view.front.objectives for row in _values(view, point, o.name)),
        *((name, text, "") for name, text in (*_dataflow(view, point), *_twins(point))),
        *([("schedule", trial.schedule, "")] if trial.schedule else []),
        *_masked(point, trial),
    ]
    rows += _evidence(view, point)
    broken = broken_limits(view.front, point)
    rows += [("breaks", escape(broken), "")] if broken else []
    if view.main and trial.costs[view.main].mixing_orders:
        orders = trial.costs[view.main].mixing_orders.items()
        text = escape(", ".join(f"{readable(order)} at {layer}" for layer, order in orders))
        rows.append(("transformer", text, ""))
    body = "".join(f"<dt{under}>{escape(name)}</dt><dd{under}>{value}</dd>" for name, value, under in rows)
    return f"<dl>{body}</dl>{command_html(trial.command)}"


def _masked(point: Point, trial: TrialView) -> list[tuple[str, str, str]]:
    """The timesteps that masks have left, by type of layer, and behind a click of every layer."""
    if not trial.layer_timesteps:
        return []
    shown, every = masked_text(point.metrics), layers_text(trial.layer_timesteps)
    return [("masked to", f"<details><summary>{escape(shown)}</summary>{escape(every)}</details>", "")]


def _evidence(view: RunView, point: Point) -> list[tuple[str, str, str]]:
    """What fresh trainings say of a point, and a confirmation; both are about the searched profile."""
    member, verdict = view.evidence.member(point.number), view.evidence.verdict(point.number)
    attributes = under(view, view.main)
    rows = [("trained again", escape(member_text(member)), attributes)] if member else []
    if verdict:
        return [*rows, ("verdict", escape(verdict_numbers(verdict)), attributes)]
    is_candidate = point.number in {candidate.number for candidate in view.evidence.candidates}
    return [*rows, *([("saving", "candidate, not confirmed", attributes)] if is_candidate else [])]


def _values(view: RunView, point: Point, metric: str) -> list[tuple[str, str, str]]:
    """Name and value of an objective, once for every profile that prices it another way."""
    if metric not in ("energy_pj", "latency_s") or not view.profiles:
        return [(title(metric), escape(format_value(point.metrics[metric], metric)), "")]
    rows = []
    for profile in view.profiles:
        cost = view.trials[point.number].costs[profile]
        text = _range(cost) if metric == "energy_pj" else format_value(cost.latency_s, metric)
        rows.append((title(metric), escape(text), under(view, profile)))
    return rows


def under(view: RunView, profile: str) -> str:
    """Attributes of an element that is shown while `profile` is chosen; the searched one is at first."""
    return f' data-profile="{escape(profile)}"' + ("" if profile == view.main else " hidden")


def _dataflow(view: RunView, point: Point) -> list[tuple[str, str]]:
    """The dataflow behind the energy, and what the energy would be without any reuse of weights."""
    unreused = point.metrics.get("unreused_energy_pj")
    if unreused is None or not view.main:
        return []
    names = dict.fromkeys(view.trials[point.number].costs[view.main].dataflows.values())
    return [("dataflow", f"{', '.join(names)}; {format_value(unreused, 'energy_pj')} without any reuse")]


def _twins(point: Point) -> list[tuple[str, str]]:
    """Energy of the same shapes without spikes, where it is known."""
    names = {
        "dense_energy_pj": "dense",
        "quantised_energy_pj": "quantised",
        "quantised_activations_energy_pj": "with quantised activations",
    }
    known = [f"{format_value(point.metrics[m], m)} {word}" for m, word in names.items() if m in point.metrics]
    return [("without spikes", ", ".join(known))] if known else []


def _range(cost: Cost) -> str:
    """The energy, and what the ranges of the prices make of it."""
    low, high = (format_value(value, "energy_pj") for value in cost.interval)
    return f"{format_value(cost.total_pj, 'energy_pj')} ({low} to {high})"


def _scale(view: RunView, profile: str) -> tuple[Scale, float]:
    """The axis of energies under a profile, and the highest energy of one layer."""
    energies = (trial.energy(profile).values() for trial in view.trials.values())
    highest = max((sum(kinds.values()) for layers in energies for kinds in layers), default=0.0)
    return Scale("energy_pj", [highest]), highest
