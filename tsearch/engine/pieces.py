"""Pieces of trainings that wait for a worker or are under way, none of them twice at a time.

Trials whose training begins alike share their first phases. A piece that ends a phase is known by the name of the
weights that it makes: while one trial trains it, no other is given it. When it is done, those that wait for it find it
on disk; when it failed, or its worker died, the next of them trains it itself: an error may be that of a machine, and
nobody waits for what nobody trains.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from tsearch.engine.lineage import waiting_text
from tsearch.engine.scheduling import Piece, Standing
from tsearch.engine.store import CheckpointName


class Job(NamedTuple):
    """A piece of the training of trial `number`; `start` is the epoch from which it is trained, once that is known."""

    number: int
    piece: Piece
    start: int = 0


class Pieces:
    """All pieces that are to be done; `standings` holds how far the trials are, and changes as they go on."""

    def __init__(self, standings: Mapping[int, Standing]) -> None:
        self._standings = standings
        self._waiting: deque[Job] = deque()
        self._under_way: dict[str, Job] = {}
        self._told_of: set[CheckpointName] = set()

    @property
    def n_waiting(self) -> int:
        return len(self._waiting)

    def wait(self, job: Job, *, is_first: bool = False) -> None:
        """A piece waits for a worker."""
        if is_first:
            self._waiting.appendleft(job)
        else:
            self._waiting.append(job)

    def next_ready(self) -> Job | None:
        """Take the first waiting piece that is not being trained for another trial; None where there is none."""
        busy = {self._phase(job) for job in self._under_way.values()} - {None}
        for i, job in enumerate(self._waiting):
            if self._phase(job) not in busy:
                del self._waiting[i]
                return job
        return None

    def begin(self, name: str, job: Job) -> None:
        """A worker has the piece now; `name` is what people call the trial."""
        self._under_way[name] = job

    def end(self, name: str) -> Job:
        """The worker of that name has ended."""
        return self._under_way.pop(name)

    def released(self, done: Job) -> list[int]:
        """Take the pieces that waited for this one, now on disk; gives the numbers of their trials."""
        released = self._waiting_for(done)
        for job in released:
            self._waiting.remove(job)
        return [job.number for job in released]

    def news(self) -> list[str]:
        """For every phase once: that trials wait for it."""
        texts = []
        for job in self._under_way.values():
            phase, waiting = self._phase(job), self._waiting_for(job)
            if phase is not None and waiting and phase not in self._told_of:
                self._told_of.add(phase)
                numbers = [other.number for other in waiting]
                texts.append(waiting_text(self._standings[job.number], job.piece.stop, numbers))
        return texts

    def _phase(self, job: Job) -> CheckpointName | None:
        """The name of the phase that a piece ends; None where it ends inside of one."""
        return self._standings[job.number].phases.get(job.piece.stop)

    def _waiting_for(self, job: Job) -> list[Job]:
        phase = self._phase(job)
        return [other for other in self._waiting if phase is not None and self._phase(other) == phase]
