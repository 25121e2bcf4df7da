"""Which configurations are worth their cost: dominance, hypervolume, knee, choice under limits, comparison.

Everything here works on numbers that a run already holds; it needs neither torch nor the engine. Two gauges
are used throughout:

- *dominance* compares the objectives as they are: no worse in any, better in one. Equal points do not
  dominate each other.
- the *gain* of an objective is 0 at the reference (the worst that counts) and 1 at the ideal, both fixed when
  a run is created. It is linear for what is maximised and logarithmic for a cost, so that halving a cost is
  worth the same anywhere. The hypervolume is the part of the box of gains that the front covers, in [0, 1].
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import moocore
import numpy as np

from tsearch.errors import TsearchError, did_you_mean
from tsearch.front.gains import Array, best_row, gain, hypervolume, outward
from tsearch.units import format_value, title, violation

if TYPE_CHECKING:
    import pandas as pd

    from tsearch.configuration import Result
    from tsearch.engine.run_folder import Run, Trial
    from tsearch.space.goals import Objective

Limits = Mapping[str, tuple[float | None, float | None]]


@dataclass(frozen=True)
class Point:
    """A complete trial: what was tried and what it earned. `n_validation` samples are behind its accuracy."""

    number: int
    key: str
    metrics: Mapping[str, float]
    timesteps: tuple[int, ...]
    stages: tuple[int, ...]
    origin: str = "proposed"
    n_validation: int | None = None

    @property
    def is_uniform(self) -> bool:
        """Whether every stage has the same timesteps."""
        return len(set(self.timesteps)) == 1


@dataclass(frozen=True)
class Front:
    """The complete trials of a run, in the order of finishing, and the objectives they are measured by.

    Points that break one of the run's `limits` (its constraints) are never on the front and cover no volume.
    """

    complete: tuple[Point, ...]
    objectives: tuple["Objective", ...]
    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    name: str = ""
    limits: "Limits" = field(default_factory=dict)

    @classmethod
    def of(cls, run: "Run") -> "Front":
        """The front of a run, as opened from its folder."""
        done = [trial for trial in run.trials if trial.state == "complete"]
        done.sort(key=lambda trial: (trial.finished or "", trial.number))
        points = tuple(_point(trial, trial.result) for trial in done if trial.result is not None)
        return cls(points, tuple(run.objectives), run.reference, run.ideal, run.name, run.limits)

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The points that no other one dominates, cheapest in the first cost first; equal points all stay."""
        chosen = [point for point, on_front in zip(self.complete, self._is_on_front, strict=True) if on_front]
        costs = [objective.name for objective in self.objectives if objective.direction == "minimize"]
        by = costs[0] if costs else self.objectives[0].name
        return tuple(sorted(chosen, key=lambda point: (point.metrics[by], point.number)))

    @cached_property
    def dominated(self) -> tuple[Point, ...]:
        """The other complete points, in the order of finishing."""
        return tuple(
            point for point, on_front in zip(self.complete, self._is_on_front, strict=True) if not on_front
        )

    @cached_property
    def hypervolume(self) -> float:
        """Part of the box between reference and ideal that the front covers, in [0, 1]."""
        return hypervolume(self.gains([point for point in self.complete if self.is_feasible(point)]))

    def is_feasible(self, point: Point) -> bool:
        """Whether a point keeps all limits of the run."""
        return _excess(point, self.limits) == 0

    @cached_property
    def hypervolume_curve(self) -> tuple[float, ...]:
        """The hypervolume after each complete trial, in the order of finishing; it never falls."""
        gains, covering, curve = self.gains(self.complete), np.empty((0, len(self.objectives))), []
        for point, row in zip(self.complete, gains, strict=True):
            if self.is_feasible(point) and not np.any(np.all(covering >= row, axis=1)):
                covering = np.vstack([covering[~np.all(covering <= row, axis=1)], row])
            curve.append(hypervolume(covering))
        return tuple(np.maximum.accumulate(curve).tolist()) if curve else ()

    @cached_property
    def knee(self) -> Point | None:
        """The point of the front that lies furthest beyond the line (three objectives: plane) through its
        extremes, in gains.

        An extreme is the best point in one objective. Where extremes (almost) coincide, as two costs that
        move together make them, the plane is not settled by them and treats the objectives left open alike.
        None with fewer than three points, or when none lies beyond the extremes.
        """
        points = self.points
        if len({tuple(self._values(point)) for point in points}) < 3:
            return None
        gains = self.gains(points, clip=False)
        extremes = gains[[best_row(gains, column) for column in range(gains.shape[1])]]
        heights = gains @ outward(extremes)
        winner = int(np.argmax(heights))
        return points[winner] if heights[winner] > (extremes @ outward(extremes)).max() + 1e-9 else None

    def gains(self, points: Sequence[Point], *, clip: bool = True) -> Array:
        """One row per point and one column per objective: 0 at the reference, 1 at the ideal; `clip`
        keeps them in [0, 1].
        """
        columns = [
            [
                gain(
                    point.metrics.get(o.name, math.nan),
                    self.reference[o.name],
                    self.ideal[o.name],
                    o.direction,
                )
                for point in points
            ]
            for o in self.objectives
        ]
        gains = np.array(columns, dtype=float).T.reshape(len(points), len(self.objectives))
        return np.clip(gains, 0.0, 1.0) if clip else gains

    def best(self, objective: str, constraints: Limits | None = None) -> Point:
        """The best of all complete points that keep every limit `{metric: (minimum, maximum)}`; None leaves a
        side open.

        Ties go to the better point in the other objectives, then to the earlier trial. A metric that is no
        objective counts as a cost, except an accuracy. Raises: TsearchError for an unknown metric; and when
        no point keeps the limits, with the nearest miss.
        """
        limits = dict(constraints or {})
        if not self.complete:
            raise TsearchError(
                f"{self._where}: no trial is complete yet, so there is nothing to choose from."
            )
        for metric in (objective, *limits):
            self.require(metric)
        usable = [point for point in self.complete if math.isfinite(point.metrics.get(objective, math.nan))]
        allowed = [point for point in usable if _excess(point, limits) == 0]
        if not allowed:
            raise TsearchError(self._nearest_miss(usable or list(self.complete), limits))
        others = [o.name for o in self.objectives if o.name != objective]
        return min(
            allowed,
            key=lambda point: (*(self._loss(point, name) for name in (objective, *others)), point.number),
        )

    def to_pandas(self) -> "pd.DataFrame":
        """One row per complete trial in the order of finishing: trial, on_front, knee, origin,
        stages, timesteps, all metrics.
        """
        import pandas as pd

        on_front = {point.number for point in self.points}
        metrics = list(
            dict.fromkeys([o.name for o in self.objectives] + [m for p in self.complete for m in p.metrics])
        )
        columns = ["trial", "on_front", "knee", "origin", "stages", "timesteps", *metrics]
        rows = [
            [p.number, p.number in on_front, p == self.knee, p.origin, p.stages, p.timesteps]
            + [p.metrics.get(metric, math.nan) for metric in metrics]
            for p in self.complete
        ]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def _is_on_front(self) -> tuple[bool, ...]:
        # moocore lets a row with NaN dominate others, so only rows of finite numbers are shown to it.
        values = np.array([self._values(point) for point in self.complete], dtype=float).reshape(
            -1, len(self.objectives)
        )
        feasible = np.array([self.is_feasible(point) for point in self.complete], dtype=bool)
        is_finite = np.isfinite(values).all(axis=1) & feasible
        on_front = np.zeros(len(values), dtype=bool)
        if is_finite.any():
            upwards = [objective.direction == "maximize" for objective in self.objectives]
            on_front[is_finite] = moocore.is_nondominated(
                values[is_finite], maximise=upwards, keep_weakly=True
            )
        return tuple(bool(flag) for flag in on_front)

    @property
    def _where(self) -> str:
        return f"run {self.name}" if self.name else "this front"

    def _values(self, point: Point) -> list[float]:
        return [point.metrics.get(objective.name, math.nan) for objective in self.objectives]

    def _loss(self, point: Point, metric: str) -> float:
        directions = {objective.name: objective.direction for objective in self.objectives}
        guess = "maximize" if metric.endswith("accuracy") else "minimize"
        value = point.metrics.get(metric, math.nan)
        loss = -value if directions.get(metric, guess) == "maximize" else value
        return math.inf if math.isnan(loss) else loss

    def require(self, metric: str) -> None:
        """Raise TsearchError, with what is known, if no complete point has `metric`."""
        known = sorted({name for point in self.complete for name in point.metrics})
        if metric not in known:
            hint = did_you_mean(metric, known)
            raise TsearchError(
                f"{self._where}: unknown metric '{metric}'.{hint} Known metrics: {', '.join(known)}."
            )

    def _nearest_miss(self, points: Sequence[Point], limits: Limits) -> str:
        nearest = min(points, key=lambda point: (_excess(point, limits), point.number))
        asked = " and ".join(_limit_text(metric, *limit) for metric, limit in limits.items())
        has = ", ".join(f"{title(m)} {format_value(nearest.metrics.get(m, math.nan), m)}" for m in limits)
        return (
            f"{self._where}: no complete trial has {asked}. "
            f"The nearest is trial {nearest.number} with {has}: loosen the limit."
        )


