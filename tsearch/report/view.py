"""What the page shows of a run, gathered once from its results: nothing is computed anew."""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tsearch.configuration import Configuration
from tsearch.front import Front, Point
from tsearch.front.saving import cost_metric, staircase
from tsearch.report.trial_view import TrialView, trial_view
from tsearch.units import title

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run, Trial


@dataclass(frozen=True)
class RunView:
    """A run, its front and its complete trials by number.

    `profiles` are those that every result was priced under, the searched one first; `on_test` holds accuracy and number
    of samples on test data, by trial, where they were measured.
    """

    run: "Run"
    front: Front
    trials: Mapping[int, TrialView]
    profiles: tuple[str, ...]
    on_test: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The profile that the objectives read; '' where nothing was priced."""
        return next(iter(self.profiles), "")

    @cached_property
    def are_networks(self) -> bool:
        """Whether all that was tried are networks."""
        return all(isinstance(trial.configuration, Configuration) for trial in self.run.trials)

    @cached_property
    def failed(self) -> tuple["Trial", ...]:
        """Trials that gave no result."""
        return tuple(trial for trial in self.run.trials if trial.state == "failed")

    @cached_property
    def axes(self) -> tuple[str, str, str | None]:
        """Metrics on the axes: right (the cost of the saving), up (what is maximised), and as colour."""
        names = [objective.name for objective in self.front.objectives]
        upwards = [o.name for o in self.front.objectives if o.direction == "maximize"]
        y = upwards[0] if upwards else names[0]
        others = [name for name in names if name != y]
        cost = cost_metric(self.front)
        x = cost if cost in others else others[0] if others else "trial"
        return x, y, next((name for name in others if name != x), None)

    @cached_property
    def has_staircase(self) -> bool:
        """Whether the axes are a cost and an accuracy, for which lines of the best accuracy up to a cost are drawn."""
        return self.axes[1] == "accuracy" and self.axes[0] == cost_metric(self.front)

    @cached_property
    def chosen(self) -> tuple[tuple[str, Point], ...]:
        """Up to three points for the panels, with names: both ends of the front, and the knee between them."""
        if not self.front.points:
            return ()
        x, y, _ = self.axes
        names = (
            ("cheapest", "most accurate") if self.has_staircase else (f"best {title(x)}", f"best {title(y)}")
        )
        named = [(names[0], self.front.best(x) if x != "trial" else self.front.points[0])]
        named += [("knee", self.front.knee)] if self.front.knee else []
        named += [(names[1], self.front.best(y))]
        return tuple({point.number: (name, point) for name, point in reversed(named)}.values())[::-1]

    def under(self, profile: str) -> Front:
        """The same trials with energy and latency as `profile` prices them."""
        if profile == self.main:
            return self.front
        return replace(
            self.front, complete=tuple(self._repriced(point, profile) for point in self.front.complete)
        )

    def _repriced(self, point: Point, profile: str) -> Point:
        cost = self.trials[point.number].costs[profile]
        prices = {"energy_pj": cost.total_pj, "latency_s": cost.latency_s}
        return replace(
            point, metrics=dict(point.metrics) | {m: v for m, v in prices.items() if m in point.metrics}
        )


def gather(run: "Run") -> RunView:
    """All that the page shows of `run`, but for accuracies on test."""
    name = run.name if run.folder.parent.name == "runs" else str(run.folder)
    trials = {
        trial.number: trial_view(
            trial.configuration, trial.result, f"{shlex.quote(name)} --trial {trial.number}"
        )
        for trial in run.trials
        if trial.result is not None and trial.state == "complete"
    }
    searched = dict.fromkeys((run.task.hardware.profile, *run.task.hardware.also))
    profiles = tuple(p for p in searched if trials and all(p in trial.costs for trial in trials.values()))
    return RunView(run, Front.of(run), trials, profiles)


def uniform_points(front: Front) -> list[Point]:
    """The uniform points that the page names, fewest timesteps first: those that no other uniform one beats in accuracy
    and cost, and of every other number of timesteps the most accurate.
    """
    points = [point for point in front.complete if point.is_uniform]
    cost = cost_metric(front)
    chosen = stairs_of(front, points, cost) if cost else []
    for timesteps in sorted(
        {point.timesteps[0] for point in points} - {point.timesteps[0] for point in chosen}
    ):
        equal = [point for point in points if point.timesteps[0] == timesteps]
        chosen.append(max(equal, key=lambda point: (point.metrics.get("accuracy", -math.inf), -point.number)))
    return sorted(chosen, key=lambda point: (point.timesteps[0], point.number))


def stairs_of(front: Front, points: list[Point], cost: str) -> list[Point]:
    """The staircase of those `points` of a front whose accuracy and cost are numbers."""
    usable = [p for p in points if all(math.isfinite(p.metrics.get(m, math.nan)) for m in ("accuracy", cost))]
    return staircase(usable, cost) if front.complete else []
