"""Replicates are trained: to the end of their schedule, by the run's executor, and noted in its ledger.

What is wanted is noted first, a result is on disk before its note: one whose training was cut off is trained again, one
with its result on disk is not. A training that fails has failed for good; only what became damaged is repeated.
Phases that trainings of one replicate number share are trained once, before them (see `shared_phases.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tsearch.configuration import Result
from tsearch.engine.delivery import Work
from tsearch.engine.driver import Driver, driver_of
from tsearch.engine.events import Listener, Warned
from tsearch.engine.executors import Outcome
from tsearch.engine.journal import keep_error, keep_result, now
from tsearch.engine.judging import problem_of
from tsearch.engine.ledger import Ledger
from tsearch.engine.notes import Summary
from tsearch.engine.replicate import Replicate, ReplicateNote, Wanted
from tsearch.engine.run_folder import LEDGER, Run, open_run
from tsearch.engine.shared_phases import SharedPhase, rounds_of, segment_of, with_beginning, work_of
from tsearch.engine.store import CheckpointName, hash_of, objective_values, read_result, result_path
from tsearch.errors import TsearchError

__all__ = ["Replicate", "Wanted", "train", "train_replicates"]


def train_replicates(
    run: Run | str | Path,
    wanted: Sequence[Wanted],
    *,
    purpose: str = "replicates",
    **hands: Any,
) -> Run:
    """Train each of `wanted` that has not ended before, and give back the run, whose `replicates` holds them then.

    The run is given as such, by its folder or its name. `purpose` is what the listener is told: 'replicates: 7 of 15
    trainings'. `hands` are who does it: evaluator, executor, workers, address, segment_timeout_s and listener, as in
    `engine.run.resume`.

    Raises: TsearchError as `resume` does; KeyboardInterrupt passes, and a second call goes on.
    """
    with driver_of(run, **hands) as driver:
        train(driver, wanted, purpose)
    return open_run(driver.folder)


def train(driver: Driver, wanted: Sequence[Wanted], purpose: str, again: Sequence[Wanted] = ()) -> None:
    """The same for a run whose lock is held; those of `wanted` that are to be trained `again` are so although they have
    ended. Raises: ValueError where the search's own number is wanted."""
    run = driver.run()
    if any(each.replicate == run.task.replicate for each in wanted):
        raise ValueError(
            f"replicate {run.task.replicate} is that of the search: its trials are trained with it"
        )
    repeated = {(run.space.key(configuration), replicate) for configuration, replicate in again}
    ended = {(each.key, each.replicate) for each in run.replicates if each.has_ended} - repeated
    every = {job.note.name: job for job in (_job(run, each) for each in wanted)}
    jobs = [job for job in every.values() if job.place not in ended]
    n_done = len(every) - len(jobs)
    ledger = Ledger(run.folder / LEDGER, [])
    try:
        ledger.note_of_run({job.note.name: job.note.model_dump() for job in jobs})
        keeper = _Keeper(run, ledger, driver.listener)
        missing = [job for job in jobs if job.place in repeated or not keeper.has(job)]
        for number, phases in enumerate(rounds_of(run, [job.wanted for job in missing]), start=1):
            _train_phases(driver, run, phases, f"{purpose}, what they share, round {number}")
        by_name = {job.name: job for job in missing}
        driver.carry_out(
            [job.work(run) for job in missing],
            lambda work, outcome: keeper.settle(by_name[work.name], work.segment.start, outcome),
            purpose=purpose,
            piece="training",
            n_done=n_done + len(jobs) - len(missing),
        )
    finally:
        ledger.close()


def _train_phases(driver: Driver, run: Run, phases: Sequence[SharedPhase], purpose: str) -> None:
    """Train phases that are shared, and keep what they gave; of those that fail, nothing."""
    works = [work_of(run, phase) for phase in phases]
    by_name = {work.name: phase for work, phase in zip(works, phases, strict=True)}

    def settle(work: Work, outcome: Outcome) -> None:
        phase, segment = by_name[work.name], work.segment

        def use(result: Result) -> None:
            whole = with_beginning(run, phase.training, segment.start, result)
            keep_result(run.folder, phase.name.prefix, phase.name, whole)

        problem_of(outcome, segment.stop, use)

    driver.carry_out(works, settle, purpose=purpose, piece="phase")


@dataclass(frozen=True)
class _Job:
    """A training that is to be done, and what the ledger is to say of it."""

    note: ReplicateNote
    wanted: Wanted
    n_epochs: int

    @property
    def place(self) -> tuple[str, int]:
        return self.note.key, self.note.replicate

    @property
    def name(self) -> str:
        """What people call it."""
        return f"replicate {self.note.replicate} of {self.note.key}"

    @property
    def at_end(self) -> CheckpointName:
        return CheckpointName(self.note.key, self.note.replicate, self.n_epochs)

    def work(self, run: Run) -> Work:
        """What is left to be trained of it."""
        return Work(self.name, segment_of(run, self.wanted, self.wanted.configuration, self.n_epochs))


def _job(run: Run, wanted: Wanted) -> _Job:
    configuration, replicate = wanted
    plain = run.space.to_plain(configuration)
    note = ReplicateNote(key=run.space.key(configuration), replicate=replicate, configuration=plain)
    return _Job(note, wanted, run.space.epochs(configuration))


@dataclass(frozen=True)
class _Keeper:
    """Puts on disk what trainings gave."""

    run: Run
    ledger: Ledger
    listener: Listener

    def has(self, job: _Job) -> bool:
        """Whether the result of a training is on disk already; it is noted then."""
        try:
            result = read_result(self.run.folder, self.run.space, *job.at_end)
        except TsearchError:
            return False
        if result is None:
            return False
        self._note_result(job, result)
        return True

    def settle(self, job: _Job, start: int, outcome: Outcome) -> None:
        """Keep the result of a training that began at epoch `start`, or why there is none."""
        if outcome.result is not None:
            outcome = replace(outcome, result=with_beginning(self.run, job.wanted, start, outcome.result))

        def use(result: Result) -> None:
            objective_values(result, self.run.objectives)
            keep_result(self.run.folder, job.note.key, job.at_end, result)

        error = problem_of(outcome, job.n_epochs, use)
        if outcome.result is not None and not error:
            self._note_result(job, outcome.result)
            return
        error = keep_error(self.run.folder, f"{job.note.key}.r{job.note.replicate}", error, outcome)
        self._note(job, error=error)
        self.listener(Warned(f"{job.name} failed: {error}"))

    def _note_result(self, job: _Job, result: Result) -> None:
        sha256 = hash_of(result_path(self.run.folder, *job.at_end).read_bytes())
        summary = Summary(
            sha256=sha256, metrics=result.metrics, n_samples=result.n_samples, seconds=result.seconds
        )
        self._note(job, summary=summary)

    def _note(self, job: _Job, **end: object) -> None:
        note = job.note.model_copy(update={"finished": now(), **end})
        self.ledger.note_of_run({note.name: note.model_dump()})
