"""The phases of a run as a tree: what was trained once, and what began with it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tsearch.configuration import Configuration, Phase
from tsearch.engine.store import CheckpointName
from tsearch.errors import TsearchError
from tsearch.front.phases import phase_text, phases_of
from tsearch.report.view import RunView
from tsearch.units import counted, format_value

if TYPE_CHECKING:
    from tsearch.engine.lineage import Stop
    from tsearch.engine.run_folder import Trial

MOST_TRIALS = 40  # in the drawing


@dataclass(frozen=True)
class Node:
    """One phase that was trained: a stop, or the last phase of a trial."""

    title: str
    phase: str
    n_epochs: int
    metrics: Mapping[str, float]
    neurons: Mapping[str, Mapping[str, float]]
    children: "tuple[Node, ...]"
    is_ann: bool = False
    n_trials: int = 1
    is_trial: bool = False
    is_on_front: bool = False

    @cached_property
    def n_rows(self) -> int:
        """Rows that it takes in the drawing."""
        return sum(child.n_rows for child in self.children) or 1

    @property
    def facts(self) -> str:
        """'91.2 %, 3.1 µJ', as far as measured."""
        names = [
            name for name in ("accuracy", "energy_pj") if math.isfinite(self.metrics.get(name, math.nan))
        ]
        return ", ".join(format_value(self.metrics[name], name) for name in names)

    @property
    def use(self) -> str:
        """How many epochs it was trained, and how often that served."""
        if self.is_trial:
            return f"{counted(self.n_epochs, 'epoch')}, {self.title}"
        n_reused = self.n_trials - 1
        again = f", reused {'once' if n_reused == 1 else f'{n_reused} times'}" if n_reused else ""
        return f"{counted(self.n_epochs, 'epoch')} once{again}"


def drawn_trials(view: RunView) -> "tuple[Trial, ...]":
    """The trials at the ends of the tree, by number: all, or of many those of the front and the first others."""
    shared = {number for stop in view.run.stops for number in stop.trials}
    on_front = {point.number for point in view.front.points}
    trials = [t for t in view.run.trials if t.number in shared and isinstance(t.configuration, Configuration)]
    chosen = sorted(trials, key=lambda trial: (trial.number not in on_front, trial.number))[:MOST_TRIALS]
    return tuple(sorted(chosen, key=lambda trial: trial.number))


def tree_of(view: RunView) -> tuple[Node, ...]:
    """The beginnings of all trainings that are drawn."""
    trials = drawn_trials(view)
    stops = {stop.name: stop for stop in view.run.stops}
    ends: dict[CheckpointName | None, list[Trial]] = {}
    for trial in trials:
        behind = max((s for s in stops.values() if trial.number in s.trials), key=lambda s: s.name.epoch)
        ends.setdefault(behind.name, []).append(trial)
    numbers = {trial.number for trial in trials}
    shown = [stop for stop in stops.values() if numbers & set(stop.trials)]

    def below(name: CheckpointName | None) -> tuple[Node, ...]:
        further = [_stop_node(view, stop, below(stop.name)) for stop in shown if stop.parent == name]
        return (*further, *(_trial_node(view, trial) for trial in ends.get(name, ())))

    return below(None)


def _stop_node(view: RunView, stop: "Stop", children: tuple[Node, ...]) -> Node:
    try:
        neurons = stop.load().neurons
    except TsearchError:  # damaged: the next who wants it trains it again
        neurons = {}
    phase = phases_of(view.run, stop)[-1]
    return Node(
        title=stop.origin,
        phase=_named(view, view.run.trials[stop.number], phase),
        n_epochs=stop.n_epochs,
        metrics=stop.metrics,
        neurons=neurons,
        children=children,
        is_ann=phase.is_ann,
        n_trials=len(stop.trials),
    )


def _trial_node(view: RunView, trial: "Trial") -> Node:
    phase = trial.configuration.schedule[-1]
    shown = view.trials.get(trial.number)
    return Node(
        title=f"trial {trial.number}" + ("" if trial.state == "complete" else f" ({trial.state})"),
        phase=_named(view, trial, phase),
        n_epochs=phase.epochs,
        metrics=trial.metrics,
        neurons=shown.neurons if shown else {},
        children=(),
        is_ann=phase.is_ann,
        is_trial=True,
        is_on_front=any(point.number == trial.number for point in view.front.points),
    )


def _named(view: RunView, trial: "Trial", phase: Phase) -> str:
    """'T=4', 'vgg T=4' where there are several families."""
    family = f"{trial.configuration.backbone.name} " if view.has_families else ""
    return f"{family}{phase_text(phase)}"
