"""The loop of a search: it carries trials between proposing, scheduling, the executor and the journal.

    chooser -> journal (trial, running) -> scheduler (which piece) -> executor -> journal (result on disk; trial, ended)
    -> the proposer is told

Every arrow may be cut by a crash. What is left is then one of two: a trial in the ledger without a result,
which is submitted again, or one with its result on disk, which is told. No other state is kept anywhere.

A segment may end without a result in two ways. Its configuration failed: an error, no usable result, too long a time,
or three workers that died on it. Or what workers run on went away: no trial is charged, see `patience.py`.

How far trials are, and when they may be told, is remembered in `open_trials.py`; which pieces wait, in `pieces.py`.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from tsearch.configuration import Result
from tsearch.engine.cautions import cautions
from tsearch.engine.choosing import Chooser
from tsearch.engine.delivery import MAX_ATTEMPTS, Delivery
from tsearch.engine.events import Ended, Finished, Listener, Lost, Noted, Started, Submitted, Warned
from tsearch.engine.executors import Executor, Outcome, Segment
from tsearch.engine.journal import Journal, objective_values
from tsearch.engine.judging import (
    failure_of_all,
    problem_of,
    refuse_unknown_constraints,
    too_many_failures,
    violation_of,
)
from tsearch.engine.lineage import spared
from tsearch.engine.open_trials import OpenTrials
from tsearch.engine.pieces import Job, Pieces
from tsearch.engine.proposing import History
from tsearch.engine.run_folder import Run, Trial
from tsearch.engine.scheduling import Piece, Scheduler
from tsearch.space.protocol import Configuration


class Pump:
    """One search under way on a run whose lock is held."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        chooser: Chooser,
        history: History,
        scheduler: Scheduler,
        executor: Executor,
        listener: Listener,
        segment_timeout_s: float | None = None,
    ) -> None:
        """`history` holds the trials that have been told. Segments that take longer than `segment_timeout_s` fail."""
        self._run, self._journal, self._executor, self._say = run, journal, executor, listener
        self._delivery = Delivery(executor, listener, segment_timeout_s)
        self._chooser, self._history, self._scheduler = chooser, history, scheduler
        self._trials = OpenTrials(run, len(history.ended))
        self._pieces = Pieces(self._trials.standings)  # of these trials, waiting and under way
        self._n_failures = 0  # in a row
        self._last_error = next((t.error for t in reversed(run.trials) if t.error), "")
        self._timeout_s = segment_timeout_s

    def search(self, timeout_s: float | None) -> str:
        """Search until all trials are done, the time is up, or the space is exhausted; says which.

        Raises: TsearchError when trials keep failing, when an evaluator refuses the task, when what workers run on
        stays away, or when the disk is full.
        """
        run, deadline = self._run, None if timeout_s is None else time.monotonic() + timeout_s
        self._say(
            Started(
                run.folder,
                run.objectives,
                run.reference,
                run.ideal,
                tuple(trial for trial in run.trials if trial.state in ("complete", "failed")),
                run.n_total,
                run.constraints,
                run.alternative_of,
            )
        )
        reason = "stopped"
        try:
            for caution in cautions(run.space.search, self._executor, self._timeout_s):
                self._warn(caution)
            for number in sorted(self._journal.open_numbers()):
                self._take_over(run.trials[number])
            while _left_s(deadline) != 0.0:
                self._tell()
                self._fill()
                if self._delivery.is_idle and not (self._trials.has_ended or self._pieces.n_waiting):
                    break
                for name, outcome in self._delivery.outcomes(_left_s(deadline)):
                    self._receive(self._pieces.end(name), outcome)
            self._tell()
            reason = self._reason()
            if text := spared(self._trials.standings.values()).text:
                self._say(Noted(f"lineage: {text}"))
        finally:
            self._say(Ended(reason, self._trials.n_done, run.n_total))
        return reason

    def _warn(self, text: str) -> None:
        self._say(Warned(text))

    # ------------------------------------------------------------------ begin

    def _take_over(self, trial: Trial) -> None:
        """Go on with a trial that an earlier driver left behind."""
        if trial.state in ("running", "paused"):
            self._begin(trial)
            return
        self._history.begin(trial.number, trial.values)
        is_complete = trial.state == "complete"
        self._trials.end(trial, objective_values(trial, self._run.objectives) if is_complete else None)

    def _propose(self) -> None:
        """Write the next trial into the ledger, running; or find that there is nothing left to try."""
        number = len(self._trials.standings)
        chosen = self._chooser.choose(number, self._history)
        if chosen is None:
            self._trials.is_exhausted = True
            return
        trial = Trial(
            number, chosen.key, "running", chosen.origin, chosen.configuration, values=chosen.values
        )
        self._journal.begin(trial)
        self._begin(trial)

    def _begin(self, trial: Trial) -> None:
        self._trials.update(trial)
        self._history.begin(trial.number, trial.values)
        if trial.state != "paused":
            self._go_on(trial)

    def _go_on(self, trial: Trial) -> None:
        """Let the next piece of a trial wait for a worker, unless its result is on disk already; or pause the trial."""
        standings = self._trials.standings
        piece = self._scheduler(standings[trial.number], standings)
        if piece is None:
            if trial.state != "paused":
                self._trials.update(self._journal.pause(trial))
            return
        if trial.state == "paused":
            trial = self._trials.update(self._journal.go_on(trial))
        result = self._journal.stored(trial, piece.stop)
        if result is None:
            self._pieces.wait(Job(trial.number, piece))
        else:
            self._settle(Job(trial.number, piece), Outcome(result), is_stored=True)

    # ------------------------------------------------------------------ submit

    def _fill(self) -> None:
        """Give every free worker something to do."""
        for trial in self._trials.paused:
            self._go_on(trial)
        while (self._pieces.n_waiting or self._trials.may_propose) and self._delivery.has_room():
            ready = self._pieces.next_ready()
            if ready is not None:
                self._submit(ready)
            elif self._trials.may_propose and self._pieces.n_waiting < self._delivery.n_workers:
                self._propose()  # other work, but no more of it than workers: who proposes learns from what ended
            else:
                for text in self._pieces.news():
                    self._say(Noted(text))
                break

    def _submit(self, job: Job) -> None:
        trial, piece = self._trials[job.number], job.piece
        checkpoint = None if piece.parent is None else self._journal.checkpoint(piece.parent)
        start = 0 if checkpoint is None or piece.parent is None else piece.parent.epoch
        segment = Segment(self._trained(trial, piece), start, piece.stop, checkpoint, self._run.task)
        name = f"trial {trial.number}"
        self._pieces.begin(name, job._replace(start=start))
        self._delivery.submit(name, segment)
        self._say(Submitted(trial, trial.n_lost + 1))

    def _trained(self, trial: Trial, piece: Piece) -> Configuration:
        """What a piece is a training of: at a stop of what the training is worth there, whoever asks for it."""
        if piece.stop not in self._trials.standings[trial.number].stops:
            return trial.configuration
        return self._run.space.at_stop(trial.configuration, piece.stop) or trial.configuration

    # ------------------------------------------------------------------ receive

    def _receive(self, job: Job, outcome: Outcome) -> None:
        if outcome.is_away:
            self._pieces.wait(job)
            return
        trial = self._trials[job.number]
        if outcome.is_lost:
            trial = self._trials.update(self._journal.lose(trial, outcome.error))
            self._say(Lost(trial, trial.n_lost, outcome.error))
            if trial.n_lost < MAX_ATTEMPTS:
                self._pieces.wait(job, is_first=True)
                return
        if outcome.result is not None:
            outcome = replace(outcome, result=self._journal.joined(trial, job.start, outcome.result))
        self._settle(job, outcome)

    def _settle(self, job: Job, outcome: Outcome, *, is_stored: bool = False) -> None:
        """Put on disk what a piece gave, unless it `is_stored` there: the end of a trial, or a step on its way."""
        trial, stop = self._trials[job.number], job.piece.stop
        result, values, error = self._judge(trial, stop, outcome, is_stored=is_stored)
        if result is not None and stop < self._trials.standings[trial.number].n_epochs:
            self._go_on(self._trials.update(self._journal.measured(trial, stop, result)))
        else:
            if result is None:
                trial = self._journal.fail(trial, error, outcome)
            else:
                trial = self._journal.complete(trial, result)
            self._trials.end(trial, values)
            self._say(Finished(trial, self._trials.n_done, self._run.n_total))
        for number in self._pieces.released(job) if result is not None else ():
            self._go_on(self._trials[number])

    def _judge(
        self, trial: Trial, stop: int, outcome: Outcome, *, is_stored: bool
    ) -> tuple[Result | None, list[float] | None, str]:
        """The result of an outcome, now on disk, with its objectives; or what is wrong with it. Between phases some
        objectives may be missing, as they are after an ANN."""
        values: list[float] = []

        def use(result: Result) -> None:
            if not is_stored:
                self._journal.keep(trial, stop, result)
            if stop not in self._trials.standings[trial.number].stops:
                values.extend(objective_values(result, self._run.objectives))

        error = problem_of(outcome, stop, use)
        return (None, None, error) if error else (outcome.result, values, "")

    # ------------------------------------------------------------------ tell

    def _tell(self) -> None:
        """Close the trials that have ended, as far as they may be told."""
        for trial, values in self._trials.take_ended():
            self._journal.close_trial(trial.number, values)
            self._learn(trial, values)

    def _learn(self, trial: Trial, values: Sequence[float] | None) -> None:
        refuse_unknown_constraints(self._run, trial)
        self._history.tell(trial.number, values, violation_of(self._run, trial))
        self._n_failures = 0 if values is not None else self._n_failures + 1
        self._last_error = trial.error or ""
        if self._n_failures >= self._run.space.search.max_failures:
            raise too_many_failures(self._run, self._n_failures, trial)

    def _reason(self) -> str:
        if self._trials.n_done + len(self._trials.paused) >= self._run.n_total:
            return failure_of_all(self._history.ended, self._last_error) or "all trials done"
        if not self._trials.is_exhausted:
            return "time is up"
        return failure_of_all(self._history.ended, self._last_error) or self._chooser.why_nothing


def _left_s(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
