"""What the pointer shows over a trial, in the small language of plotly's labels."""

from html import escape

from tsearch.front import Front, Point
from tsearch.report.facts import Facts, numbers
from tsearch.units import format_value, title


def hover_text(point: Point, facts: Facts, front: Front, profile: str) -> str:
    """Who it is, the objectives, timesteps and stages, schedule, spike rates, and where the energy goes."""
    objectives = [f"{title(o.name)} {format_value(point.metrics[o.name], o.name)}" for o in front.objectives]
    lines = [
        f"<b>trial {point.number}</b>, {point.origin}",
        " · ".join(objectives),
        f"timesteps <b>{numbers(point.timesteps)}</b> · blocks per stage {numbers(point.stages)}",
        f"schedule {facts.schedule}",
    ]
    rates = [f"{escape(layer)} {sum(steps) / len(steps):.3f}" for layer, steps in facts.rates.items()]
    total = sum(facts.by_kind(profile).values())
    split = [
        f"{escape(words(k))} {100 * e / total:.0f} %"
        for k, e in facts.by_kind(profile).items()
        if e > 0.005 * total
    ]
    lines += _wrapped("spikes per neuron and step", rates) + _wrapped("energy", split)
    return "<br>".join(lines)


def words(name: str) -> str:
    """A name from code as words: 'membrane_read' -> 'membrane read'."""
    return name.replace("_", " ")


def _wrapped(start: str, parts: list[str], per_line: int = 4) -> list[str]:
    rows = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    return [f"{start}: {row}" if i == 0 else f"&nbsp;&nbsp;&nbsp;{row}" for i, row in enumerate(rows)]
