"""Lineage: the tree of phases that the trainings of a run went through, each trained once.

A training is a path in it, and ends in a trial. What lies on the way, the end of a phase before the last one, is a
stop: a network of fewer epochs with a result and weights of its own, which can be shown and exported. It is no trial:
it does not count, the proposer is not told of it, and it is neither on the front nor part of a saving, because all that
are compared there were trained for the run's full number of epochs, and a stop has fewer by its nature. Where a space
holds the configuration of a stop as one of its own, the trial that tries it takes the result from here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tsearch.configuration import Result
from tsearch.engine.scheduling import Standing, phase_names
from tsearch.engine.store import CheckpointName, require_result
from tsearch.engine.trial import StoredResult, Trial
from tsearch.space.protocol import Configuration, Space
from tsearch.units import counted


@dataclass(frozen=True)
class Stop:
    """The end of a phase before the last one.

    Args:
        number: The first trial whose training goes through it.
        phase: Which phase of that training, from 1.
        name: Of its weights.
        parent: The name of the weights that the phase began with; None where it began a training.
        n_epochs: Of the phase.
        configuration: Whose whole training ends here; None where that is none, as after an ANN.
        trials: All trials whose training goes through it.
    """

    number: int
    phase: int
    name: CheckpointName
    parent: CheckpointName | None
    n_epochs: int
    configuration: Configuration | None
    trials: tuple[int, ...]
    metrics: Mapping[str, float]
    load: Callable[[], Result] = field(compare=False, repr=False)

    @property
    def origin(self) -> str:
        """Where it comes from: 'trial 3, phase 2'."""
        return f"trial {self.number}, phase {self.phase}"

    @property
    def as_trial(self) -> Trial:
        """It in the form of a trial that is complete, for all that reads trials. Raises: TsearchError if its result is
        missing or damaged."""
        result = self.load()
        stored = StoredResult(self.metrics, result.n_samples, result.seconds, self.load)
        return Trial(
            number=self.number,
            key=self.name.prefix,
            state="complete",
            origin=self.origin,
            configuration=self.configuration,
            result=stored,
        )


def stops_of(
    trials: Sequence[Trial], folder: Path, space: Space, replicate: int
) -> dict[CheckpointName, Stop]:
    """The stops that trials of the run in `folder` have reached, by name: those that lead to others first."""
    stops: dict[CheckpointName, Stop] = {}
    for trial in trials:
        parent, begun = None, 0
        epochs = space.stops(trial.configuration) if trial.measured else ()
        names = phase_names(space, trial.configuration, trial.key, replicate) if epochs else {}
        for phase, epoch in enumerate(epochs, 1):
            name = names[epoch]
            if epoch not in trial.measured:
                break
            known = stops.get(name)
            if known is not None:
                stops[name] = replace(known, trials=(*known.trials, trial.number))
            else:
                stops[name] = Stop(
                    number=trial.number,
                    phase=phase,
                    name=name,
                    parent=parent,
                    n_epochs=epoch - begun,
                    configuration=space.at_stop(trial.configuration, epoch),
                    trials=(trial.number,),
                    metrics=trial.measured[epoch].metrics,
                    load=partial(require_result, folder, space, name.prefix, replicate, epoch),
                )
            parent, begun = name, epoch
    return stops


@dataclass(frozen=True)
class Spared:
    """What lineage spared: phases and epochs that were trained, and those that were taken from other trials."""

    n_trained: int = 0
    n_reused: int = 0
    n_epochs: int = 0
    n_epochs_reused: int = 0

    @property
    def text(self) -> str:
        """'16 phases trained, 12 reused (24 of 56 epochs spared)'; '' where nothing has several phases."""
        if not self.n_trained:
            return ""
        total = self.n_epochs + self.n_epochs_reused
        spared = f" ({self.n_epochs_reused:,} of {counted(total, 'epoch')} spared)" if self.n_reused else ""
        return f"{counted(self.n_trained, 'phase')} trained, {self.n_reused:,} reused{spared}"


def spared(standings: Iterable[Standing]) -> Spared:
    """What lineage spared, of the phases that have been trained to their end; nothing where no training has several."""
    standings = list(standings)
    if not any(standing.stops.keys() & standing.metrics.keys() for standing in standings):
        return Spared()
    lengths: dict[CheckpointName, int] = {}
    n, n_epochs = 0, 0
    for standing in standings:
        begun = 0
        for epoch, name in sorted(standing.phases.items()):
            if epoch in standing.metrics:
                lengths[name] = epoch - begun
                n, n_epochs = n + 1, n_epochs + epoch - begun
            begun = epoch
    trained = sum(lengths.values())
    return Spared(len(lengths), n - len(lengths), trained, n_epochs - trained)


def waiting_text(trainer: Standing, stop: int, waiting: Sequence[int]) -> str:
    """That trials wait for a phase of another one: 'trials 1 and 2 wait for phase 1 of trial 0, which they share'."""
    phase = 1 + sorted(trainer.phases).index(stop)
    *first, last = map(str, waiting)
    who = f"trials {', '.join(first)} and {last} wait" if first else f"trial {last} waits"
    whose = "they share" if first else "it shares"
    return f"lineage: {who} for phase {phase} of trial {trainer.number}, which {whose}"
