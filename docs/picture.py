"""Draws the picture of the README: accuracy against energy of one run, as an SVG of its own.

    python docs/picture.py runs/front docs/front.svg

The same run gives the same file. The picture asks for nothing from elsewhere and brings its own background, so that it
reads well on a light and on a dark page. Takes a second.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import tsearch
from tsearch.engine.run_folder import open_run
from tsearch.front.point import Point
from tsearch.front.staircase import cost_metric, staircase
from tsearch.replication.evidence import Evidence, evidence_of
from tsearch.units import format_value

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 52
INK, PALE, PAPER = "#1f2933", "#d9dee4", "#ffffff"
UNIFORM, OTHER = "#b45309", "#1d4ed8"
RINGS = {  # what is said of ringed networks, and its colour
    "candidate": ("candidate, not confirmed", "#0072b2"),
    "saves": ("confirmed: saves", "#00795c"),
    "not shown": ("saving not shown", "#8a5a00"),
    "costs more": ("costs more", "#b3261e"),
}
LETTER, LINE = 6.9, 14  # width and height of a letter of a label, in pixels


@dataclass(frozen=True)
class Frame:
    """Where costs (on a logarithmic scale) and accuracies lie in the picture."""

    costs: tuple[float, float]
    accuracies: tuple[float, float]

    def x(self, cost: float) -> float:
        low, high = map(math.log, self.costs)
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(cost) - low) / (high - low)

    def y(self, accuracy: float) -> float:
        low, high = self.accuracies
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (accuracy - low) / (high - low)


def picture(run: tsearch.Run) -> str:
    """The complete trials of `run` as SVG text. Raises: TsearchError for a run without networks, cost or accuracy."""
    front = tsearch.Front.of(run)
    cost = cost_metric(front)
    if (
        cost is None
        or not front.complete
        or not front.are_networks
        or "accuracy" not in front.complete[0].metrics
    ):
        raise tsearch.TsearchError(f"{run.folder}: a picture needs trained networks, a cost and an accuracy.")
    evidence = evidence_of(run, front)
    points, uniform = front.complete, [point for point in front.complete if point.is_uniform]
    frame = _frame(points, cost)
    stairs, uniform_stairs = staircase(list(points), cost), staircase(uniform, cost)
    parts = [
        *_axes(frame, cost),
        _steps(uniform_stairs, frame, cost, UNIFORM, "6 4"),
        _steps(stairs, frame, cost, OTHER, "none"),
        *(
            _mark(point, frame, cost, is_pale=True)
            for point in points
            if point not in stairs + uniform_stairs
        ),
        *(_mark(point, frame, cost) for point in [*uniform_stairs, *stairs]),
        *_rings(evidence, frame, cost),
        *_labels([*stairs, *uniform_stairs], points, frame, cost),
        *_legend(len(points)),
    ]
    answer = evidence.answers[0].sentence if evidence.answers else ""
    return _svg(parts, f"{len(points)} trained networks of the run {run.name}. {answer}")


def _svg(parts: Sequence[str], description: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img" font-family="system-ui, sans-serif" font-size="12">'
    )
    names = f"<title>Accuracy against energy</title>\n<desc>{escape(description)}</desc>"
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{PAPER}" stroke="{PALE}"/>'
    return "\n".join([head, names, paper, *parts, "</svg>"]) + "\n"


def _frame(points: Sequence[Point], cost: str) -> Frame:
    costs = [point.metrics[cost] for point in points]
    accuracies = [point.metrics["accuracy"] for point in points]
    low, high = math.floor(10 * min(accuracies)) / 10, math.ceil(10 * max(accuracies)) / 10
    return Frame((min(costs) * 0.92, max(costs) * 1.12), (low, max(high, low + 0.1)))


def _axes(frame: Frame, cost: str) -> list[str]:
    parts, bottom = [], HEIGHT - BOTTOM
    for tenth in range(round(10 * frame.accuracies[0]), round(10 * frame.accuracies[1]) + 1):
        y = frame.y(tenth / 10)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{PALE}"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{10 * tenth} %", "end"))
    for value in _round_numbers(*frame.costs):
        x = frame.x(value)
        parts.append(f'<path d="M{x:.1f} {bottom}v5" stroke="{INK}"/>')
        parts.append(_text(x, bottom + 19, format_value(value, cost), "middle"))
    parts.append(f'<path d="M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="{INK}"/>')
    name = f"{cost.rpartition('_')[0]} per sample (estimated)"
    return [*parts, _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, name, "middle")]


def _round_numbers(low: float, high: float) -> list[float]:
    """1, 1.5, 2, 3, 4, 5, 7 times powers of ten within the range."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    numbers = [digit * 10.0**power for power in powers for digit in (1, 1.5, 2, 3, 4, 5, 7)]
    return [number for number in numbers if low <= number <= high]


