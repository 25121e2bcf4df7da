"""What the page shows of a run, gathered once from its results: nothing is computed anew."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING

from tsearch.configuration import Configuration
from tsearch.engine.state import RunState, as_arguments, state_of
from tsearch.front import Front, Point
from tsearch.front.broken import nearest_misses
from tsearch.front.point import have_families
from tsearch.front.staircase import cost_metric, staircase
from tsearch.replication.confirmation.stored import verdicts_of
from tsearch.replication.confirmation.verdict import Verdict
from tsearch.replication.evidence import Evidence
from tsearch.report.trial_view import TrialView, trial_view
from tsearch.units import title

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run, Trial
    from tsearch.report.activations import Shown


@dataclass(frozen=True)
class RunView:
    """A run, its state, its front and its complete trials by number, at the moment `written`.

    `profiles` are those that every result was priced under, the searched one first; `verdicts` are those of
    confirmations; `on_test` holds accuracy and number of samples on test data, by trial, where they were measured;
    `activations` are those of the `longest` trial, where they were measured.
    """

    run: "Run"
    state: RunState
    written: datetime
    front: Front
    trials: Mapping[int, TrialView]
    profiles: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()
    on_test: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    activations: "Shown | None" = None

    @property
    def main(self) -> str:
        """The profile that the objectives read; '' where nothing was priced."""
        return next(iter(self.profiles), "")

    @cached_property
    def evidence(self) -> Evidence:
        """Error bars, verdicts and the gap to test, all under the searched profile."""
        return Evidence(self.front, self.verdicts, self.on_test)

    @cached_property
    def are_networks(self) -> bool:
        """Whether all that was tried are networks."""
        return all(isinstance(trial.configuration, Configuration) for trial in self.run.trials)

    @cached_property
    def has_families(self) -> bool:
        """Whether the complete trials are networks of several families."""
        return have_families(self.front.complete)

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
    def are_exported(self) -> bool:
        """Whether a trial can be exported."""
        return any(trial.command for trial in self.trials.values())

    @cached_property
    def chosen(self) -> tuple[tuple[str, Point], ...]:
        """The points for the panels, with their names."""
        points = {point.number: point for point in self.front.complete}
        return tuple((name, points[number]) for number, name in self.roles(self.main).items())

    @property
    def main_point(self) -> Point:
        """The knee, or what else stands out first; there must be a complete trial."""
        return dict(self.chosen).get("knee", self.chosen[0][1])

    @property
    def longest(self) -> Point | None:
        """The network that tells most of what time does: of those without masks, if there are any, the one with the
        most timesteps, mean over its blocks, and of several the most accurate. None where there is no network."""
        networks = [point for point in self.front.complete if point.configuration is not None]
        plain = [point for point in networks if not point.is_masked]
        return max(plain or networks, key=_time_and_accuracy, default=None)

    def roles(self, profile: str) -> dict[int, str]:
        """Names of the trials that stand out under `profile`: both ends of the front and the knee between them; where
        no trial keeps the limits, the one that comes nearest to them.
        """
        front, (x, y, _) = self.under(profile), self.axes
        if not front.points:
            nearest = nearest_to_limits(front)
            return {nearest.number: "nearest to the limits"} if nearest else {}
        ends = (
            ("cheapest", "most accurate") if self.has_staircase else (f"best {title(x)}", f"best {title(y)}")
        )
        first = front.best(x) if x != "trial" else front.points[0]
        roles: dict[int, str] = {}
        for name, point in ((ends[0], first), ("knee", front.knee), (ends[1], front.best(y))):
            if point is not None:
                roles.setdefault(point.number, name)
        return roles

    def under(self, profile: str) -> Front:
        """The same trials with energy and latency as `profile` prices them."""
        return self._fronts.get(profile, self.front)

    @cached_property
    def _fronts(self) -> dict[str, Front]:
        """The front of every profile but the searched one, made once: its points are cached in it."""
        complete = self.front.complete
        return {
            profile: replace(self.front, complete=tuple(self._repriced(point, profile) for point in complete))
            for profile in self.profiles[1:]
        }

    def _repriced(self, point: Point, profile: str) -> Point:
        cost = self.trials[point.number].costs[profile]
        prices = {"energy_pj": cost.total_pj, "latency_s": cost.latency_s}
        return replace(
            point,
            metrics=dict(point.metrics) | {m: v for m, v in prices.items() if m in point.metrics},
            replicates=(),  # their costs are known under the searched profile alone
        )


def gather(run: "Run") -> RunView:
    """All that the page shows of `run`, but for accuracies on test."""
    trials = {
        trial.number: trial_view(trial.configuration, trial.result, _export_command(run, trial))
        for trial in run.trials
        if trial.result is not None and trial.state == "complete"
    }
    searched = dict.fromkeys((run.task.hardware.profile, *run.task.hardware.also))
    profiles = tuple(p for p in searched if trials and all(p in trial.costs for trial in trials.values()))
    return RunView(run, state_of(run), datetime.now(UTC), Front.of(run), trials, profiles, verdicts_of(run))


def _export_command(run: "Run", trial: "Trial") -> str:
    """The command that exports a trial; '' where the run holds no weights of it."""
    can_be = isinstance(trial.configuration, Configuration) and run.has_checkpoint(trial)
    return f"tsearch export {as_arguments(run)} --trial {trial.number}" if can_be else ""


def nearest_to_limits(front: Front) -> Point | None:
    """The complete point that breaks the limits of a front least; None where there is no complete one."""
    return next(iter(nearest_misses(front.complete, front.constraints)), None)


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


def _time_and_accuracy(point: Point) -> tuple[float, float]:
    of_blocks = [
        t for t, n_blocks in zip(point.timesteps, point.stages, strict=True) for _ in range(n_blocks)
    ]
    return fmean(of_blocks), point.metrics.get("accuracy", 0.0)
