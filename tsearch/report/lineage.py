"""The tree of phases on the page: what was trained once and where it was used again."""

from collections.abc import Iterable
from html import escape

from tsearch.front.phases import neuron_text
from tsearch.report.phase_tree import Node, drawn_trials, tree_of
from tsearch.report.style import AMBER, BLUE, GREEN, GREY, INK, MUTED
from tsearch.report.view import RunView

WIDTH, GAP = 216, 20  # px: of a node, and between two columns
ROW, BOX = 62, 54  # px: from row to row, and the height of a node
EDGE = 6  # px around the drawing


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
    color = GREEN if node.is_on_front else BLUE if node.is_trial else AMBER if node.is_ann else MUTED
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
