"""Which piece of a trial's training comes next.

A scheduler is a pure function of how far the trials are; the search asks it when a trial begins, when a piece of it is
done, and, of a trial that it paused, again and again while workers are free. Rungs are such a function, named in
`SCHEDULERS`: it looks at what all trials reached at an epoch, and goes on with the best.

Lineage, the default, trains phase by phase. A piece that ends at a stop, the end of a phase before the last one, is
shared: it is taken from disk where some trial has trained it, and while one does, no other trial is given it (see
`pieces.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tsearch.engine.store import CheckpointName
from tsearch.engine.trial import Trial
from tsearch.errors import TsearchError, did_you_mean
from tsearch.references import is_reference, resolve
from tsearch.space.protocol import Configuration, Space


@dataclass(frozen=True)
class Standing:
    """How far a trial is.

    Args:
        n_epochs: Its whole training.
        metrics: What it reached, by epoch; at `n_epochs` where it is complete.
        checkpoints: Its weights, by epoch.
        phases: What its weights are called at the end of every phase, by epoch; trials whose training is the same up to
            there have the same name for them.
    """

    number: int
    n_epochs: int
    metrics: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    checkpoints: Mapping[int, CheckpointName] = field(default_factory=dict)
    has_failed: bool = False
    phases: Mapping[int, CheckpointName] = field(default_factory=dict)

    @property
    def stops(self) -> dict[int, CheckpointName]:
        """The ends of the phases before the last one."""
        return {epoch: name for epoch, name in self.phases.items() if epoch < self.n_epochs}


@dataclass(frozen=True)
class Piece:
    """Train up to epoch `stop`, from the epoch of the checkpoint `parent`, or from the beginning."""

    stop: int
    parent: CheckpointName | None = None


class Scheduler(Protocol):
    """The next piece of `trial`, or None to pause it; `standings` holds all trials by number."""

    def __call__(self, trial: Standing, standings: Mapping[int, Standing], /) -> Piece | None: ...


def whole_training(trial: Standing, standings: Mapping[int, Standing]) -> Piece:  # noqa: ARG001
    """The whole training at once."""
    return Piece(trial.n_epochs)


def lineage(trial: Standing, standings: Mapping[int, Standing]) -> Piece:  # noqa: ARG001
    """The next phase, from the checkpoint of the one before. All the rest at once where that left no checkpoint: pieces
    would only be repeated then."""
    behind = max((epoch for epoch in trial.stops if epoch in trial.metrics), default=0)
    if behind and behind not in trial.checkpoints:
        return Piece(trial.n_epochs)
    stop = min((epoch for epoch in trial.stops if epoch > behind), default=trial.n_epochs)
    return Piece(stop, trial.checkpoints.get(behind))


DEFAULT = "lineage"
SCHEDULERS: dict[str, Scheduler] = {"whole": whole_training, "lineage": lineage}


def find_scheduler(name: str) -> Scheduler:
    """The scheduler called `name`, or the function at 'module:name'. Raises: TsearchError if there is none."""
    if is_reference(name):
        scheduler: Scheduler = resolve(name)
        return scheduler
    if name not in SCHEDULERS:
        hint = did_you_mean(name, SCHEDULERS)
        raise TsearchError(f"scheduler '{name}' not found.{hint} Known schedulers: {', '.join(SCHEDULERS)}.")
    return SCHEDULERS[name]


def standing_of(trial: Trial, n_epochs: int, phases: Mapping[int, CheckpointName]) -> Standing:
    """How far a trial is, whose whole training has `n_epochs` and these ends of phases."""
    metrics = {epoch: measured.metrics for epoch, measured in trial.measured.items()}
    if trial.state == "complete":
        metrics[n_epochs] = trial.metrics
    checkpoints = {epoch: m.checkpoint for epoch, m in trial.measured.items() if m.checkpoint is not None}
    return Standing(trial.number, n_epochs, metrics, checkpoints, trial.state == "failed", phases)


def phase_names(
    space: Space, configuration: Configuration, key: str, replicate: int
) -> dict[int, CheckpointName]:
    """The names of a training's weights at the end of its phases, by epoch; `key` is its own at the end."""
    stops, end = space.stops(configuration), space.epochs(configuration)
    keys = {stop: space.prefix_key(configuration, stop) for stop in stops} | {end: key}
    return {epoch: CheckpointName(prefix, replicate, epoch) for epoch, prefix in keys.items()}
