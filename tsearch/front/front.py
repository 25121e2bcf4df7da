"""The front of a run: the points that no other one dominates, their hypervolume, and the best among them.

Everything here works on numbers that a run already holds; it needs neither torch nor the engine.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tsearch.front.choice import best_point, require_metric
from tsearch.front.constraints import Constraints, violation
from tsearch.front.dominance import are_on_front
from tsearch.front.gains import Array, gain, hypervolume, hypervolume_curve
from tsearch.front.knee import knee_row
from tsearch.front.point import Point, point_of, setting_names
from tsearch.space.goals import Objective

if TYPE_CHECKING:
    import pandas as pd

    from tsearch.engine.run_folder import Run, Trial


@dataclass(frozen=True)
class Front:
    """The complete trials of a run, in the order of finishing, and the objectives they are measured by.

    Points that break one of the run's `constraints` are never on the front and cover no volume. `reference` and
    `ideal`, the worst and the best value of every objective, are the corners of the box in which hypervolumes are
    measured; where an objective is missing in them, there is no box, no hypervolume and no knee.
    """

    complete: tuple[Point, ...]
    objectives: tuple[Objective, ...]
    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    name: str = ""
    constraints: Constraints = field(default_factory=dict)

    @classmethod
    def of(cls, run: "Run") -> "Front":
        """The front of a run, as opened from its folder."""
        return cls.of_trials(
            run.trials,
            run.objectives,
            reference=run.reference,
            ideal=run.ideal,
            name=run.name,
            constraints=run.constraints,
        )

    @classmethod
    def of_trials(
        cls,
        trials: "Sequence[Trial]",
        objectives: Sequence[Objective],
        *,
        reference: Mapping[str, float],
        ideal: Mapping[str, float],
        name: str = "",
        constraints: Constraints | None = None,
    ) -> "Front":
        """The front of those trials that are complete, in any order."""
        complete = [trial for trial in trials if trial.state == "complete"]
        complete.sort(key=lambda trial: (trial.finished or "", trial.number))
        points = tuple(point_of(trial, trial.summary) for trial in complete if trial.summary is not None)
        return cls(points, tuple(objectives), reference, ideal, name, constraints or {})

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The points that no other one dominates, cheapest in the first cost first; equal points all stay."""
        feasible = self._feasible
        flags = are_on_front(feasible, self.objectives)
        chosen = [point for point, is_on_front in zip(feasible, flags, strict=True) if is_on_front]
        by = next((o.name for o in self.objectives if not o.is_maximized), self.objectives[0].name)
        return tuple(sorted(chosen, key=lambda point: (point.metrics[by], point.number)))

    @cached_property
    def dominated(self) -> tuple[Point, ...]:
        """The other complete points, in the order of finishing."""
        on_front = {id(point) for point in self.points}
        return tuple(point for point in self.complete if id(point) not in on_front)

    @property
    def has_box(self) -> bool:
        """Whether the worst and the best value of every objective are known."""
        return all(o.name in self.reference and o.name in self.ideal for o in self.objectives)

    @cached_property
    def hypervolume(self) -> float | None:
        """Part of the box between reference and ideal that the front covers, in [0, 1]; None without a box."""
        return hypervolume(self.gains(self._feasible)) if self.has_box else None

    @cached_property
    def hypervolume_curve(self) -> tuple[float, ...]:
        """The hypervolume after each complete trial, in the order of finishing; it never falls. () without a box."""
        if not self.has_box:
            return ()
        gains = self.gains(self.complete)
        gains[[not self.is_feasible(point) for point in self.complete]] = 0.0  # covers nothing
        return hypervolume_curve(gains)

    @cached_property
    def knee(self) -> Point | None:
        """The point of the front furthest beyond the line through its extremes; None where none stands out (see
        `tsearch.front.knee`), and without a box."""
        row = knee_row(self.gains(self.points, clip=False)) if self.has_box else None
        return None if row is None else self.points[row]

    def is_feasible(self, point: Point) -> bool:
        """Whether a point keeps all constraints of the run."""
        return violation(point.metrics, self.constraints) == 0

    def gains(self, points: Sequence[Point], *, clip: bool = True) -> Array:
        """One row per point and one column per objective: 0 at the reference, 1 at the ideal; `clip`
        keeps them in [0, 1].
        """
        columns = [
            [gain(p.metrics.get(o.name, math.nan), worst, best, o.direction) for p in points]
            for o, worst, best in ((o, self.reference[o.name], self.ideal[o.name]) for o in self.objectives)
        ]
        gains = np.array(columns, dtype=float).T.reshape(len(points), len(self.objectives))
        return np.clip(gains, 0.0, 1.0) if clip else gains

    def best(self, objective: str, constraints: Constraints | None = None) -> Point:
        """The best of all complete points that keep every constraint `{metric: (minimum, maximum)}`; None leaves a
        side open.

        Ties go to the better point in the other objectives, then to the earlier trial. A metric that is no
        objective counts as a cost, except an accuracy. Raises: TsearchError for an unknown metric; and when
        no point keeps the constraints, with the nearest miss.
        """
        return best_point(
            self.complete, objective, constraints or {}, objectives=self.objectives, where=self.where
        )

    def require(self, metric: str) -> None:
        """Raise TsearchError, with what is known, if no complete point has `metric`."""
        require_metric(self.complete, metric, self.where)

    def to_pandas(self) -> "pd.DataFrame":
        """One row per complete trial in the order of finishing: trial, on_front, knee, origin, stages and timesteps
        (parameters, where no networks were searched), all metrics.
        """
        import pandas as pd

        on_front = {point.number for point in self.points}
        settings = setting_names(self.complete)
        settings = settings if settings and not self.are_networks else ["stages", "timesteps"]
        names = [o.name for o in self.objectives] + [m for p in self.complete for m in p.metrics]
        metrics = list(dict.fromkeys(names))
        rows = [
            [p.number, p.number in on_front, p == self.knee, p.origin]
            + [p.settings.get(name) for name in settings]
            + [p.metrics.get(metric, math.nan) for metric in metrics]
            for p in self.complete
        ]
        return pd.DataFrame(rows, columns=["trial", "on_front", "knee", "origin", *settings, *metrics])

    @property
    def are_networks(self) -> bool:
        """Whether the complete trials are networks; they have timesteps and stages, others have parameters."""
        return any(point.timesteps for point in self.complete)

    @property
    def where(self) -> str:
        """How messages name this front."""
        return f"run {self.name}" if self.name else "this front"

    @cached_property
    def _feasible(self) -> list[Point]:
        return [point for point in self.complete if self.is_feasible(point)]
