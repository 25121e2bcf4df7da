"""The loop of a search: it carries trials between proposing, scheduling, the executor and the journal.

    chooser -> journal (trial, running) -> scheduler (which piece) -> executor -> journal (result on disk; trial, ended)
    -> the proposer is told

Every arrow may be cut by a crash. What is left is then one of two: a trial in the ledger without a result,
which is submitted again, or one with its result on disk, which is told. No other state is kept anywhere.

A segment may end without a result in two ways. Its configuration failed: an error, no usable result, too long a time,
or three workers that died on it. Or what workers run on went away: no trial is charged, see `patience.py`.

With `ordered`, trials form blocks by number: a block is told, in order, once it is fully proposed and every trial of it
has ended or is paused. Proposals then depend on the seed alone, not on who finished first.
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
from tsearch.engine.pieces import Job, Pieces
from tsearch.engine.proposing import History
from tsearch.engine.run_folder import Run, Trial
from tsearch.engine.scheduling import Piece, Scheduler, Standing, phase_names, standing_of
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
        self._standings = {trial.number: self._standing(trial) for trial in run.trials}
        self._open: dict[int, Trial] = {}  # trials that are not told
        self._pieces = Pieces(self._standings)  # of these, waiting and under way
        self._ended: dict[int, list[float] | None] = {}  # trials that ended: their objectives, None if failed
        self._n_done = len(history.ended)
        self._n_failures = 0  # in a row
        self._is_exhausted = False
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
                if self._delivery.is_idle and not (self._ended or self._pieces.n_waiting):
                    break
                for name, outcome in self._delivery.outcomes(_left_s(deadline)):
                    self._receive(self._pieces.end(name), outcome)
            self._tell()
            reason = self._reason()
            if text := spared(self._standings.values()).text:
                self._say(Noted(f"lineage: {text}"))
        finally:
            self._say(Ended(reason, self._n_done, run.n_total))
        return reason

    def _warn(self, text: str) -> None:
        self._say(Warned(text))

    # ------------------------------------------------------------------ begin

    def _take_over(self, trial: Trial) -> None:
        """Go on with a trial that an earlier driver left behind."""
        if trial.state in ("running", "paused"):
            self._begin(trial)
            return
        self._open[trial.number] = trial
        self._history.begin(trial.number, trial.values)
        is_complete = trial.state == "complete"
        self._ended[trial.number] = objective_values(trial, self._run.objectives) if is_complete else None
        self._n_done += 1

    def _propose(self) -> None:
        """Write the next trial into the ledger, running; or find that there is nothing left to try."""
        number = len(self._standings)
        chosen = self._chooser.choose(number, self._history)
        if chosen is None:
            self._is_exhausted = True
            return
        trial = Trial(
            number, chosen.key, "running", chosen.origin, chosen.configuration, values=chosen.values
        )
        self._journal.begin(trial)
        self._begin(trial)

    def _begin(self, trial: Trial) -> None:
        self._update(trial)
        self._history.begin(trial.number, trial.values)
        if trial.state != "paused":
            self._go_on(trial)

    def _go_on(self, trial: Trial) -> None:
        """Let the next piece of a trial wait for a worker, unless its result is on disk already; or pause the trial."""
        piece = self._scheduler(self._standings[trial.number], self._standings)
        if piece is None:
            if trial.state != "paused":
                self._update(self._journal.pause(trial))
            return
        if trial.state == "paused":
            trial = self._update(self._journal.go_on(trial))
        result = self._journal.stored(trial, piece.stop)
        if result is None:
            self._pieces.wait(Job(trial.number, piece))
        else:
            self._settle(Job(trial.number, piece), Outcome(result), is_stored=True)

    def _update(self, trial: Trial) -> Trial:
        """Remember how far an open trial is."""
        self._open[trial.number] = trial
        self._standings[trial.number] = self._standing(trial, self._standings.get(trial.number))
        return trial

    def _standing(self, trial: Trial, before: Standing | None = None) -> Standing:
        """How far a trial is; the names of its phases are worked out once."""
        space, configuration = self._run.space, trial.configuration
        if before is not None:
            return standing_of(trial, before.n_epochs, before.phases)
        phases = phase_names(space, configuration, trial.key, self._run.task.replicate)
        return standing_of(trial, space.epochs(configuration), phases)

    # ------------------------------------------------------------------ submit

    def _fill(self) -> None:
        """Give every free worker something to do."""
        self._ask_for_paused()
        while (self._pieces.n_waiting or self._may_propose()) and self._delivery.has_room():
            ready = self._pieces.next_ready()
            if ready is not None:
                self._submit(ready)
            elif self._may_propose() and self._pieces.n_waiting < self._delivery.n_workers:
                self._propose()  # other work, but no more of it than workers: who proposes learns from what ended
            else:
                for text in self._pieces.news():
                    self._say(Noted(text))
                break

    def _ask_for_paused(self) -> None:
        for trial in [trial for trial in self._open.values() if trial.state == "paused"]:
            self._go_on(trial)

    def _submit(self, job: Job) -> None:
        trial, piece = self._open[job.number], job.piece
        checkpoint = None if piece.parent is None else self._journal.checkpoint(piece.parent)
        start = 0 if checkpoint is None or piece.parent is None else piece.parent.epoch
        segment = Segment(self._trained(trial, piece), start, piece.stop, checkpoint, self._run.task)
        name = f"trial {trial.number}"
        self._pieces.begin(name, job._replace(start=start))
        self._delivery.submit(name, segment)
        self._say(Submitted(trial, trial.n_lost + 1))

    def _trained(self, trial: Trial, piece: Piece) -> Configuration:
        """What a piece is a training of: at a stop of what the training is worth there, whoever asks for it."""
        if piece.stop not in self._standings[trial.number].stops:
            return trial.configuration
        return self._run.space.at_stop(trial.configuration, piece.stop) or trial.configuration

    # ------------------------------------------------------------------ receive

    def _receive(self, job: Job, outcome: Outcome) -> None:
        if outcome.is_away:
            self._pieces.wait(job)
            return
        trial = self._open[job.number]
        if outcome.is_lost:
            trial = self._update(self._journal.lose(trial, outcome.error))
            self._say(Lost(trial, trial.n_lost, outcome.error))
            if trial.n_lost < MAX_ATTEMPTS:
                self._pieces.wait(job, is_first=True)
                return
        if outcome.result is not None:
            outcome = replace(outcome, result=self._journal.joined(trial, job.start, outcome.result))
        self._settle(job, outcome)

    def _settle(self, job: Job, outcome: Outcome, *, is_stored: bool = False) -> None:
        """Put on disk what a piece gave, unless it `is_stored` there: the end of a trial, or a step on its way."""
        trial, stop = self._open[job.number], job.piece.stop
        result, values, error = self._judge(trial, stop, outcome, is_stored=is_stored)
        if result is not None and stop < self._standings[trial.number].n_epochs:
            self._go_on(self._update(self._journal.measured(trial, stop, result)))
        else:
            if result is None:
                trial = self._update(self._journal.fail(trial, error, outcome))
            else:
                trial = self._update(self._journal.complete(trial, result))
            self._ended[trial.number] = values
            self._n_done += 1
            self._say(Finished(trial, self._n_done, self._run.n_total))
        for number in self._pieces.released(job) if result is not None else ():
            self._go_on(self._open[number])

    def _judge(
        self, trial: Trial, stop: int, outcome: Outcome, *, is_stored: bool
    ) -> tuple[Result | None, list[float] | None, str]:
        """The result of an outcome, now on disk, with its objectives; or what is wrong with it. Between phases some
        objectives may be missing, as they are after an ANN."""
        values: list[float] = []

        def use(result: Result) -> None:
            if not is_stored:
                self._journal.keep(trial, stop, result)
            if stop not in self._standings[trial.number].stops:
                values.extend(objective_values(result, self._run.objectives))

        error = problem_of(outcome, stop, use)
        return (None, None, error) if error else (outcome.result, values, "")

    # ------------------------------------------------------------------ tell

    def _tell(self) -> None:
        """Close the trials that have ended, in order; with `ordered`, a whole block or none."""
        if self._run.space.search.ordered and not (
            self._is_block_whole() and len(self._ended) == self._n_active()
        ):
            return
        for number in sorted(self._ended):
            values = self._ended.pop(number)
            self._journal.close_trial(number, values)
            self._learn(self._open.pop(number), values)

    def _learn(self, trial: Trial, values: Sequence[float] | None) -> None:
        refuse_unknown_constraints(self._run, trial)
        self._history.tell(trial.number, values, violation_of(self._run, trial))
        self._n_failures = 0 if values is not None else self._n_failures + 1
        self._last_error = trial.error or ""
        if self._n_failures >= self._run.space.search.max_failures:
            raise too_many_failures(self._run, self._n_failures, trial)

    # ------------------------------------------------------------------ how far

    def _may_propose(self) -> bool:
        is_block_open = self._run.space.search.ordered and self._n_active() > 0 and self._is_block_whole()
        return not self._is_full() and not is_block_open

    def _is_full(self) -> bool:
        return self._is_exhausted or len(self._standings) >= self._run.n_total

    def _is_block_whole(self) -> bool:
        return self._is_full() or len(self._standings) % self._run.space.search.batch == 0

    def _n_active(self) -> int:
        """Number of open trials that are not paused."""
        return sum(trial.state != "paused" for trial in self._open.values())

    def _reason(self) -> str:
        n_paused = len(self._open) - self._n_active()
        if self._n_done + n_paused >= self._run.n_total:
            return failure_of_all(self._history.ended, self._last_error) or "all trials done"
        if not self._is_exhausted:
            return "time is up"
        return failure_of_all(self._history.ended, self._last_error) or self._chooser.why_nothing


def _left_s(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
