"""How a search is going, for people: one line that stays in place on a terminal, one line per trial elsewhere.

14/40 trials | front 5 | hypervolume 0.412 | best accuracy 84.2 % | 3 min left
"""

import shutil
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from tsearch.engine.events import Ended, Event, Finished, Lost, Started
from tsearch.front import Front
from tsearch.front.point import point_of, setting_text
from tsearch.space.goals import Objective
from tsearch.units import format_value, title

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Trial

_CLEAR = "\r\x1b[2K"


class Progress:
    """A listener for `run` and `resume` that writes to `stream`.

    Args:
        is_live: Whether to keep one line in place; by default, if the stream is a terminal.
        clock: Seconds that never go back, from which the time left is estimated.
    """

    def __init__(
        self, stream: TextIO, is_live: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._is_live = stream.isatty() if is_live is None else is_live
        self._clock = clock
        self._started: Started | None = None
        self._complete: list[Trial] = []
        self._began_s = 0.0
        self._n_failed = 0
        self._n_ended_here = 0  # since this search began or went on

    def __call__(self, event: Event) -> None:
        """Show what an event changes."""
        if isinstance(event, Started):
            self._start(event)
        elif isinstance(event, Finished):
            self._finish(event)
        elif isinstance(event, Lost):
            self._line(f"trial {event.trial.number}: {event.reason}, attempt {event.attempt}")
        elif isinstance(event, Ended):
            self._end(event)

    def _start(self, event: Started) -> None:
        self._started = event
        self._complete = [trial for trial in event.earlier if trial.state == "complete"]
        self._n_failed = sum(trial.state == "failed" for trial in event.earlier)
        self._began_s = self._clock()
        done = f", {len(event.earlier)} of them done" if event.earlier else ""
        self._line(f"{event.folder}: {event.n_total} trials{done}")

    def _finish(self, event: Finished) -> None:
        assert self._started is not None
        self._n_ended_here += 1
        if event.trial.state == "failed":
            self._n_failed += 1
            self._line(f"trial {event.trial.number} failed: {event.trial.error}")
        else:
            self._complete.append(event.trial)
        summary = self._summary(event)
        if self._is_live:
            width = shutil.get_terminal_size().columns - 1
            self._write(_CLEAR + summary[:width])
        elif event.trial.state == "complete":
            self._line(f"{summary} | {_trial_text(event.trial, self._started.objectives)}")

    def _end(self, event: Ended) -> None:
        assert self._started is not None
        is_unfinished = event.reason in ("stopped", "time is up")
        hint = f". Go on with: tsearch resume {self._started.folder.name}" if is_unfinished else ""
        self._line(f"{event.reason}: {event.n_done}/{event.n_total} trials{hint}")

    def _summary(self, event: Finished) -> str:
        parts = [f"{event.n_done}/{event.n_total} trials", *_front_parts(self._front())]
        left = event.n_total - event.n_done
        if left:
            parts.append(f"{_duration((self._clock() - self._began_s) / self._n_ended_here * left)} left")
        if self._n_failed:
            parts.append(f"{self._n_failed} failed")
        return " | ".join(parts)

    def _front(self) -> Front:
        """The front of the trials that are complete so far."""
        assert self._started is not None
        return Front.of_trials(
            self._complete,
            self._started.objectives,
            reference=self._started.reference,
            ideal=self._started.ideal,
            constraints=self._started.constraints,
        )

    def _line(self, text: str) -> None:
        self._write((_CLEAR if self._is_live else "") + text + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _front_parts(front: Front) -> list[str]:
    """Size of the front, hypervolume, and its best value of the first objective that is maximised."""
    if not front.complete:
        return []
    leading = next((o for o in front.objectives if o.is_maximized), front.objectives[0])
    parts = [f"front {len(front.points)}"]
    if front.hypervolume is not None:
        parts.append(f"hypervolume {front.hypervolume:.3f}")
    if front.points:  # none while every trial breaks a constraint
        best = front.best(leading.name, front.constraints).metrics[leading.name]
        parts.append(f"best {title(leading.name)} {format_value(best, leading.name)}")
    return parts


def _trial_text(trial: "Trial", objectives: Sequence[Objective]) -> str:
    """A complete trial: its timesteps, or its parameters where it is no network, and its objectives."""
    assert trial.result is not None
    point, metrics = point_of(trial), trial.result.metrics
    settings = [f"{name} {setting_text(value)}" for name, value in point.parameters.items()]
    settings = [f"timesteps {list(point.timesteps)}"] if point.timesteps else settings
    values = [f"{title(o.name)} {format_value(metrics[o.name], o.name)}" for o in objectives]
    return f"trial {trial.number}: {', '.join([*settings, *values])}"


def _duration(seconds: float) -> str:
    """A time to wait, rounded as people say it: '40 s', '3 min', '2 h 10 min'."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
