"""What the figure of the front shows of fresh trainings: their means and intervals, candidates, and verdicts."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from tsearch.front import Point
from tsearch.front.staircase import cost_metric
from tsearch.replication.confirmation.sentences import main_verdict
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.replication.error_bars.texts import member_text
from tsearch.replication.evidence import Evidence
from tsearch.replication.interval import Interval
from tsearch.report.style import AMBER, BLUE, CRIMSON, GREEN, INK, Figure, Scale
from tsearch.units import title

TONES = {"candidate": BLUE, "saves": GREEN, "not shown": AMBER, "costs more": CRIMSON}  # those of the banners


class EvidenceMarks:
    """The marks of some evidence on two axes. Every part is a list of traces, empty where there is nothing to show."""

    def __init__(self, evidence: Evidence, x: Scale, y: Scale) -> None:
        self._evidence, self._x, self._y = evidence, x, y
        self._saving = _confirmed_saving(evidence) if (x.metric, y.metric) == _axes(evidence) else None

    def bars(self) -> list[Figure]:
        """The means of the members that were trained again, with their intervals."""
        bars, axes = self._evidence.bars, {"x": self._x, "y": self._y}
        if bars is None:
            return []
        wanted = {scale.metric for scale in axes.values()}
        shown = {number: member for number, member in bars.members.items() if wanted <= member.metrics.keys()}
        hover = [[n, f"<b>trial {n}</b>, {escape(member_text(member))}"] for n, member in shown.items()]
        trace: Figure = {"type": "scatter", "name": "mean of fresh trainings, 95 %", "mode": "markers"}
        trace |= {"customdata": hover, "hovertemplate": "%{customdata[1]}<extra></extra>"}
        for name, scale in axes.items():
            ends = [_scaled(member.metrics[scale.metric], scale) for member in shown.values()]
            trace |= {name: [value for value, _, _ in ends], f"error_{name}": _error(ends)}
        return [trace | {"marker": {"size": 6, "symbol": "square", "color": INK}}]

    def candidates(self) -> list[Figure]:
        """A star around every candidate for a saving and around what has a verdict, named in the legend."""
        words = {candidate.number: "candidate" for candidate in self._evidence.candidates}
        words |= {verdict.number: verdict.word for verdict in self._evidence.verdicts}
        marked = [point for point in self._evidence.front.complete if point.number in words]
        stars = {word: [point for point in marked if words[point.number] == word] for word in TONES}
        return [self._stars(word, points) for word, points in stars.items() if points]

    def saving(self) -> list[Figure]:
        """How much was confirmed to be saved, in the middle of the arrow."""
        if self._saving is None:
            return []
        verdict, ends = self._saving
        x, y = ([scale(p.metrics[scale.metric]) for p in ends] for scale in (self._x, self._y))
        middle = math.sqrt(x[0] * x[1]) if self._x.is_log else sum(x) / 2
        percent = 100 * verdict.saving.value if verdict.saving else 0.0
        text = f"<b>\N{MINUS SIGN}{percent:.0f} % {escape(title(verdict.cost))}</b>"
        place = {"x": [middle], "y": [sum(y) / 2], "text": [text], "textposition": "bottom center"}
        look = {"textfont": {"color": GREEN, "size": 12}, "hoverinfo": "skip", "showlegend": False}
        return [{"type": "scatter", "name": "saving", "mode": "text"} | place | look]

    def arrow(self) -> list[dict[str, Any]]:
        """An arrow from the twin to what saves against it."""
        if self._saving is None:
            return []
        (x0, x1), (y0, y1) = ([_place(scale, p) for p in self._saving[1]] for scale in (self._x, self._y))
        places = {
            "x": x1,
            "y": y1,
            "ax": x0,
            "ay": y0,
            "axref": "x",
            "ayref": "y",
            "showarrow": True,
            "text": "",
        }
        look = {"arrowcolor": GREEN, "arrowwidth": 2, "arrowhead": 2, "standoff": 12, "startstandoff": 12}
        return [places | look]

    def _stars(self, word: str, points: Sequence[Point]) -> Figure:
        name = "confirmed: saves" if word == "saves" else word
        star = {"size": 24, "symbol": "star-open", "color": TONES[word], "line": {"width": 2}}
        xs, ys = ([_value(scale, point) for point in points] for scale in (self._x, self._y))
        look = {"mode": "markers", "marker": star, "hoverinfo": "skip"}
        return {"type": "scatter", "name": name, "x": xs, "y": ys} | look


def _axes(evidence: Evidence) -> tuple[str | None, str]:
    """The axes on which a saving can be shown."""
    return cost_metric(evidence.front), "accuracy"


def _confirmed_saving(evidence: Evidence) -> tuple[Verdict, tuple[Point, Point]] | None:
    """The verdict of the surest confirmed saving, its named twin and its candidate, where both are trials."""
    verdict = main_verdict(evidence.verdicts)
    if verdict is None or verdict.word != "saves":
        return None
    by_key = {point.key: point for point in evidence.front.complete}
    twin, candidate = (by_key.get(key) for key in (verdict.twins[-1].key, verdict.key))
    return (verdict, (twin, candidate)) if twin and candidate else None


def _error(ends: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    """Bars from (value, low, high) in the unit of an axis."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in ends],
        "arrayminus": [value - low for value, low, _ in ends],
        "color": INK,
        "thickness": 1.2,
        "width": 3,
    }


def _scaled(interval: Interval, scale: Scale) -> tuple[float, float, float]:
    """Value, low and high in the unit of an axis; on a logarithmic one nothing is drawn at 0."""
    value, low, high = (scale(end) for end in (interval.value, interval.low, interval.high))
    return value, max(low, 1e-9 * value) if scale.is_log else low, high


def _value(scale: Scale, point: Point) -> float:
    """Where a point lies on an axis."""
    return scale(float(point.number) if scale.metric == "trial" else point.metrics[scale.metric])


def _place(scale: Scale, point: Point) -> float:
    """Where an annotation has to go; on a logarithmic axis plotly wants the exponent."""
    value = _value(scale, point)
    return math.log10(value) if scale.is_log else value
