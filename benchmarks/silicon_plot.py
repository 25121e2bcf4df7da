"""The picture of predicted against measured: both axes logarithmic, as an SVG of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SIDE, LEFT, RIGHT, TOP, BOTTOM = 560, 76, 24, 84, 56
INK, PALE, PAPER, BAND = "#1f2933", "#d9dee4", "#ffffff", "#d6e4fb"
COLOURS = {
    "I": ("#1d4ed8", "prices from elsewhere"),
    "H": ("#00795c", "held out of a fit"),
    "F": ("#8a8f98", "same paper: consistency"),
    "counter": ("#b3261e", "flat average per operation"),
}
PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: ""}
Range = tuple[float, float, float]


@dataclass(frozen=True)
class Mark:
    """One case in SI units. `colour` is a key of `COLOURS`; a floor is drawn open."""

    name: str
    measured: Range
    predicted: Range
    colour: str
    is_floor: bool


def picture(marks: Sequence[Mark], factor: float) -> str:
    """SVG text: the band is `factor` to either side of equality."""
    everything = [n for mark in marks for n in (*mark.measured, *mark.predicted)]
    frame = Frame(math.floor(math.log10(min(everything))), math.ceil(math.log10(max(everything))))
    parts = [*_axes(frame), *_band(frame, factor), *(_mark(mark, frame) for mark in marks), *_legend(factor)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE + 40}" width="{SIDE}" '
        f'height="{SIDE + 40}" role="img" font-family="system-ui, sans-serif" font-size="12">'
    )
    words = f"{len(marks)} comparisons of hwcost with measured chips"
    names = f"<title>Predicted against measured</title>\n<desc>{words}</desc>"
    paper = f'<rect width="{SIDE}" height="{SIDE + 40}" rx="8" fill="{PAPER}" stroke="{PALE}"/>'
    return "\n".join([head, names, paper, *parts, "</svg>"]) + "\n"


@dataclass(frozen=True)
class Frame:
    """Decades from `low` to `high` on both axes."""

    low: int
    high: int

    def x(self, value: float) -> float:
        return LEFT + (SIDE - LEFT - RIGHT) * self._share(value)

    def y(self, value: float) -> float:
        return SIDE + 40 - BOTTOM - (SIDE + 40 - TOP - BOTTOM) * self._share(value)

    def _share(self, value: float) -> float:
        return (math.log10(value) - self.low) / (self.high - self.low)


def _axes(frame: Frame) -> list[str]:
    parts = []
    for power in range(frame.low, frame.high + 1):
        x, y = frame.x(10.0**power), frame.y(10.0**power)
        parts.append(f'<path d="M{x:.1f} {frame.y(10.0**frame.low):.1f}V{TOP}" stroke="{PALE}"/>')
        parts.append(f'<path d="M{LEFT} {y:.1f}H{SIDE - RIGHT}" stroke="{PALE}"/>')
        label = _power(power)
        parts.append(_text(x, frame.y(10.0**frame.low) + 18, label, "middle"))
        parts.append(_text(LEFT - 8, y + 4, label, "end"))
    middle = (LEFT + SIDE - RIGHT) / 2
    parts.append(_text(middle, SIDE + 28, "measured (J, W or s)", "middle"))
    turned = f'transform="rotate(-90 18 {SIDE / 2 + 30:.0f})"'
    parts.append(f"<g {turned}>{_text(18, SIDE / 2 + 30, 'predicted by hwcost', 'middle')}</g>")
    return parts


def _power(power: int) -> str:
    """10 µ for -5."""
    thousand = 3 * (power // 3)
    return f"{10 ** (power - thousand)} {PREFIXES[thousand]}".strip()


def _band(frame: Frame, factor: float) -> list[str]:
    low, high = 10.0**frame.low, 10.0**frame.high
    corners = [(low, low * factor), (high / factor, high), (high, high), (high, high / factor)]
    corners += [(low * factor, low), (low, low)]
    points = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in corners)
    line = f"M{frame.x(low):.1f} {frame.y(low):.1f}L{frame.x(high):.1f} {frame.y(high):.1f}"
    return [
        f'<polygon points="{points}" fill="{BAND}"/>',
        f'<path d="{line}" stroke="{INK}" stroke-dasharray="4 4"/>',
    ]


def _mark(mark: Mark, frame: Frame) -> str:
    colour = COLOURS[mark.colour][0]
    x, y = frame.x(mark.measured[1]), frame.y(mark.predicted[1])
    left, right = frame.x(mark.measured[0]), frame.x(mark.measured[2])
    lower, upper = frame.y(mark.predicted[0]), frame.y(mark.predicted[2])
    bars = f'<path d="M{x:.1f} {lower:.1f}V{upper:.1f}M{left:.1f} {y:.1f}H{right:.1f}" stroke="{colour}"/>'
    fill = PAPER if mark.is_floor else colour
    ratio = mark.predicted[1] / mark.measured[1]
    title = f"<title>{escape(mark.name)}: predicted / measured {ratio:.2f}</title>"
    return (
        f'{bars}<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" fill-opacity="0.85" stroke="{colour}" '
        f'stroke-width="1.5">{title}</circle>'
    )


def _legend(factor: float) -> list[str]:
    words = f"hwcost against silicon; the band is a factor of {factor:g}, open marks are floors"
    parts = [_text(LEFT, 26, words, "start", "bold")]
    for i, (colour, meaning) in enumerate(COLOURS.values()):
        x, y = LEFT + 230 * (i % 2), 46 + 18 * (i // 2)
        parts.append(f'<circle cx="{x + 4}" cy="{y - 4}" r="4.5" fill="{colour}"/>')
        parts.append(_text(x + 14, y, meaning, "start"))
    return parts


def _text(x: float, y: float, text: str, anchor: str, weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}" font-weight="{weight}"'
    return f"<text {place}>{escape(text)}</text>"
