"""The front: accuracy against energy, the third objective as colour, the uniform timesteps as a line of their own."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from tsearch.front import Front, Point
from tsearch.report.facts import Facts, RunFacts, numbers, stairs_of, uniform_points
from tsearch.report.style import BLUE, GREEN, GREY, INK, ORANGE, RAMP, Figure, Scale, layout
from tsearch.saving import uniform_saving
from tsearch.units import format_value, title

HEIGHT = 560


def front_figure(facts: RunFacts, profile: str = "") -> Figure:
    """The front of a run, with the costs of `profile` ('' for the one searched)."""
    front = facts.under(profile) if profile else facts.front
    drawing = _Drawing(facts, front, profile or next(iter(facts.profiles), ""))
    traces = [drawing.dominated(), *drawing.lines(), drawing.front(), drawing.knee()]
    return {"data": [trace for trace in traces if trace], "layout": drawing.layout()}


class _Drawing:
    """The parts of one figure, on one pair of axes."""

    def __init__(self, facts: RunFacts, front: Front, profile: str) -> None:
        self.facts, self.all, self.profile = facts, front, profile
        self.x_metric, self.y_metric, self.color_metric = facts.axes
        costs = {objective.name for objective in front.objectives if objective.direction == "minimize"}
        self.x = Scale(
            self.x_metric, self._values(front.complete, self.x_metric), is_cost=self.x_metric in costs
        )
        self.y = Scale(
            self.y_metric, self._values(front.complete, self.y_metric), is_cost=self.y_metric in costs
        )

    def dominated(self) -> Figure | None:
        """The other trials, grey."""
        marker = {"size": 8, "color": GREY, "line": {"width": 1, "color": "#ffffff"}}
        return self._markers("dominated", self.all.dominated, marker)

    def front(self) -> Figure | None:
        """The non-dominated trials, coloured by the third objective where there is one."""
        marker: dict[str, Any] = {"size": 13, "color": BLUE, "line": {"width": 1.2, "color": "#ffffff"}}
        if self.color_metric:
            scale = Scale(self.color_metric, self._values(self.all.points, self.color_metric))
            colors = [scale(value) for value in self._values(self.all.points, self.color_metric)]
            bar = {
                "title": {"text": scale.title, "side": "right"},
                "thickness": 12,
                "outlinewidth": 0,
                "len": 0.85,
            }
            marker |= {"color": colors, "colorscale": RAMP, "colorbar": bar, "showscale": True}
        return self._markers("front", self.all.points, marker)

    def knee(self) -> Figure | None:
        """A ring and a word around the knee."""
        if self.all.knee is None:
            return None
        marker = {"size": 22, "symbol": "circle-open", "color": INK, "line": {"width": 2}}
        trace = self._markers("knee", [self.all.knee], marker)
        words = {
            "mode": "markers+text",
            "text": ["knee"],
            "textposition": "bottom right",
            "hoverinfo": "skip",
        }
        return (
            {key: value for key, value in trace.items() if key != "hovertemplate"} | words if trace else None
        )

    def lines(self) -> list[Figure]:
        """Best accuracy up to every energy: of all timesteps, and of the uniform ones alone."""
        if not self.facts.has_staircase:
            return []
        everything = stairs_of(self.all, list(self.all.complete), self.x_metric)
        uniform = uniform_points(self.all)
        step = {
            "mode": "lines",
            "hoverinfo": "skip",
            "line": {"shape": "hv", "width": 2, "color": BLUE},
            "opacity": 0.55,
        }
        dashed = {"shape": "hv", "width": 2, "color": ORANGE, "dash": "6px,4px"}
        labels = [f"T={point.timesteps[0]}" for point in uniform]
        marker = {"size": 17, "symbol": "diamond-open", "color": ORANGE, "line": {"width": 2}}
        diamonds = self._markers("uniform timesteps", uniform, marker)
        named = {
            "mode": "markers+text",
            "text": labels,
            "textposition": "top left",
            "textfont": {"color": ORANGE, "size": 12},
        }
        stairs = stairs_of(self.all, uniform, self.x_metric)
        found = [
            self._points("best of all", everything) | step,
            self._points("best uniform", stairs) | {"mode": "lines", "hoverinfo": "skip", "line": dashed},
        ]
        return found + ([diamonds | named] if diamonds else [])

    def layout(self) -> dict[str, Any]:
        """Both axes, the legend above them, and an arrow for the saving."""
        legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"}
        return layout(
            height=HEIGHT,
            margin={"l": 68, "r": 24, "t": 48, "b": 56},
            showlegend=True,
            legend=legend,
            xaxis=self.x.axis(),
            yaxis=self.y.axis(),
            annotations=self._arrow(),
            hovermode="closest",
        )

    def _arrow(self) -> list[dict[str, Any]]:
        pair = uniform_saving(self.all).best if self.facts.has_staircase else None
        if pair is None:
            return []
        (x0, x1), (y0, y1) = (
            [self._place(scale, point) for point in (pair.uniform, pair.other)] for scale in (self.x, self.y)
        )
        places = {"x": x1, "y": y1, "ax": x0, "ay": y0, "xref": "x", "yref": "y", "axref": "x", "ayref": "y"}
        look = {
            "arrowcolor": GREEN,
            "arrowwidth": 2,
            "arrowhead": 2,
            "standoff": 11,
            "startstandoff": 11,
            "text": "",
        }
        middle = {
            "x": (x0 + x1) / 2,
            "y": (y0 + y1) / 2,
            "xref": "x",
            "yref": "y",
            "showarrow": False,
            "yshift": -13,
        }
        words = f"<b>{-100 * pair.saving:.0f} % {escape(title(pair.cost))}</b>".replace("-", "\N{MINUS SIGN}")
        return [
            places | look | {"showarrow": True},
            middle | {"text": words, "font": {"color": GREEN, "size": 12}},
        ]

    def _place(self, scale: Scale, point: Point) -> float:
        value = scale(point.metrics[scale.metric])
        return math.log10(value) if scale.is_log else value

    def _markers(self, name: str, points: Sequence[Point], marker: dict[str, Any]) -> Figure | None:
        if not points:
            return None
        hover = [
            hover_text(point, self.facts.trials[point.number], self.all, self.profile) for point in points
        ]
        more = {
            "mode": "markers",
            "marker": marker,
            "text": hover,
            "hovertemplate": "%{customdata[1]}<extra></extra>",
        }
        custom = [[point.number, text] for point, text in zip(points, hover, strict=True)]
        return self._points(name, points) | more | {"text": None, "customdata": custom}

    def _points(self, name: str, points: Sequence[Point]) -> Figure:
        xs = [self.x(value) for value in self._values(points, self.x_metric)]
        ys = [self.y(value) for value in self._values(points, self.y_metric)]
        return {"type": "scatter", "name": name, "x": xs, "y": ys}

    def _values(self, points: Sequence[Point], metric: str) -> list[float]:
        return [point.metrics.get(metric, float(point.number)) for point in points]


def hover_text(point: Point, facts: Facts, front: Front, profile: str) -> str:
    """What the pointer shows: who, the objectives, timesteps and stages, schedule, spike rates, where the energy
    goes.
    """
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