@dataclass(frozen=True)
class Comparison:
    """Two fronts in one box: the worse of both references, the better of both ideals.

    `covered_a` is the part of the points of `a` that some point of `b` equals or dominates, and the other way
    round.
    """

    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    hypervolume_a: float
    hypervolume_b: float
    covered_a: float
    covered_b: float


def compare(a: Front, b: Front) -> Comparison:
    """Two fronts against a common reference. Raises: TsearchError when their objectives differ."""
    if a.objectives != b.objectives:
        ours, theirs = (", ".join(f"{o.name} ({o.direction})" for o in front.objectives) for front in (a, b))
        raise TsearchError(
            f"{a._where} and {b._where} have different objectives: {ours} against {theirs}. "
            "Compare runs that agree."
        )
    upwards = {o.name: o.direction == "maximize" for o in a.objectives}
    reference = {n: (min if up else max)(a.reference[n], b.reference[n]) for n, up in upwards.items()}
    ideal = {n: (max if up else min)(a.ideal[n], b.ideal[n]) for n, up in upwards.items()}
    one, two = (replace(front, reference=reference, ideal=ideal) for front in (a, b))
    return Comparison(
        reference, ideal, one.hypervolume, two.hypervolume, _covered(one, two), _covered(two, one)
    )


def _covered(ours: Front, theirs: Front) -> float:
    losses = [
        np.array([[f._loss(p, o.name) for o in f.objectives] for p in f.points]) for f in (ours, theirs)
    ]
    if not ours.points or not theirs.points:
        return 0.0
    return float(np.mean(np.any(np.all(losses[1][None] <= losses[0][:, None], axis=2), axis=1)))


def _point(trial: "Trial", result: "Result") -> Point:
    return Point(
        number=trial.number,
        key=trial.key,
        metrics=result.metrics,
        timesteps=trial.configuration.timesteps,
        stages=trial.configuration.stages,
        origin=trial.origin,
        n_validation=result.n_samples.get("validation"),
    )


def _excess(point: Point, limits: Limits) -> float:
    """By how much a point breaks its limits, relative to them, at worst; 0 when it keeps them all."""
    worst = (violation(point.metrics.get(metric, math.nan), *limit) for metric, limit in limits.items())
    return max(worst, default=0.0)


def _limit_text(metric: str, low: float | None, high: float | None) -> str:
    sides = [
        f"{word} {format_value(v, metric)}"
        for word, v in (("at least", low), ("at most", high))
        if v is not None
    ]
    return f"{title(metric)} {' and '.join(sides)}"
