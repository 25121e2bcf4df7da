"""What is known of one trial, as a list of names and values."""

from collections.abc import Sequence
from html import escape

from hwcost import Cost
from tsearch.front import Point
from tsearch.front.masked import layers_text, masked_text
from tsearch.front.point import setting_text, setting_title
from tsearch.replication.confirmation.sentences import verdict_numbers
from tsearch.replication.error_bars.texts import member_text
from tsearch.report.hover import readable
from tsearch.report.limits import broken_limits
from tsearch.report.trial_view import TrialView
from tsearch.report.view import RunView
from tsearch.units import format_value, title


def facts_html(view: RunView, point: Point, differing: Sequence[str]) -> str:
    """Settings, those that are `differing` among all trials too, results, and the command that exports it."""
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


def command_html(command: str) -> str:
    """A command that a button copies; '' where there is none."""
    if not command:
        return ""
    return f'<button type="button" class="copy"><code>{escape(command)}</code><i>copy</i></button>'


def under(view: RunView, profile: str) -> str:
    """Attributes of an element that is shown while `profile` is chosen; the searched one is at first."""
    return f' data-profile="{escape(profile)}"' + ("" if profile == view.main else " hidden")


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
