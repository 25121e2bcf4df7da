"""The front of a run: the points that no other one dominates, their hypervolume, and the best among them.

Everything here works on numbers that a run already holds; it needs neither torch nor the engine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsearch.front.choice import best_point
from tsearch.front.constraints import Constraints, violation
from tsearch.front.dominance import are_on_front
from tsearch.front.gains import Array, gains_of, hypervolume, hypervolume_curve
from tsearch.front.knee import knee_row
from tsearch.front.metrics import known_metric, read_constraints
from tsearch.front.point import Point, fresh_metrics, point_of
from tsearch.front.tables import html_table, html_table_of_misses, table
from tsearch.space.goals import Objective
from tsearch.units import counted

if TYPE_CHECKING:
    import pandas as pd

    from tsearch.engine.run_folder import Run, Trial


@dataclass(frozen=True)
class Front:
    """The complete trials of a run, in the order of finishing, and the objectives they are measured by.

    Points that break one of the run's `constraints` are never on the front and cover no volume. `reference` and
    `ideal`, the worst and the best value of every objective, are the corners of the box in which hypervolumes are
    measured; where an objective is missing in them, there is no box, no hypervolume and no knee.

    The front is that of the single trainings that the search saw, whatever was trained again afterwards: fresh
    trainings stand in `Point.replicates`; `tsearch.replication.error_bars` makes means, intervals and probabilities
    of them.
    """

    complete: tuple[Point, ...]
    objectives: tuple[Objective, ...]
    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    name: str = ""
    constraints: Constraints = field(default_factory=dict)

    @classmethod
    def of(cls, run: "Run | str | Path") -> "Front":
        """The front of a run, given by its name or folder too. Raises: TsearchError if there is no such run."""
        if isinstance(run, str | Path):
            from tsearch.engine.run_folder import open_run

            run = open_run(run)
        box = {"reference": run.reference, "ideal": run.ideal}
        fresh = fresh_metrics(run)
        return cls.of_trials(
            run.trials,
            run.objectives,
            **box,
            name=run.name,
            constraints=run.constraints,
            fresh=fresh,
            alternative_of=run.alternative_of,
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
        fresh: Mapping[str, Sequence[Mapping[str, float]]] | None = None,
        alternative_of: Callable[[Any], str] = lambda _: "",
    ) -> "Front":
        """The front of those trials that are complete, in any order; `fresh` are the metrics of further trainings, by
        key, and `alternative_of` gives the name of a configuration's backbone in a space of several."""
        fresh = fresh or {}
        complete = [trial for trial in trials if trial.state == "complete"]
        complete.sort(key=lambda trial: (trial.finished or "", trial.number))
        points = tuple(
            point_of(trial, trial.summary, fresh.get(trial.key, ()), alternative_of(trial.configuration))
            for trial in complete
            if trial.summary is not None
        )
        return cls(points, tuple(objectives), reference, ideal, name, constraints or {})

    @property
    def by_number(self) -> tuple[Point, ...]:
        """The complete points in the order of their numbers, as tables list them."""
        return tuple(sorted(self.complete, key=lambda point: point.number))

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The points that no other one dominates, cheapest in the first cost first; equal points all stay."""
        flags = are_on_front(self.feasible, self.objectives)
        chosen = [point for point, is_on_front in zip(self.feasible, flags, strict=True) if is_on_front]
        by = next((o.name for o in self.objectives if not o.is_maximized), self.objectives[0].name)
        return tuple(sorted(chosen, key=lambda point: (point.metrics[by], point.number)))

    @cached_property
    def dominated(self) -> tuple[Point, ...]:
        """The other complete points, infeasible ones among them, in the order of finishing."""
        on_front = {id(point) for point in self.points}
        return tuple(point for point in self.complete if id(point) not in on_front)

    @cached_property
    def feasible(self) -> tuple[Point, ...]:
        """The complete points that keep all constraints of the run."""
        return tuple(point for point in self.complete if self.is_feasible(point))

    @cached_property
    def infeasible(self) -> tuple[Point, ...]:
        """The complete points that break one of the run's constraints."""
        return tuple(point for point in self.complete if not self.is_feasible(point))

    @property
    def has_box(self) -> bool:
        """Whether the worst and the best value of every objective are known."""
        return all(o.name in self.reference and o.name in self.ideal for o in self.objectives)

    @cached_property
    def hypervolume(self) -> float | None:
        """Part of the box between reference and ideal that the front covers, in [0, 1]; None without a box."""
        return hypervolume(self.gains(self.feasible)) if self.has_box else None

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
        return gains_of(points, self.objectives, self.reference, self.ideal, clip=clip)

    def best(self, metric: str, constraints: Mapping[str, Any] | None = None) -> Point:
        """The best of all complete points that keep the constraints of the run and those given.

        A metric has its own name or a short one (`energy`, `latency`, `footprint`, `acc`). Constraints are `{metric:
        (minimum, maximum)}`, None for an open side, or `{metric: bound}`: at most this for a cost, at least this for
        an accuracy and what is maximised. A bound is a number in the metric's unit or text such as "3uJ" and "80%".

        Ties go to the better point in the objectives, then to the earlier trial. A metric that is no objective counts
        as a cost, except an accuracy. Raises: TsearchError for an unknown metric, for what is no constraint, and when
        no point keeps them all, with the nearest miss.
        """
        return best_point(
            self.complete,
            self.require(metric),
            read_constraints(constraints or {}, self.require, self.objectives, self.where),
            of_run=self.constraints,
            objectives=self.objectives,
            where=self.where,
        )

    def require(self, metric: str) -> str:
        """The metric that a name or short name means. Raises: TsearchError, with what is known, where no complete
        point has it."""
        measured = dict.fromkeys(name for point in self.complete for name in point.metrics)
        return known_metric(metric, measured, self.objectives, self.where)

    def to_pandas(self) -> "pd.DataFrame":
        """One row per complete trial, by number: trial, on_front, knee, where there are constraints feasible, origin,
        stages and timesteps (parameters, where no networks were searched), all metrics; of networks the schedule as
        text, and every setting that differs between them, by its name in space files; the seconds of training, where
        known."""
        names = [objective.name for objective in self.objectives]
        feasible = self.feasible if self.constraints else None
        return table(self.by_number, names, on_front=self.points, knee=self.knee, feasible=feasible)

    @property
    def summary(self) -> str:
        """One line: '7 of 32 complete trials on the front, hypervolume 0.412, knee T=6 after 8 (trial 12)'."""
        n = counted(len(self.complete), "complete trial")
        parts = [f"{len(self.points)} of {n} on the front"]
        if self.infeasible:
            parts.append(f"{len(self.infeasible)} outside the run's constraints")
        if self.hypervolume is not None:
            parts.append(f"hypervolume {self.hypervolume:.3f}")
        if self.knee is not None:
            parts.append(f"knee {self.knee.label} (trial {self.knee.number})")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"Front({f'{self.name}: ' if self.name else ''}{self.summary})"

    def _repr_html_(self) -> str:
        """The front as a table for notebooks, or where it is empty what comes nearest to it, and the summary."""
        caption = f"{self.where}: {self.summary}"
        if not self.points:
            return html_table_of_misses(self.complete, self.objectives, self.constraints, caption)
        marks = {self.knee.number: "knee"} if self.knee else {}
        return html_table(self.points, self.objectives, marks, caption)

    @property
    def are_networks(self) -> bool:
        """Whether the complete trials are networks; they have timesteps and stages, others have parameters."""
        return any(point.timesteps for point in self.complete)

    @property
    def where(self) -> str:
        """How messages name this front."""
        return f"run {self.name}" if self.name else "this front"
