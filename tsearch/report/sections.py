"""The parts of the page as HTML, top to bottom, with places for the figures."""

import math
from collections.abc import Iterator
from html import escape

from tsearch.front.saving import uniform_saving
from tsearch.report.hover import readable
from tsearch.report.notes import notes
from tsearch.report.panels import panel_html
from tsearch.report.tables import failed_table, trials_table
from tsearch.report.trial_figures import kind_colors
from tsearch.report.view import RunView
from tsearch.units import format_value, title


def sections(view: RunView) -> str:
    """Everything between <main> and </main>."""
    failed = failed_table(view)
    parts = [
        _head(view),
        *(_body(view) if view.front.points else [_nothing(view)]),
        *([_section(f"Failed trials ({len(view.failed)})", failed)] if failed else []),
        _section("What these numbers are", notes(view)),
    ]
    return "".join(parts)


def _head(view: RunView) -> str:
    run, hardware = view.run, view.run.task.hardware
    states = {"complete": len(view.front.complete), "failed": len(view.failed)}
    states["under way"] = sum(trial.state == "running" for trial in run.trials)
    counts = [f"{n} {state}" for state, n in states.items() if n or state != "under way"]
    origin = {"data": run.task.data.name} if view.are_networks else {}
    origin["trials"] = ", ".join(counts)
    if view.profiles:
        origin["searched for"] = f"{hardware.profile} ({readable(hardware.execution)})"
    origin["seed"] = str(run.seed)
    line = "".join(f"<span><i>{name}</i> {escape(value)}</span>" for name, value in origin.items())
    return f'<header><h1>{escape(run.name)}</h1><p class="origin">{line}</p></header>'


def _body(view: RunView) -> list[str]:
    n, place = len(view.front.complete), '<div class="figure" id="{}"></div>'
    volume = _section("Hypervolume over trials", place.format("progress") + _progress_hint(view))
    return [
        _sentences(view),
        _tiles(view),
        _section("The front", _profile_choice(view) + place.format("front") + _front_hint(view)),
        _section("A closer look", _closer(view)),
        *([volume] if view.front.has_box else []),
        _section(
            "The complete trial" if n == 1 else f"All {n} complete trials",
            f'<div class="wide">{trials_table(view)}</div>',
        ),
    ]


def _nothing(view: RunView) -> str:
    n = len(view.run.trials)
    what = (
        "No trial was started" if not n else "1 trial was started" if n == 1 else f"{n} trials were started"
    )
    return _section(
        "No complete trial yet", f"<p>{what}; none is complete, so there is no front to show.</p>"
    )


def _sentences(view: RunView) -> str:
    """The saving under every profile; the page shows that of the profile chosen. '' where no networks were searched."""
    texts = {profile: uniform_saving(view.under(profile)).sentence for profile in view.profiles or ("",)}
    return "".join(
        f'<p class="saving" data-profile="{escape(profile)}"{" hidden" if i else ""}>{escape(text)}</p>'
        for i, (profile, text) in enumerate(texts.items())
        if text
    )


def _tiles(view: RunView) -> str:
    front = view.front
    tiles = [("on the front", f"{len(front.points)} of {len(front.complete)}")]
    if front.hypervolume is not None:
        tiles.append(("hypervolume", f"{front.hypervolume:.3f}"))
    for objective in front.objectives:
        values = [point.metrics[objective.name] for point in front.points]
        side, best = (
            ("highest", max(values)) if objective.direction == "maximize" else ("lowest", min(values))
        )
        tiles.append((f"{side} {title(objective.name)}", format_value(best, objective.name)))
    boxes = "".join(
        f"<div><b>{value}</b><span>{escape(name)}</span></div>" for name, value in [*tiles, *_spread(view)]
    )
    return f'<div class="tiles">{boxes}</div>'


def _spread(view: RunView) -> Iterator[tuple[str, str]]:
    values = [point.metrics.get(view.axes[0], math.nan) for point in view.front.points]
    if len(values) > 1 and min(values) > 0:
        yield f"between the ends in {title(view.axes[0])}", f"factor {max(values) / min(values):.1f}"


def _profile_choice(view: RunView) -> str:
    if len(view.profiles) < 2:
        return ""
    choice = '<label><input type="radio" name="profile" value="{0}"{1}>{0}</label>'
    buttons = [choice.format(escape(p), "" if i else " checked") for i, p in enumerate(view.profiles)]
    return f'<fieldset class="profiles"><legend>Costs under</legend>{"".join(buttons)}</fieldset>'


def _front_hint(view: RunView) -> str:
    sentences = ["Hover for the details of a trial."]
    if view.has_staircase:
        uniform = ", and of uniform timesteps alone" if view.are_networks else ""
        sentences.append(f"The steps show the best accuracy up to every cost: of all trials{uniform}.")
    if len(view.profiles) > 1:
        searched = escape(view.profiles[0])
        sentences.append(
            f"The search aimed at {searched}, as do the table and the hypervolume; another profile prices the same "
            "trials again."
        )
    return f'<p class="hint">{" ".join(sentences)}</p>'


def _closer(view: RunView) -> str:
    chip = '<span class="chip"><i style="background:{}"></i>{}</span>'
    chips = "".join(chip.format(color, escape(readable(kind))) for kind, color in kind_colors(view).items())
    legend = f'<p class="chips">{chips}</p>' if chips else ""
    hint = (
        "Choose any trial in a panel, or click a point of the front to see it in the "
        f"{'middle' if len(view.chosen) > 2 else 'last'} one. All panels share their scales."
    )
    if any(trial.rates for trial in view.trials.values()):
        hint += " Grey cells are timesteps that a layer does not run."
    closer = "".join(panel_html(view, name, point) for name, point in view.chosen)
    return f'<p class="hint">{hint}</p>{legend}<div class="panels">{closer}</div>'


def _progress_hint(view: RunView) -> str:
    front = view.front
    if not front.has_box:
        return ""
    ends = [(o.name, front.reference[o.name], front.ideal[o.name]) for o in front.objectives]
    sides = [f"{title(n)} {format_value(worst, n)} to {format_value(best, n)}" for n, worst, best in ends]
    text = (
        f"The part of the box that the front covers; costs count by logarithm. The box: {', '.join(sides)}."
    )
    has_baselines = any(point.origin == "baseline" for point in front.complete)
    return f'<p class="hint">{escape(text)}{" Orange points are baselines." if has_baselines else ""}</p>'


def _section(name: str, content: str) -> str:
    return f"<section><h2>{escape(name)}</h2>{content}</section>"
