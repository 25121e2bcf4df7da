"""What a run is doing: running, stopped, or done, for people and as plain data.

A run is running while another process, or this one, holds its lock: the operating system lets go of the lock when its
holder dies, however it dies. It is done when every trial has ended, or when its last search found nothing left to try.
"""

import shlex
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from tsearch.engine.ending import STOPPED, is_for_good
from tsearch.engine.lock import holder, is_held, taken_at
from tsearch.engine.trial import Trial
from tsearch.errors import shown
from tsearch.units import counted, duration_text

RUNS = Path("runs")
_LONGEST_WHY = 165  # characters: the words, and the first 120 of an error


class InFolder(Protocol):
    """A run, or what tells of one."""

    @property
    def folder(self) -> Path: ...


class Place(NamedTuple):
    """The folder of a run that is not opened."""

    folder: Path


class Run(InFolder, Protocol):
    """What is asked of a run."""

    @property
    def trials(self) -> tuple[Trial, ...]: ...
    @property
    def n_total(self) -> int: ...
    @property
    def ended(self) -> str | None: ...


@dataclass(frozen=True)
class RunState:
    """How far a run is.

    Args:
        pid: The process that works on it, where it is running.
        n_total: How many trials the run is to have.
        left_s: Time to its end at the pace since this process began, where it is running; None before a trial ended.
        why: Why it ended early or stopped, where that is known.
        hint: The command to go on with, where it is stopped.
    """

    word: Literal["running", "stopped", "done"]
    pid: int | None
    n_complete: int
    n_failed: int
    n_total: int
    left_s: float | None = None
    why: str | None = None
    hint: str | None = None

    @property
    def text(self) -> str:
        """One line: 'running (pid 812): 5 of 17 trials, 1 failed, about 3 min left'."""
        who = f" (pid {self.pid})" if self.pid is not None else ""
        at = " at" if self.word == "stopped" else f"{who}:"
        parts = [f"{self.word}{at} {self.n_complete + self.n_failed} of {counted(self.n_total, 'trial')}"]
        parts += [f"{self.n_failed} failed"] if self.n_failed else []
        parts += [self.why] if self.why else []
        parts += [f"about {duration_text(self.left_s)} left"] if self.left_s is not None else []
        return ", ".join(parts) + (f"; go on with: {self.hint}" if self.hint else "")

    @property
    def is_exhausted(self) -> bool:
        """Whether it ended short because nothing was left to try."""
        return self.word == "done" and self.n_complete + self.n_failed < self.n_total

    @property
    def content(self) -> dict[str, Any]:
        """The same as plain data for JSON, under the key 'state' in place of the word."""
        fields = asdict(self)
        return {"state": fields.pop("word")} | fields


def state_of(run: Run) -> RunState:
    """The state of a run: its trials as they were when it was opened, and whether a process works on it now."""
    n_complete = sum(trial.state == "complete" for trial in run.trials)
    n_failed = sum(trial.state == "failed" and not trial.is_damaged for trial in run.trials)
    if is_held(run.folder):
        return RunState("running", holder(run.folder), n_complete, n_failed, run.n_total, left_s=_left_s(run))
    is_whole = n_complete + n_failed >= run.n_total
    n_damaged = sum(trial.is_damaged for trial in run.trials)
    if not n_damaged and (is_whole or is_for_good(run.ended or STOPPED)):
        why = None if is_whole else _why_short(run)
        return RunState("done", None, n_complete, n_failed, run.n_total, why=why)
    why = f"{n_damaged} damaged" if n_damaged else _why_stopped(run)
    return RunState("stopped", None, n_complete, n_failed, run.n_total, why=why, hint=resume_hint(run))


def resume_hint(run: InFolder) -> str:
    """The command that goes on with a run, as it is to be typed in the current folder."""
    return f"tsearch resume {as_arguments(run)}"


def as_arguments(run: InFolder) -> str:
    """A run as arguments of a command: its name, and where it lies unless that is ./runs."""
    folder = run.folder.absolute()
    is_here = folder.parent.resolve() == RUNS.resolve()
    place = (
        ""
        if is_here
        else f" --runs {shlex.quote(str(run.folder.parent if run.folder.name else folder.parent))}"
    )
    return f"{shlex.quote(folder.name)}{place}"


def _why_short(run: Run) -> str | None:
    """Why a run is done that has fewer trials than it was to have."""
    n_paused = sum(trial.state == "paused" for trial in run.trials)
    return f"{n_paused} paused for good" if n_paused else run.ended


def _why_stopped(run: Run) -> str | None:
    """Why a search stopped, shortened to fit a line; None where somebody interrupted or killed it. The run, where a
    traceback lies and the advice are told beside it."""
    why = (run.ended or "").removeprefix(STOPPED).lstrip(": ")
    place, _, rest = why.partition(": ")
    why = rest if Path(place).name == run.folder.name else why
    return shown(why.partition(" (traceback in ")[0].rstrip("."), _LONGEST_WHY) or None


def _left_s(run: Run) -> float | None:
    """Time to the end, at the pace of the trials that ended since the process that works on the run took its lock."""
    began = taken_at(run.folder)
    ends = [
        end for end in map(_finished_at, run.trials) if end is not None and began is not None and end > began
    ]
    n_left = run.n_total - sum(trial.finished is not None for trial in run.trials)
    if not ends or began is None:
        return None
    return (max(ends) - began) / len(ends) * max(n_left, 0)


def _finished_at(trial: Trial) -> float | None:
    """When a trial ended, in seconds since 1970."""
    try:
        return datetime.fromisoformat(trial.finished or "").astimezone(UTC).timestamp()
    except ValueError:
        return None
