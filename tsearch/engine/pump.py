"""The loop of a search: propose, submit, receive, tell.

    proposer asks -> ledger (trial, running) -> executor -> result on disk -> ledger (trial, ended) ->
    proposer is told

Every arrow may be cut by a crash. What is left is then one of two: a trial in the ledger without a result,
which is submitted again, or one with its result on disk, which is told. No other state is kept anywhere.

With `ordered`, trials form blocks by number: a block is told, in order, once it is fully proposed and fully
ended. Proposals then depend on the seed alone, not on who finished first.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from optuna.trial import FrozenTrial

from tsearch.configuration import Configuration, Result
from tsearch.engine.events import Duplicate, Ended, Finished, Listener, Lost, Rejected, Started, Submitted
from tsearch.engine.executors import Executor, Outcome, Segment
from tsearch.engine.ledger import Ledger
from tsearch.engine.proposing import Study, entry, proposal_seed
from tsearch.engine.run_folder import Run, Trial, error_path, keep_result, objective_values, stored_result
from tsearch.errors import TsearchError
from tsearch.files.whole import write_whole
from tsearch.pricing.bounds import rejection

MAX_ATTEMPTS = 3
MAX_DUPLICATES = 10


class Loop:
    """One search under way on a run whose lock is held."""

    def __init__(
        self,
        run: Run,
        ledger: Ledger,
        executor: Executor,
        listener: Listener,
        timeout_s: float | None,
    ) -> None:
        self._run, self._ledger, self._executor, self._say = run, ledger, executor, listener
        self._space = run.space
        self._settings = run.space.search
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        rows = ledger.trials()
        self._known = {trial.key: trial.number for trial in run.trials}
        self._queue = _queue(run)
        self._study = Study(
            self._settings.proposer,
            run.seed,
            [objective.direction for objective in run.objectives],
            self._space.parameters(),
            rows,
            {t.number: v for t in run.trials if (v := self._violation(t)) is not None},
        )
        self._rejected: set[str] = set()
        self._open: dict[int, Trial] = {}  # proposed, not told
        self._waiting: deque[int] = deque()  # of those, to be submitted
        self._under_way: dict[str, int] = {}  # of those, submitted, by key
        self._settled: dict[int, list[float] | None] = {}  # of those, ended: their objectives, None if failed
        self._n_done = sum(row.state.is_finished() for row in rows)
        self._n_failures = 0  # in a row
        self._is_exhausted = False
        self._attempts: dict[int, int] = {}

    def go(self) -> str:
        """Search until all trials are done, the time is up, or the space is exhausted; says which.

        Raises: TsearchError when trials keep failing, when an evaluator refuses the task, or when the disk is
        full.
        """
        run = self._run
        earlier = tuple(trial for trial in run.trials if trial.state != "running")
        self._say(
            Started(
                run.folder,
                run.objectives,
                run.reference,
                run.ideal,
                earlier,
                run.n_total,
                run.constraints,
            )
        )
        for row in self._ledger.trials():
            if not row.state.is_finished():
                self._take_over(run.trials[row.number], row)
        reason = "stopped"
        try:
            while not self._is_time_up():
                self._tell()
                self._fill()
                if self._under_way:
                    for key, outcome in self._executor.wait(self._time_left_s()):
                        self._receive(self._open[self._under_way.pop(key)], outcome)
                elif not self._settled:
                    break
            self._tell()
            reason = self._reason()
        finally:
            self._say(Ended(reason, self._n_done, run.n_total))
        return reason

    # ------------------------------------------------------------------ propose

    def _may_propose(self) -> bool:
        return not self._is_full() and not (self._settings.ordered and self._open and self._is_block_whole())

    def _is_full(self) -> bool:
        return self._is_exhausted or len(self._known) >= self._run.n_total

    def _is_block_whole(self) -> bool:
        return self._is_full() or len(self._known) % self._settings.batch == 0

    def _propose(self) -> None:
        """Write the next trial into the ledger, running; or find that there is nothing left to try."""
        number = len(self._known)
        chosen = self._choose(number)
        if chosen is None:
            self._is_exhausted = True
            return
        configuration, origin, proposal = chosen
        notes = {
            "key": configuration.key,
            "origin": origin,
            "configuration": configuration.model_dump(mode="json"),
        }
        self._ledger.add(entry(proposal, notes))
        self._known[configuration.key] = number
        self._begin(Trial(number, configuration.key, "running", origin, configuration))  # type: ignore[arg-type]

    def _choose(self, number: int) -> tuple[Configuration, str, FrozenTrial] | None:
        """What trial `number` tries: the queue first, then what the proposer says, then anything not tried
        yet.
        """
        while self._queue:
            configuration, origin = self._queue.popleft()
            if configuration.key not in self._known and self._can_meet_constraints(configuration):
                return configuration, origin, self._study.ask(number, given=self._space.encode(configuration))
        if self._space.size is not None and len(self._known) >= self._space.size:
            return None
        for draw in range(MAX_DUPLICATES):
            proposal = self._study.ask(number, draw)
            configuration = self._space.decode(proposal.params)
            is_known = configuration.key in self._known
            if not is_known and self._can_meet_constraints(configuration):
                return configuration, "proposed", proposal
            self._study.drop(number)
            if is_known:
                self._say(Duplicate(configuration.key))
        unseen = self._unseen(number)
        if unseen is None:
            return None
        return unseen, "proposed", self._study.ask(number, MAX_DUPLICATES, self._space.encode(unseen))

    def _unseen(self, number: int) -> Configuration | None:
        """A random configuration that was not tried yet and may meet the constraints; None if there is none."""
        rng = np.random.default_rng(proposal_seed(self._run.seed, number, MAX_DUPLICATES))
        for _ in range(100):
            configuration = self._space.random(rng)
            if configuration.key not in self._known and self._can_meet_constraints(configuration):
                return configuration
        if self._space.size is None:
            return None
        unknown = [c for c in self._space.enumerate() if c.key not in self._known]
        left = [c for c in unknown if self._can_meet_constraints(c)]
        return left[int(rng.integers(len(left)))] if left else None

    def _can_meet_constraints(self, configuration: Configuration) -> bool:
        """Whether the hardware can run it and some training may meet the constraints; what cannot is rejected before it
        costs anything.
        """
        if configuration.key in self._rejected:
            return False
        reason = rejection(self._space, configuration)
        if reason is not None:
            self._rejected.add(configuration.key)
            self._say(Rejected(configuration.key, reason))
        return reason is None

    def _violation(self, trial: Trial) -> float | None:
        """By how much a complete trial breaks the constraints; None where there is nothing to break."""
        if not self._space.constraints or trial.result is None:
            return None
        return self._space.violation(trial.result.metrics)

    # ------------------------------------------------------------------ submit

    def _take_over(self, trial: Trial, row: FrozenTrial) -> None:
        """Go on with a trial that an earlier driver left behind."""
        self._attempts[trial.number] = sum(name.startswith("lost:") for name in row.user_attrs)
        if trial.state == "running":
            self._begin(trial)
            return
        self._open[trial.number] = trial
        self._settled[trial.number] = (
            None if trial.result is None else objective_values(trial.result, self._run.objectives)
        )
        self._n_done += 1

    def _begin(self, trial: Trial) -> None:
        """Let a trial wait for a worker, unless its result is on disk already."""
        self._open[trial.number] = trial
        result = stored_result(self._run.folder, trial.configuration)
        if result is None:
            self._waiting.append(trial.number)
        else:
            self._settle(trial, Outcome(result))

    def _fill(self) -> None:
        """Give every free worker something to do."""
        while (self._waiting or self._may_propose()) and self._executor.free() > 0:
            if not self._waiting:
                self._propose()
            if self._waiting:
                self._submit(self._open[self._waiting.popleft()])

    def _submit(self, trial: Trial) -> None:
        self._under_way[trial.key] = trial.number
        self._executor.submit(
            trial.key, Segment(trial.configuration, trial.configuration.epochs, None, self._run.task)
        )
        self._say(Submitted(trial, self._attempts.get(trial.number, 0) + 1))

    # ------------------------------------------------------------------ receive

    def _receive(self, trial: Trial, outcome: Outcome) -> None:
        if outcome.is_refused:
            raise TsearchError(outcome.error)
        if outcome.is_lost:
            attempt = self._attempts.get(trial.number, 0) + 1
            self._attempts[trial.number] = attempt
            self._ledger.note(trial.number, {f"lost:{attempt}": outcome.error})
            self._say(Lost(trial, attempt, outcome.error))
            if attempt < MAX_ATTEMPTS:
                self._waiting.appendleft(trial.number)
                return
        self._settle(trial, outcome)

    def _settle(self, trial: Trial, outcome: Outcome) -> None:
        """Put on disk how a trial ended: its checkpoint, its result, then the notes in the ledger."""
        values, error = self._judge(trial.key, outcome)
        finished = datetime.now(UTC).isoformat(timespec="milliseconds")
        if error:
            self._write_error(trial.key, error, outcome)
            self._ledger.note(trial.number, {"error": error})
        self._ledger.note(trial.number, {"finished": finished})
        if error:
            trial = replace(trial, state="failed", error=error, finished=finished)
        else:
            trial = replace(
                trial, state="complete", result=_without_weights(outcome.result), finished=finished
            )
        self._open[trial.number] = trial
        self._settled[trial.number] = values
        self._n_done += 1
        self._say(Finished(trial, self._n_done, self._run.n_total))

    def _judge(self, key: str, outcome: Outcome) -> tuple[list[float] | None, str]:
        """The objectives of an outcome whose result is now on disk, or what is wrong with it."""
        if outcome.result is None:
            return None, outcome.error
        try:
            keep_result(self._run.folder, key, outcome.result)
            return objective_values(outcome.result, self._run.objectives), ""
        except ValueError as error:
            return None, str(error)
        except TypeError as error:
            return None, f"the result cannot be written as JSON: {error}"

    def _write_error(self, key: str, error: str, outcome: Outcome) -> None:
        path = error_path(self._run.folder, key)
        path.parent.mkdir(exist_ok=True)
        metrics = "" if outcome.result is None else f"metrics: {outcome.result.metrics}"
        write_whole(path, "\n".join(part for part in (error, metrics, outcome.traceback) if part).encode())

    # ------------------------------------------------------------------ tell

    def _tell(self) -> None:
        """Close the trials that have ended, in order; with `ordered`, a whole block or none."""
        if self._settings.ordered and not (self._is_block_whole() and len(self._settled) == len(self._open)):
            return
        for number in sorted(self._settled):
            values = self._settled.pop(number)
            self._ledger.end(number, values)
            trial = self._open.pop(number)
            self._study.tell(number, values, self._violation(trial))
            self._count_failure(trial, values)

    def _count_failure(self, trial: Trial, values: Sequence[float] | None) -> None:
        self._n_failures = 0 if values is not None else self._n_failures + 1
        if self._n_failures >= self._settings.max_failures:
            path = error_path(self._run.folder, trial.key)
            raise TsearchError(
                f"{self._run.folder}: {self._n_failures} trials failed in a row, the last one with: "
                f"{trial.error} (traceback in {path}). Mend the cause, then resume."
            )

    def _time_left_s(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _is_time_up(self) -> bool:
        return self._time_left_s() == 0.0

    def _reason(self) -> str:
        if self._n_done >= self._run.n_total:
            return "all trials done"
        if not self._is_exhausted:
            return "time is up"
        rejected = (
            f", {len(self._rejected)} configurations cannot meet the constraints" if self._rejected else ""
        )
        return f"space exhausted after {self._n_done} trials{rejected}"


def _without_weights(result: Result | None) -> Result | None:
    return None if result is None else result.model_copy(update={"checkpoint": None})


def _queue(run: Run) -> deque[tuple[Configuration, str]]:
    """What is tried before anything is proposed: the baselines, then what the user asked for."""
    baselines = run.space.baselines() if run.space.search.baselines == "uniform" else []
    return deque([(c, "baseline") for c in baselines] + [(c, "enqueued") for c in run.space.enqueued])
