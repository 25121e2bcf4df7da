"""Which piece of a trial's training comes next.

A scheduler is a pure function of how far the trials are; the search asks it when a trial begins, when a piece of it is
done, and, of a trial that it paused, again and again while workers are free. Rungs are such a function, named in
`SCHEDULERS`: it looks at what all trials reached at an epoch, and goes on with the best. Lineage is another one, whose
parents are checkpoints of other trials.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tsearch.engine.run_folder import Trial
from tsearch.engine.store import CheckpointName
from tsearch.errors import TsearchError, did_you_mean
from tsearch.references import is_reference, resolve


@dataclass(frozen=True)
class Standing:
    """How far a trial is.

    Args:
        n_epochs: Its whole training.
        metrics: What it reached, by epoch; at `n_epochs` where it is complete.
        checkpoints: Its weights, by epoch.
    """

    number: int
    n_epochs: int
    metrics: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    checkpoints: Mapping[int, CheckpointName] = field(default_factory=dict)
    has_failed: bool = False


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


SCHEDULERS: dict[str, Scheduler] = {"whole": whole_training}


def find_scheduler(name: str) -> Scheduler:
    """The scheduler called `name`, or the function at 'module:name'. Raises: TsearchError if there is none."""
    if is_reference(name):
        scheduler: Scheduler = resolve(name)
        return scheduler
    if name not in SCHEDULERS:
        hint = did_you_mean(name, SCHEDULERS)
        raise TsearchError(f"scheduler '{name}' not found.{hint} Known schedulers: {', '.join(SCHEDULERS)}.")
    return SCHEDULERS[name]


def standing_of(trial: Trial, n_epochs: int) -> Standing:
    """How far a trial is, whose whole training has `n_epochs`."""
    metrics = {epoch: measured.metrics for epoch, measured in trial.measured.items()}
    if trial.state == "complete":
        metrics[n_epochs] = trial.metrics
    checkpoints = {epoch: m.checkpoint for epoch, m in trial.measured.items() if m.checkpoint is not None}
    return Standing(trial.number, n_epochs, metrics, checkpoints, trial.state == "failed")
