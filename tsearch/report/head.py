"""The head of the page: the run, its state at the moment of writing, the answer in a sentence, and the main numbers."""

import math
import re
from collections.abc import Iterator
from html import escape

from tsearch.engine.state import as_arguments
from tsearch.front import Front
from tsearch.front.constraints import constraints_text
from tsearch.replication.evidence import Answer, unconfirmed
from tsearch.report.facts import command_html, under
from tsearch.report.hover import readable
from tsearch.report.view import RunView, nearest_to_limits
from tsearch.units import format_value, title


def head(view: RunView) -> str:
    """Name, state and origin of the run."""
    run, hardware = view.run, view.run.task.hardware
    states = {"complete": len(view.front.complete), "failed": len(view.failed)}
    if view.state.word == "running":
        states["under way"] = sum(trial.state == "running" for trial in run.trials)
    counts = [f"{n} {state}" for state, n in states.items() if n or state != "under way"]
    origin = {"data": run.task.data.name} if view.are_networks else {}
    origin["trials"] = ", ".join(counts)
    if view.profiles:
        assumed = "".join(f", assuming {name}={bits}" for name, bits in hardware.assume.items())
        origin["searched for"] = f"{hardware.profile} ({readable(hardware.execution)}){assumed}"
    origin["seed"] = str(run.seed)
    if view.front.constraints:
        origin["limits"] = constraints_text(view.front.constraints)
    line = "".join(f"<span><i>{name}</i> {escape(value)}</span>" for name, value in origin.items())
    return f'<header><h1>{escape(run.name)}</h1>{_state(view)}<p class="origin">{line}</p></header>'


def _state(view: RunView) -> str:
    """Running, stopped or done, when that was so, and the command that goes on."""
    state, hint = view.state, view.state.hint or ""
    text, command = state.text, hint
    if hint:
        text = text.removesuffix(hint).rstrip(" :")
    if state.word == "running":
        text, command = f"{text}; draw the page anew with", f"tsearch report {as_arguments(view.run)}"
    written = f"{view.written:%Y-%m-%d %H:%M} UTC"
    return (
        f'<p class="state {state.word}"><span><i class="dot"></i>{escape(text)}</span>{command_html(command)}'
        f"<time>written {written}</time></p>"
    )


def answers(view: RunView) -> str:
    """What is known about a saving: under the searched profile the verdicts, else candidates; under another one, whose
    costs nothing was confirmed for, candidates. The page shows those of the profile chosen. '' without networks."""
    return "".join(
        _answer(answer, under(view, profile))
        for profile in view.profiles or ("",)
        if view.under(profile).points
        for answer in (view.evidence.answers if profile == view.main else _elsewhere(view, profile))
    )


def _answer(answer: Answer, attributes: str) -> str:
    """A banner: its colour and its first word say what was found."""
    label = "confirmed" if answer.word == "saves" else answer.word
    word = f"<b>{label}</b> " if label else ""
    kind = answer.word.replace(" ", "-") or "none"
    sentence = answer.sentence.removeprefix(f"{answer.word.capitalize()}: ")
    return f'<p class="saving {kind}"{attributes}>{word}{_with_code(sentence)}</p>'


def _with_code(sentence: str) -> str:
    """A sentence as HTML, in which commands stand between backticks."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(sentence))


def _elsewhere(view: RunView, profile: str) -> tuple[Answer, ...]:
    """Candidates under a profile that the search did not aim at."""
    start = f"Under {profile}, which the search did not aim at: "
    return tuple(
        Answer(word, start + sentence) for word, sentence in unconfirmed(view.under(profile), advice=False)
    )


def noise(view: RunView) -> str:
    """By how much the front flatters itself, and how it does on test; '' where neither is known."""
    return "".join(f'<p class="noise">{escape(sentence)}</p>' for sentence in view.evidence.noise)


def warning(view: RunView) -> str:
    """That no complete trial keeps the limits, and which comes nearest, under the profiles where that is so."""
    return "".join(
        f'<p class="warning"{under(view, profile)}>{escape(_none_keeps_limits(view.under(profile)))}</p>'
        for profile in view.profiles or ("",)
        if not view.under(profile).points
    )


def _none_keeps_limits(front: Front) -> str:
    nearest = nearest_to_limits(front)
    n = len(front.complete)
    who = "The complete trial does not keep" if n == 1 else f"None of the {n} complete trials keeps"
    text = f"{who} the limits, so the front is empty: {constraints_text(front.constraints)}."
    if nearest is None:
        return text
    reached = [
        f"{title(m)} {format_value(nearest.metrics[m], m)}" for m in front.constraints if m in nearest.metrics
    ]
    return f"{text} Trial {nearest.number} ({nearest.label}) comes nearest: {', '.join(reached)}."


def tiles(view: RunView) -> str:
    """The main numbers, under every profile."""
    return "".join(
        f'<div class="tiles"{under(view, profile)}>{"".join(_tiles(view, profile))}</div>'
        for profile in view.profiles or ("",)
    )


def _tiles(view: RunView, profile: str) -> Iterator[str]:
    front = view.under(profile)
    yield _tile("on the front", f"{len(front.points)} of {len(front.complete)}")
    if front.hypervolume is not None and profile == view.main:  # its box is that of the searched profile
        yield _tile("hypervolume", f"{front.hypervolume:.3f}")
        if view.evidence.bars and (volume := view.evidence.bars.hypervolume):
            ends = f"[{volume.low:.3f}, {volume.high:.3f}]"
            yield _tile(f"hypervolume of fresh trainings {ends}", f"{volume.value:.3f}")
    for objective in front.objectives:
        values = [point.metrics[objective.name] for point in front.points]
        if values:
            name, best = ("highest", max(values)) if objective.is_maximized else ("lowest", min(values))
            yield _tile(f"{name} {title(objective.name)}", format_value(best, objective.name))
    costs = [point.metrics.get(view.axes[0], math.nan) for point in front.points]
    if len(costs) > 1 and min(costs) > 0:
        yield _tile(f"highest against lowest {title(view.axes[0])}", f"{max(costs) / min(costs):.1f} times")


def _tile(name: str, value: str) -> str:
    return f"<div><b>{value}</b><span>{escape(name)}</span></div>"


def profile_choice(view: RunView) -> str:
    """The choice of the profile that costs are shown under; '' where there is one."""
    if len(view.profiles) < 2:
        return ""
    choice = '<label><input type="radio" name="profile" value="{0}"{1}>{0}</label>'
    buttons = [choice.format(escape(p), "" if i else " checked") for i, p in enumerate(view.profiles)]
    return f'<fieldset class="profiles"><legend>Costs under</legend>{"".join(buttons)}</fieldset>'
