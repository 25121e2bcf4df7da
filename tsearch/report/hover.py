"""The label that appears when the pointer is over a trial, in the HTML subset of plotly's labels."""

from html import escape

from tsearch.front import Front, Point
from tsearch.front.point import setting_text
from tsearch.report.trial_view import TrialView
from tsearch.units import format_value, title


def hover_text(point: Point, trial: TrialView, front: Front, profile: str) -> str:
    """Number and origin, objectives, settings, schedule, spike rates, and the parts of the energy."""
    objectives = [f"{title(o.name)} {format_value(point.metrics[o.name], o.name)}" for o in front.objectives]
    lines = [f"<b>trial {point.number}</b>, {point.origin}", " · ".join(objectives), _settings(point)]
    lines += [f"schedule {trial.schedule}"] if trial.schedule else []
    rates = [f"{escape(layer)} {sum(steps) / len(steps):.3f}" for layer, steps in trial.rates.items()]
    energies = trial.by_kind(profile)
    total = sum(energies.values())
    parts = [
        f"{escape(readable(kind))} {100 * energy / total:.0f} %"
        for kind, energy in energies.items()
        if energy > 0.005 * total
    ]
    lines += _wrapped("spikes per neuron and step", rates) + _wrapped("energy", parts)
    return "<br>".join(lines)


def readable(name: str) -> str:
    """A name of code for people: 'membrane_read' -> 'membrane read'."""
    return name.replace("_", " ")


def _settings(point: Point) -> str:
    """Timesteps and stages, or the parameters; what was searched for its own sake in bold."""
    texts = {name: escape(setting_text(value)) for name, value in point.settings.items()}
    return " · ".join(
        f"{escape(n)} {t}" if n == "stages" else f"{escape(n)} <b>{t}</b>" for n, t in texts.items()
    )


def _wrapped(start: str, parts: list[str], per_line: int = 4) -> list[str]:
    rows = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    return [f"{start}: {row}" if i == 0 else f"&nbsp;&nbsp;&nbsp;{row}" for i, row in enumerate(rows)]
