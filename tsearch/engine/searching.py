"""A search in a folder whose lock is held: what was known is told again, then the pump goes on."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tsearch.engine.choosing import Chooser, values_of, warn_of_too_few
from tsearch.engine.ending import STOPPED, forget_ended, write_ended
from tsearch.engine.events import Forgiving, Listener
from tsearch.engine.executors import Executor
from tsearch.engine.interrupts import uninterrupted
from tsearch.engine.journal import Journal
from tsearch.engine.judging import violation_of
from tsearch.engine.proposing import History, Proposer, Told
from tsearch.engine.pump import Pump
from tsearch.engine.retrying import to_repeat
from tsearch.engine.run_folder import Run, open_run, read_run
from tsearch.engine.scheduling import find_scheduler
from tsearch.engine.store import objective_values
from tsearch.engine.trial import Trial
from tsearch.errors import TsearchError, shown_value
from tsearch.space.goals import LONGEST_S, SearchSettings
from tsearch.space.loading import refuse_other_code


class Limits(NamedTuple):
    """When a search ends, and when one of its segments does; None where nothing ends it."""

    timeout_s: float | None
    segment_timeout_s: float | None


def limits_of(search: SearchSettings, timeout_s: float | None, segment_timeout_s: float | None) -> Limits:
    """The limits given, or those of the space. Raises: TsearchError if one given is no time, or beyond reason."""
    _check_seconds("timeout_s (--timeout)", timeout_s)
    _check_seconds("segment_timeout_s (--segment-timeout)", segment_timeout_s, may_be_0=False)
    return Limits(
        search.timeout_s if timeout_s is None else timeout_s,
        search.segment_timeout if segment_timeout_s is None else segment_timeout_s,
    )


def _check_seconds(name: str, given: float | None, *, may_be_0: bool = True) -> None:
    if given is None:
        return
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or not 0 <= given <= LONGEST_S or (given == 0 and not may_be_0):
        raise TsearchError(
            f"{name}: {shown_value(given)} is no time. Give seconds, {'from 0 on' if may_be_0 else 'above 0'}, at most "
            f"{LONGEST_S} (ten years)."
        )


def search(
    folder: Path,
    executor: Executor,
    proposer: Proposer,
    limits: Limits,
    listener: Listener,
    *,
    retry_failed: bool = False,
) -> Run:
    """Search in a folder whose lock is held; whatever happens, no worker is left behind."""
    opened, rows = read_run(folder)
    opened = _with_known_values(opened)
    for trial in opened.trials[:1]:
        refuse_other_code(trial.configuration)
    journal = Journal(opened, rows)
    listener = Forgiving(listener)
    forget_ended(folder)
    try:
        repeated = to_repeat(opened, everything=retry_failed)
        trials = (journal.repeat(trial) if trial.number in repeated else trial for trial in opened.trials)
        opened = replace(opened, trials=tuple(trials))
        known = [opened.space.key(trial.configuration) for trial in opened.trials]
        chooser = Chooser(opened.space, proposer, opened.seed, known, listener)
        warn_of_too_few(opened.n_total, chooser, listener)
        history = History(_told(opened, journal.open_numbers()), is_ordered=opened.space.search.ordered)
        scheduler = find_scheduler(opened.file.scheduler)
        pump = Pump(
            opened, journal, chooser, history, scheduler, executor, listener, limits.segment_timeout_s
        )
        write_ended(folder, pump.search(limits.timeout_s))
    except Exception as error:
        if not folder.is_dir():
            raise TsearchError(
                f"{folder}: this folder was removed while the run worked. Start again."
            ) from error
        if isinstance(error, TsearchError):
            with suppress(TsearchError):  # a full disk is told already
                write_ended(folder, f"{STOPPED}: {error}")
        raise
    finally:
        with uninterrupted():
            executor.close()
            journal.close()
    return open_run(folder)


def _told(run: Run, open_numbers: set[int]) -> list[Told]:
    """What a proposer was told before, in the order of telling: trials ended, but those whose end was cut off."""
    closed = [trial for trial in run.trials if trial.number not in open_numbers]
    if not run.space.search.ordered:
        closed.sort(key=lambda trial: (trial.finished or "", trial.number))
    return [
        Told(trial.number, trial.values, _objectives(run, trial), violation_of(run, trial))
        for trial in closed
    ]


def _with_known_values(run: Run) -> Run:
    """The run with parameter values that the space knows: an earlier version may have called parameters otherwise."""
    names = run.space.parameters().keys()
    trials = [
        trial
        if trial.values.keys() == names
        else replace(trial, values=values_of(run.space, trial.configuration) or {}, result=trial.summary)
        for trial in run.trials
    ]
    return replace(run, trials=tuple(trials))


def _objectives(run: Run, trial: Trial) -> tuple[float, ...] | None:
    return tuple(objective_values(trial, run.objectives)) if trial.state == "complete" else None
