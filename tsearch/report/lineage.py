"""The tree of phases on the page: what was trained once and where it was used again."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from tsearch.configuration import Configuration
from tsearch.engine.store import CheckpointName
from tsearch.errors import TsearchError
from tsearch.front.phases import neuron_text, phase_text, phases_of
from tsearch.report.style import AMBER, BLUE, GREEN, GREY, INK, MUTED
from tsearch.report.view import RunView
from tsearch.units import counted, format_value

if TYPE_CHECKING:
    from tsearch.engine.lineage import Stop
    from tsearch.engine.run_folder import Trial

MOST_TRIALS = 40  # in the drawing
WIDTH, GAP = 216, 20  # px: of a node, and between two columns
ROW, BOX = 62, 54  # px: from row to row, and the height of a node
EDGE = 6  # px around the drawing


@dataclass(frozen=True)
class Node:
    """One phase that was trained: a stop, or the last phase of a trial."""

    title: str
    phase: str
    n_epochs: int
    metrics: Mapping[str, float]
    neurons: Mapping[str, Mapping[str, float]]
    children: "tuple[Node, ...]"
    n_trials: int = 1
    is_trial: bool = False
    is_on_front: bool = False

    @cached_property
    def n_rows(self) -> int:
        """Rows that it takes in the drawing."""
        return sum(child.n_rows for child in self.children) or 1

    @property
    def facts(self) -> str:
        """'91.2 %, 3.1 µJ', as far as measured."""
        names = [
            name for name in ("accuracy", "energy_pj") if math.isfinite(self.metrics.get(name, math.nan))
        ]
        return ", ".join(format_value(self.metrics[name], name) for name in names)

    @property
    def use(self) -> str:
        """How many epochs it was trained, and how often that served."""
        if self.is_trial:
            return f"{counted(self.n_epochs, 'epoch')}, {self.title}"
        n_reused = self.n_trials - 1
        again = f", reused {'once' if n_reused == 1 else f'{n_reused} times'}" if n_reused else ""
        return f"{counted(self.n_epochs, 'epoch')} once{again}"


def lineage_html(view: RunView) -> str:
    """The tree, and a table of threshold and leak; '' where no training has several phases."""
    roots = tree_of(view)
    if not roots:
        return ""
    n_drawn, n_all = len(drawn_trials(view)), len({n for stop in view.run.stops for n in stop.trials})
    sentences = [
        f"{view.run.spared.text}. Phases from left to right, each beginning with the weights of the one before; "
        "trials stand at the ends, those of the front in green. What lies between has fewer epochs than a trial: it "
        "can be exported, and is compared with none."
    ]
    if n_drawn < n_all:
        sentences.append(
            f"Drawn are {n_drawn} of {n_all:,} trials, the front first; `tsearch show --stops` lists all."
        )
    hint = f'<p class="hint">{escape(" ".join(sentences))}</p>'
    return f'<div class="wide">{_svg(roots)}</div>{hint}{_neurons(roots)}'


def drawn_trials(view: RunView) -> "tuple[Trial, ...]":
    """The trials at the ends of the tree, by number: all, or of many those of the front and the first others."""
    shared = {number for stop in view.run.stops for number in stop.trials}
    on_front = {point.number for point in view.front.points}
    trials = [t for t in view.run.trials if t.number in shared and isinstance(t.configuration, Configuration)]
    chosen = sorted(trials, key=lambda trial: (trial.number not in on_front, trial.number))[:MOST_TRIALS]
    return tuple(sorted(chosen, key=lambda trial: trial.number))


def tree_of(view: RunView) -> tuple[Node, ...]:
    """The beginnings of all trainings that are drawn."""
    trials = drawn_trials(view)
    stops = {stop.name: stop for stop in view.run.stops}
    ends: dict[CheckpointName | None, list[Trial]] = {}
    for trial in trials:
        behind = max((s for s in stops.values() if trial.number in s.trials), key=lambda s: s.name.epoch)
        ends.setdefault(behind.name, []).append(trial)
    numbers = {trial.number for trial in trials}
    shown = [stop for stop in stops.values() if numbers & set(stop.trials)]

    def below(name: CheckpointName | None) -> tuple[Node, ...]:
        further = [_stop_node(view, stop, below(stop.name)) for stop in shown if stop.parent == name]
        return (*further, *(_trial_node(view, trial) for trial in ends.get(name, ())))

    return below(None)


def _stop_node(view: RunView, stop: "Stop", children: tuple[Node, ...]) -> Node:
    try:
        neurons = stop.load().neurons
    except TsearchError:  # damaged: the next who wants it trains it again
        neurons = {}
    phase = phases_of(view.run, stop)[-1]
    return Node(
        stop.origin, phase_text(phase), stop.n_epochs, stop.metrics, neurons, children, len(stop.trials)
    )


def _trial_node(view: RunView, trial: "Trial") -> Node:
    phase = trial.configuration.schedule[-1]
    shown = view.trials.get(trial.number)
    title = f"trial {trial.number}" + ("" if trial.state == "complete" else f" ({trial.state})")
    is_on_front = any(point.number == trial.number for point in view.front.points)
    neurons = shown.neurons if shown else {}
    end = (phase_text(phase), phase.epochs, trial.metrics, neurons, ())
    return Node(title, *end, is_trial=True, is_on_front=is_on_front)


# ---------------------------------------------------------------------- drawing


def _svg(roots: tuple[Node, ...]) -> str:
    columns, rows = _depth(roots), sum(root.n_rows for root in roots)
    width, height = columns * (WIDTH + GAP) - GAP + 2 * EDGE, rows * ROW + 2 * EDGE
    label = "The tree of phases: every box is a phase that was trained once"
    return (
        f'<svg class="lineage" role="img" aria-label="{label}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{_forest(roots, EDGE, EDGE)}</svg>'
    )


def _depth(nodes: Iterable[Node]) -> int:
    return max((1 + _depth(node.children) for node in nodes), default=0)


def _forest(nodes: tuple[Node, ...], x: int, y: int) -> str:
    """Nodes below each other, with all that comes after them to the right."""
    parts = []
    for node in nodes:
        top, below = y, y
        for child in node.children:
            parts.append(_edge(x + WIDTH, top, x + WIDTH + GAP, below))
            below += child.n_rows * ROW
        parts.append(_box(node, x, top))
        parts.append(_forest(node.children, x + WIDTH + GAP, top))
        y += node.n_rows * ROW
    return "".join(parts)


def _edge(x: int, y: int, to_x: int, to_y: int) -> str:
    middle, y, to_y = (x + to_x) // 2, y + BOX // 2, to_y + BOX // 2
    return f'<path d="M{x} {y}H{middle}V{to_y}H{to_x}" fill="none" stroke="{GREY}"/>'


def _box(node: Node, x: int, y: int) -> str:
    color = GREEN if node.is_on_front else BLUE if node.is_trial else AMBER if node.phase == "ANN" else MUTED
    what, bracket, weights = _short(node.phase).partition(" (")
    lines = (
        (f'<tspan font-weight="700">{escape(what)}</tspan>{escape(bracket + weights)}', INK),
        (escape(_short(node.facts or "not measured")), INK),
        (escape(_short(node.use)), MUTED),
    )
    texts = "".join(
        f'<text x="{x + 10}" y="{y + 16 + 16 * i}" fill="{ink}">{text}</text>'
        for i, (text, ink) in enumerate(lines)
    )
    told = escape(f"{node.title}: {node.phase}; {node.facts}; {node.use}")
    return (
        f'<g class="node"><title>{told}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{BOX}" rx="6" '
        f'fill="#fff" stroke="{color}" stroke-width="{1 + node.is_trial}"/>{texts}</g>'
    )


def _short(text: str, most: int = 31) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


# ---------------------------------------------------------------------- neurons


def _neurons(roots: tuple[Node, ...]) -> str:
    """A row for every node, a column for every layer."""
    nodes = [node for node in _all(roots) if node.neurons]
    layers = list(dict.fromkeys(layer for node in nodes for layer in node.neurons))
    if not layers:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in ("phase", "of", *layers))
    rows = "".join(
        f"<tr><td>{escape(node.phase)}</td><td>{escape(node.title)}</td>"
        + "".join(f"<td>{neuron_text(node.neurons[n]) if n in node.neurons else ''}</td>" for n in layers)
        + "</tr>"
        for node in nodes
    )
    return (
        "<details><summary>Threshold and leak of every layer, after every phase</summary>"
        f'<div class="wide"><table class="neurons"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        "</details>"
    )


def _all(nodes: Iterable[Node]) -> Iterable[Node]:
    for node in nodes:
        yield node
        yield from _all(node.children)
