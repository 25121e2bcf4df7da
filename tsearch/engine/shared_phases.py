"""Phases that several trainings begin with, beside the search: trained first, each once, for all that share them.

They are trained in rounds, one for every place in a schedule, so that each begins with weights of the round before. Of
one that fails nothing is kept: the trainings that share it begin where they can, and fail by themselves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tsearch.configuration import Result
from tsearch.engine.delivery import Work
from tsearch.engine.executors import Segment
from tsearch.engine.journal import joined
from tsearch.engine.replicate import Wanted
from tsearch.engine.run_folder import Run
from tsearch.engine.scheduling import phase_names
from tsearch.engine.store import CheckpointName, checkpoint_path, read_result, sound_checkpoint
from tsearch.errors import TsearchError
from tsearch.space.protocol import Configuration


@dataclass(frozen=True)
class SharedPhase:
    """A phase that several trainings go through, and one of these trainings."""

    name: CheckpointName
    training: Wanted


def rounds_of(run: Run, trainings: Sequence[Wanted]) -> Iterator[list[SharedPhase]]:
    """The phases that two or more of these trainings share, as far as not on disk; those that lead to others first."""
    every = [stop_names(run, training) for training in trainings]
    for place in range(max(map(len, every), default=0)):
        here = [
            (names[place], wanted)
            for names, wanted in zip(every, trainings, strict=True)
            if place < len(names)
        ]
        names = [name for name, _ in here]
        shared = {
            name: wanted for name, wanted in here if names.count(name) > 1 and not _is_on_disk(run, name)
        }
        if shared:
            yield [SharedPhase(name, wanted) for name, wanted in shared.items()]


def stop_names(run: Run, training: Wanted) -> list[CheckpointName]:
    """The names of the weights of a training at its stops, in order."""
    names = phase_names(run.space, training.configuration, "", training.replicate)
    return [names[epoch] for epoch in sorted(names)[:-1]]


def work_of(run: Run, phase: SharedPhase) -> Work:
    """What trains a shared phase."""
    configuration, replicate = phase.training
    told = run.space.at_stop(configuration, phase.name.epoch) or configuration
    segment = segment_of(run, phase.training, told, phase.name.epoch)
    return Work(
        f"replicate {replicate}, epochs {segment.start + 1} to {phase.name.epoch} of {phase.name.prefix}",
        segment,
    )


def segment_of(run: Run, training: Wanted, configuration: Configuration, stop: int) -> Segment:
    """Train up to `stop` from the last end of a phase whose weights are on disk."""
    task = run.task.model_copy(update={"replicate": training.replicate})
    behind = [name for name in stop_names(run, training) if name.epoch < stop and _is_on_disk(run, name)]
    checkpoint = sound_checkpoint(run.folder, behind[-1]) if behind else None
    start = 0 if checkpoint is None else behind[-1].epoch
    return Segment(configuration, start, stop, checkpoint, task)


def with_beginning(run: Run, training: Wanted, start: int, result: Result) -> Result:
    """A result of a training that went on from epoch `start`, with what the phases before told."""
    before = next((name for name in stop_names(run, training) if name.epoch == start), None)
    try:
        return joined(None if before is None else read_result(run.folder, run.space, *before), result)
    except TsearchError:  # damaged
        return result


def _is_on_disk(run: Run, name: CheckpointName) -> bool:
    return checkpoint_path(run.folder, name).is_file()
