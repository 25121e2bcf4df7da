"""The parts of the page as HTML, top to bottom, with places for the figures."""

from html import escape

from tsearch.report.activations import activations_html
from tsearch.report.failures import failures_html
from tsearch.report.head import answers, head, noise, profile_choice, tiles, warning
from tsearch.report.hover import readable
from tsearch.report.limits import limits_sentence
from tsearch.report.lineage import lineage_html
from tsearch.report.notes import notes
from tsearch.report.panels import choice_html, has_rates, panel_html
from tsearch.report.tables import trials_table
from tsearch.report.trial_figures import kind_colors
from tsearch.report.view import RunView
from tsearch.units import format_value, title


def sections(view: RunView) -> str:
    """Everything between <main> and </main>."""
    failed = failures_html(view)
    parts = [
        head(view),
        *(_body(view) if view.front.complete else [_nothing(view)]),
        *([_section(f"Failed trials ({len(view.failed)})", failed)] if failed else []),
        _section("What these numbers are", notes(view)),
    ]
    return "".join(parts)


def _body(view: RunView) -> list[str]:
    n = len(view.front.complete)
    return [
        profile_choice(view),
        answers(view),
        warning(view),
        tiles(view),
        noise(view),
        _section("The front", _front(view)),
        *([_section("Side by side", _side_by_side(view))] if _has_figures(view) else []),
        *([_section("Hypervolume over trials", _progress(view))] if view.front.has_box else []),
        *([_section("Lineage", tree)] if (tree := lineage_html(view)) else []),
        *(
            [_section("Activations by type of layer", activations_html(shown))]
            if (shown := view.activations)
            else []
        ),
        _section("The complete trial" if n == 1 else f"All {n} complete trials", trials_table(view)),
    ]


def _nothing(view: RunView) -> str:
    n = len(view.run.trials)
    what = (
        "No trial was started" if not n else "1 trial was started" if n == 1 else f"{n} trials were started"
    )
    return _section("No complete trial", f"<p>{what}; none is complete, so there is no front to show.</p>")


def _front(view: RunView) -> str:
    """The figure, beside it the trial that was clicked on, at first the knee or what else stands out."""
    point = view.main_point
    further = '<a href="#side-by-side">energy and spikes by layer</a>' if _has_figures(view) else ""
    card = f'<aside class="card" id="card">{choice_html(point)}<div class="facts"></div>{further}</aside>'
    return f'<div class="beside">{_place("front")}{card}</div>{_front_hint(view)}'


def _front_hint(view: RunView) -> str:
    sentences = ["Click a trial, or choose it from the list, to see it beside the figure."]
    if view.has_staircase and len(view.front.points) > 1:
        uniform = ", and of uniform timesteps alone" if view.are_networks else ""
        sentences.append(f"The steps show the best accuracy up to every cost: of all trials{uniform}.")
    if len(view.profiles) > 1:
        sentences.append(
            f"The search aimed at {view.main}, as do the table and the hypervolume; another profile prices the same "
            "trials again."
        )
    sentences += [limits] if (limits := limits_sentence(view.front)) else []
    return f'<p class="hint">{escape(" ".join(sentences))}</p>'


def _side_by_side(view: RunView) -> str:
    chip = '<span class="chip"><i style="background:{}"></i>{}</span>'
    chips = "".join(chip.format(color, escape(readable(kind))) for kind, color in kind_colors(view).items())
    legend = f'<p class="chips">{chips}</p>' if chips else ""
    place = {1: "here", 2: "in the second panel", 3: "in the middle panel"}[len(view.chosen)]
    hint = f"A trial that is chosen above is also shown {place}. All panels share their scales."
    if has_rates(view):
        hint += " Grey cells are timesteps that a layer does not run."
    shown = "".join(panel_html(view, point) for _, point in view.chosen)
    return f'<p class="hint">{hint}</p>{legend}<div class="panels" id="side-by-side">{shown}</div>'


def _has_figures(view: RunView) -> bool:
    """Whether there is more to show of a trial than its settings and results."""
    return bool(view.profiles) or has_rates(view)


def _progress(view: RunView) -> str:
    front = view.front
    ends = [(o.name, front.reference[o.name], front.ideal[o.name]) for o in front.objectives]
    sides = [f"{title(n)} {format_value(worst, n)} to {format_value(best, n)}" for n, worst, best in ends]
    text = (
        f"The part of the box that the front covers; costs count by logarithm. The box: {', '.join(sides)}."
    )
    if any(point.origin == "baseline" for point in front.complete):
        text += " Orange points are baselines."
    return f'{_place("progress")}<p class="hint">{escape(text)}</p>'


def _place(name: str) -> str:
    return f'<div class="figure" id="{name}"></div>'


def _section(name: str, content: str) -> str:
    return f"<section><h2>{escape(name)}</h2>{content}</section>"
