"""What the page tells of a run, gathered once: plain numbers and words, read from results and never computed anew."""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tsearch.front import Front, Point
from tsearch.saving import Saving, cost_metric, staircase, uniform_saving

if TYPE_CHECKING:
    from tsearch.configuration import Configuration, Result
    from tsearch.engine.run_folder import Run, Trial

Breakdown = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Facts:
    """One complete trial. `energy` is pJ by profile, layer and kind; `rates` spikes per neuron, by layer and timestep."""

    point: Point
    schedule: str
    costs: Mapping[str, Mapping[str, Any]]
    energy: Mapping[str, Breakdown]
    rates: Mapping[str, tuple[float, ...]]
    command: str

    def by_kind(self, profile: str) -> dict[str, float]:
        """Energy under `profile` summed over the layers, in pJ, largest kind first."""
        total: dict[str, float] = {}
        for kinds in self.energy.get(profile, {}).values():
            for kind, energy in kinds.items():
                total[kind] = total.get(kind, 0.0) + energy
        return dict(sorted(total.items(), key=lambda entry: -entry[1]))


@dataclass(frozen=True)
class RunFacts:
    """A run and its complete trials by number; profiles are those that every result was priced under, the searched one first."""

    run: "Run"
    front: Front
    trials: Mapping[int, Facts]
    profiles: tuple[str, ...]

    @property
    def main(self) -> str:
        """The profile that the objectives read; '' where nothing was priced."""
        return self.profiles[0] if self.profiles else ""

    @cached_property
    def saving(self) -> Saving:
        return uniform_saving(self.front)

    @cached_property
    def failed(self) -> tuple["Trial", ...]:
        return tuple(trial for trial in self.run.trials if trial.state == "failed")

    @cached_property
    def axes(self) -> tuple[str, str, str | None]:
        """Metrics of the front's two axes and of its colour: what is maximised upwards, the saving's cost to the right."""
        names = [objective.name for objective in self.front.objectives]
        upwards = [o.name for o in self.front.objectives if o.direction == "maximize"]
        y = upwards[0] if upwards else names[0]
        others = [name for name in names if name != y]
        cost = cost_metric(self.front)
        x = cost if cost in others else others[0] if others else "trial"
        rest = [name for name in others if name != x]
        return x, y, rest[0] if rest else None

    @cached_property
    def uniform(self) -> tuple[Point, ...]:
        """The baselines with uniform timesteps, or where none were run the uniform points worth their cost; fewest steps first."""
        points = [point for point in self.front.complete if point.is_uniform]
        baselines = [point for point in points if point.origin == "baseline"]
        return tuple(sorted(baselines or points, key=lambda point: (point.timesteps[0], point.number)))

    @cached_property
    def chosen(self) -> tuple[tuple[str, Point], ...]:
        """Up to three points to look at closely, each with its name: both ends of the front, and the knee between them."""
        if not self.front.points:
            return ()
        x, y, _ = self.axes
        cheapest = min(self.front.points, key=lambda point: (self.value(point, x), point.number))
        named = [(f"lowest {_short(x)}", cheapest)]
        if self.front.knee:
            named.append(("knee", self.front.knee))
        named.append((f"best {_short(y)}", self.front.best(y)))
        seen: set[int] = set()
        return tuple((n, p) for n, p in named if not (p.number in seen or seen.add(p.number)))  # type: ignore[func-returns-value]

    def value(self, point: Point, metric: str, profile: str = "") -> float:
        """A metric of a point; energy under another profile than the searched one comes from that profile's cost."""
        if metric == "trial":
            return float(point.number)
        if metric == "energy_pj" and profile not in ("", self.main):
            return float(self.trials[point.number].costs[profile]["total_pj"])
        return float(point.metrics.get(metric, math.nan))

    def stairs(self, points: tuple[Point, ...], profile: str = "") -> list[Point]:
        """The points that no other one beats on the two axes of the front together, lowest x first."""
        x, y, _ = self.axes
        return staircase([p for p in points], lambda p: self.value(p, x, profile), lambda p: self.value(p, y))


def gather(run: "Run") -> RunFacts:
    """All that the page shows of `run`."""
    name = run.name if run.folder.parent.name == "runs" else str(run.folder)
    trials = {
        trial.number: _facts(trial.result, Front.point(trial, trial.result), shlex.quote(name))
        for trial in run.results
        if trial.result is not None
    }
    wanted = (run.task.hardware.profile, *run.task.hardware.also)
    profiles = tuple(p for p in wanted if trials and all(p in facts.costs for facts in trials.values()))
    return RunFacts(run, Front.of(run), trials, profiles)