def _steps(stairs: Sequence[Point], frame: Frame, cost: str, colour: str, dashes: str) -> str:
    """The best accuracy that each cost buys."""
    first = stairs[0]
    path = f"M{frame.x(first.metrics[cost]):.1f} {frame.y(first.metrics['accuracy']):.1f}"
    for point in stairs[1:]:
        path += f"H{frame.x(point.metrics[cost]):.1f}V{frame.y(point.metrics['accuracy']):.1f}"
    path += f"H{WIDTH - RIGHT}"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>'


def _mark(point: Point, frame: Frame, cost: str, *, is_pale: bool = False) -> str:
    """A square for uniform timesteps, a dot for others, with what it is under the pointer."""
    x, y = frame.x(point.metrics[cost]), frame.y(point.metrics["accuracy"])
    look = f'fill="{UNIFORM if point.is_uniform else OTHER}" fill-opacity="{0.3 if is_pale else 1}"'
    words = (
        f"trial {point.number}, {_timesteps(point)}: {format_value(point.metrics['accuracy'], 'accuracy')}"
    )
    name = f"<title>{words}, {format_value(point.metrics[cost], cost)}</title>"
    if point.is_uniform:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" {look}>{name}</rect>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" {look}>{name}</circle>'


def _rings(evidence: Evidence, frame: Frame, cost: str) -> list[str]:
    """A ring around the first candidate for a saving, or around what a confirmation was about, and its word."""
    answer = next(iter(evidence.answers), None)
    word = answer.word if answer else ""
    numbers = [one.number for one in evidence.candidates[:1]] if word == "candidate" else []
    numbers = [one.number for one in evidence.verdicts if one.word == word] or numbers
    ringed = [point for point in evidence.front.complete if point.number in numbers]
    if not ringed:
        return []
    text, colour = RINGS[word]
    look = f'fill="none" stroke="{colour}" stroke-width="2"'
    places = [(frame.x(point.metrics[cost]), frame.y(point.metrics["accuracy"])) for point in ringed]
    return [
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" {look}/>' for x, y in places),
        f'<circle cx="{WIDTH - RIGHT - LETTER * len(text) - 12:.1f}" cy="22" r="7" {look}/>',
        _text(WIDTH - RIGHT, 26, text, "end", colour),
    ]


def _labels(named: Sequence[Point], points: Sequence[Point], frame: Frame, cost: str) -> list[str]:
    """Timesteps beside the named points, wherever no mark and no other label lies; else left out."""
    taken = [(frame.x(p.metrics[cost]) - 5, frame.y(p.metrics["accuracy"]) - 5, 10.0, 10.0) for p in points]
    parts, said = [], set()
    for point in named:
        text = _timesteps(point)
        width = LETTER * len(text)
        x, y = frame.x(point.metrics[cost]), frame.y(point.metrics["accuracy"])
        places = [
            (x - width - 8, y - LINE - 2),
            (x - width / 2, y - LINE - 7),
            (x + 8, y + 3),
            (x - width / 2, y + 7),
        ]
        free = [place for place in places if not any(_meet((*place, width, LINE), box) for box in taken)]
        free = [
            place for place in free if place[0] >= LEFT and place[0] + width <= WIDTH and place[1] >= TOP - 8
        ]
        if free and text not in said:
            taken.append((*free[0], width, LINE))
            said.add(text)
            colour = UNIFORM if point.is_uniform else OTHER
            parts.append(_text(free[0][0] + width / 2, free[0][1] + 11, text, "middle", colour))
    return parts


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes (x, y, width, height) overlap."""
    is_beside = one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
    return not (is_beside or one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1])


def _timesteps(point: Point) -> str:
    """'T=4' for uniform timesteps, 'T=(6, 3, 1)' for others."""
    return f"T={point.timesteps[0]}" if point.is_uniform else f"T={point.timesteps}"


def _legend(n: int) -> list[str]:
    return [
        _text(
            LEFT, 26, f"{n} networks, each trained: how much accuracy does energy buy?", "start", INK, "bold"
        ),
        f'<rect x="{LEFT}" y="38" width="8" height="8" fill="{UNIFORM}"/>',
        _text(LEFT + 14, 46, "the same timesteps in every stage", "start"),
        f'<circle cx="{LEFT + 242}" cy="42" r="4.5" fill="{OTHER}"/>',
        _text(LEFT + 252, 46, "fewer timesteps in later stages", "start"),
        f'<path d="M{LEFT + 460} 42h22" stroke="{OTHER}" stroke-width="1.5"/>',
        _text(LEFT + 488, 46, "best of both", "start"),
        f'<path d="M{LEFT + 574} 42h22" stroke="{UNIFORM}" stroke-width="1.5" stroke-dasharray="6 4"/>',
        _text(LEFT + 602, 46, "uniform only", "start"),
    ]


def _text(x: float, y: float, text: str, anchor: str, colour: str = INK, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("run", type=Path, help="folder of a run of networks")
    parser.add_argument("output", type=Path, help="the SVG file to write")
    asked = parser.parse_args()
    try:
        asked.output.write_text(picture(open_run(asked.run)))
    except tsearch.TsearchError as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
