"""The front: accuracy against energy, the third objective as colour, the uniform timesteps as a line of their own."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from tsearch.front import Front, Point
from tsearch.front.labels import labels_of
from tsearch.replication.evidence import Evidence
from tsearch.report.evidence_marks import EvidenceMarks
from tsearch.report.hover import hover_text
from tsearch.report.limits import limit_shapes, limits_on
from tsearch.report.style import (
    BLUE,
    GREY,
    INK,
    MUTED,
    ORANGE,
    RAMP,
    RED,
    SKY,
    Figure,
    Scale,
    layout,
    round_step,
)
from tsearch.report.view import RunView, stairs_of, uniform_points


def front_figure(view: RunView, profile: str = "") -> Figure:
    """The front of a run, with the costs of `profile` ('' for the one searched)."""
    drawing = _Drawing(view, view.under(profile or view.main), profile or view.main)
    points = [drawing.chosen(), *drawing.infeasible(), *drawing.dominated(), *drawing.lines()]
    points += [*drawing.uniform(), *drawing.front(), *drawing.labels(), *drawing.knee(), *drawing.evidence()]
    return {"data": points, "layout": drawing.layout()}


class _Drawing:
    """One figure on one pair of axes. Every part is a list of traces, empty where there is nothing to show."""

    def __init__(self, view: RunView, front: Front, profile: str) -> None:
        self._view, self._front, self._profile = view, front, profile
        self.x_metric, self.y_metric, self.color_metric = view.axes
        self._evidence = view.evidence if profile == view.main else Evidence(front)
        self.x, self.y = self._scale(self.x_metric), self._scale(self.y_metric)
        self._marks = EvidenceMarks(self._evidence, self.x, self.y)

    def chosen(self) -> Figure:
        """A ring for the trial shown beside the figure; the page's code puts it in its place."""
        ring = {"size": 25, "symbol": "circle-open", "color": RED, "line": {"width": 3}}
        look = {"mode": "markers", "marker": ring, "hoverinfo": "skip", "legendrank": 2000}
        return self._points("shown beside", []) | look

    def infeasible(self) -> list[Figure]:
        """The trials that break a limit of the run, as crosses."""
        cross = {"size": 9, "symbol": "x", "color": MUTED, "line": _EDGE}
        return self._markers("breaks a limit", self._front.infeasible, cross)

    def dominated(self) -> list[Figure]:
        """The other trials, grey; the uniform ones as hollow diamonds."""
        points = [point for point in self._front.dominated if self._front.is_feasible(point)]
        uniform = [point for point in points if point.is_uniform]
        others = [point for point in points if not point.is_uniform]
        diamond = {"size": 8, "symbol": "diamond-open", "color": GREY, "line": {"width": 1.5}}
        return [
            *self._markers("dominated", others, {"size": 8, "color": GREY, "line": _EDGE}),
            *self._markers("dominated, uniform", uniform, diamond),
        ]

    def lines(self) -> list[Figure]:
        """Best accuracy up to every energy: of all timesteps, and of the uniform ones alone."""
        if not self._view.has_staircase:
            return []
        uniform = [point for point in self._front.feasible if point.is_uniform]
        best_of_all = stairs_of(self._front, list(self._front.feasible), self.x_metric)
        best_uniform = stairs_of(self._front, uniform, self.x_metric)
        lines = [
            ("best of all", best_of_all, SKY, "solid"),
            ("best uniform", best_uniform, ORANGE, "6px,4px"),
        ]
        return [self._steps(*line) for line in lines if len(line[1]) > 1]  # one point makes no line

    def uniform(self) -> list[Figure]:
        """A diamond around the uniform points of the front and those that the page names, with their timesteps."""
        points = uniform_points(self._front) if self._view.has_staircase else []
        points += [point for point in self._front.points if point.is_uniform and point not in points]
        diamond = {"size": 17, "symbol": "diamond-open", "color": ORANGE, "line": {"width": 2}}
        text = {
            "text": [escape(label) for label in labels_of(points, self._front.complete).values()],
            "textfont": {"color": ORANGE, "size": 12},
        }
        labels = {"mode": "markers+text", "textposition": "bottom right"} | text
        return [trace | labels for trace in self._markers("uniform timesteps", points, diamond)]

    def front(self) -> list[Figure]:
        """The non-dominated trials, coloured by the third objective where there is one."""
        marker: dict[str, Any] = {"size": 13, "color": BLUE, "line": _EDGE}
        values = self._values(self._front.points, self.color_metric) if self.color_metric else []
        if self.color_metric and len(set(values)) > 1:
            scale = Scale(self.color_metric, values)
            bar = {
                "title": {"text": scale.title, "side": "right"},
                "thickness": 12,
                "outlinewidth": 0,
                "len": 0.85,
            }
            marker |= {"color": [scale(value) for value in values], "colorscale": RAMP, "colorbar": bar}
        return self._markers("front", self._front.points, marker)

    def labels(self) -> list[Figure]:
        """The timesteps of the non-uniform points of the front; the page's code leaves out what finds no room."""
        points = [point for point in self._front.points if point.timesteps and not point.is_uniform]
        text = [escape(label) for label in labels_of(points, self._front.complete).values()]
        label = {"mode": "text", "text": text, "textposition": "bottom right", "hoverinfo": "skip"}
        look = {"textfont": {"color": MUTED, "size": 12}, "showlegend": False}
        return [self._points("labels", points) | label | look] if points else []

    def knee(self) -> list[Figure]:
        """A ring around the knee, with its name."""
        knee = self._front.knee
        if knee is None:
            return []
        ring = {"size": 22, "symbol": "circle-open", "color": INK, "line": {"width": 2}}
        label = {"mode": "markers+text", "text": ["knee"], "textposition": "top left", "hoverinfo": "skip"}
        return [self._points("knee", [knee]) | label | {"marker": ring}]

    def evidence(self) -> list[Figure]:
        """Means of fresh trainings, candidates and verdicts, and how much was confirmed to be saved."""
        return [*self._marks.bars(), *self._marks.candidates(), *self._marks.saving()]

    def layout(self) -> dict[str, Any]:
        """Both axes, the legend above them, the limits, and an arrow for a confirmed saving."""
        trials = (
            {"tick0": 0, "dtick": round_step(len(self._front.complete))} if self.x_metric == "trial" else {}
        )
        return layout(
            height=560,
            margin={"l": 68, "r": 24, "t": 48, "b": 56},
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"},
            xaxis=self.x.axis() | trials,
            yaxis=self.y.axis(),
            annotations=self._marks.arrow(),
            shapes=limit_shapes(self._front, self.x, self.y),
            hovermode="closest",
        )

    def _scale(self, metric: str) -> Scale:
        costs = {objective.name for objective in self._front.objectives if objective.direction == "minimize"}
        bars = self._evidence.bars
        means = (
            [m.metrics[metric].value for m in bars.members.values() if metric in m.metrics] if bars else []
        )
        values = [*self._values(self._front.complete, metric), *limits_on(self._front, metric), *means]
        return Scale(metric, values, is_cost=metric in costs)

    def _markers(self, name: str, points: Sequence[Point], marker: dict[str, Any]) -> list[Figure]:
        if not points:
            return []
        hover = [
            [p.number, hover_text(p, self._view.trials[p.number], self._front, self._profile)] for p in points
        ]
        more = {"customdata": hover, "hovertemplate": "%{customdata[1]}<extra></extra>"}
        return [self._points(name, points) | {"mode": "markers", "marker": marker} | more]

    def _steps(self, name: str, points: Sequence[Point], color: str, dash: str) -> Figure:
        line = {"shape": "hv", "width": 2, "color": color, "dash": dash}
        return self._points(name, points) | {"mode": "lines", "hoverinfo": "skip", "line": line}

    def _points(self, name: str, points: Sequence[Point]) -> Figure:
        xs = [self.x(value) for value in self._values(points, self.x_metric)]
        ys = [self.y(value) for value in self._values(points, self.y_metric)]
        return {"type": "scatter", "name": name, "x": xs, "y": ys}

    def _values(self, points: Sequence[Point], metric: str) -> list[float]:
        return [float(p.number) if metric == "trial" else p.metrics.get(metric, math.nan) for p in points]


_EDGE = {"width": 1.2, "color": "#ffffff"}
