"""How a search is going, for people: one line that stays in place on a terminal, one line per trial elsewhere.

14/40 trials | front 5 | hypervolume 0.412 | best accuracy 84.2 % | 3 min left
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, cast

from tsearch.engine.events import Ended, Event, Finished, Lost, Started
from tsearch.front import Front
from tsearch.space.goals import Objective
from tsearch.units import format_value, title

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run, Trial

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
        self._seen: _Seen | None = None
        self._began_s = 0.0
        self._n_failed = self._n_here = 0

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
        complete = [trial for trial in event.earlier if trial.state == "complete"]
        self._seen = _Seen(
            event.folder.name, event.objectives, event.reference, event.ideal, complete, event.limits
        )
        self._n_failed = len(event.earlier) - len(complete)
        self._began_s = self._clock()
        done = f", {len(event.earlier)} of them done" if event.earlier else ""
        self._line(f"{event.folder}: {event.n_total} trials{done}")

    def _finish(self, event: Finished) -> None:
        assert self._seen is not None
        self._n_here += 1
        if event.trial.state == "failed":
            self._n_failed += 1
            self._line(f"trial {event.trial.number} failed: {event.trial.error}")
        else:
            self._seen.trials.append(event.trial)
        summary = self._summary(event)
        if self._is_live:
            width = shutil.get_terminal_size().columns - 1
            self._write(_CLEAR + summary[:width])
        elif event.trial.state == "complete":
            self._line(f"{summary} | {self._seen.describe(event.trial)}")

    def _end(self, event: Ended) -> None:
        assert self._seen is not None
        is_open = event.reason in ("stopped", "time is up")
        hint = f". Go on with: tsearch resume {self._seen.name}" if is_open else ""
        self._line(f"{event.reason}: {event.n_done}/{event.n_total} trials{hint}")

    def _summary(self, event: Finished) -> str:
        assert self._seen is not None
        parts = [f"{event.n_done}/{event.n_total} trials", *self._seen.front_words()]
        left = event.n_total - event.n_done
        if left:
            parts.append(f"{_duration((self._clock() - self._began_s) / self._n_here * left)} left")
        if self._n_failed:
            parts.append(f"{self._n_failed} failed")
        return " | ".join(parts)

    def _line(self, text: str) -> None:
        self._write((_CLEAR if self._is_live else "") + text + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


@dataclass
class _Seen:
    """The complete trials seen so far, in the shape that `Front.of` reads."""

    name: str
    objectives: tuple[Objective, ...]
    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    trials: "list[Trial]"
    limits: Mapping[str, tuple[float | None, float | None]]

    def front_words(self) -> list[str]:
        """Size of the front, hypervolume, and its best value of the first objective that is maximised."""
        if not self.trials:
            return []
        front = Front.of(cast("Run", self))
        leading = next((o for o in self.objectives if o.is_maximized), self.objectives[0])
        words = [f"front {len(front.points)}", f"hypervolume {front.hypervolume:.3f}"]
        if front.points:  # none while every trial breaks a limit
            best = front.best(leading.name, self.limits).metrics[leading.name]
            words.append(f"best {title(leading.name)} {format_value(best, leading.name)}")
        return words

    def describe(self, trial: "Trial") -> str:
        """A trial: its timesteps and its objectives."""
        assert trial.result is not None
        metrics = trial.result.metrics
        values = [f"{title(o.name)} {format_value(metrics[o.name], o.name)}" for o in self.objectives]
        return f"trial {trial.number}: timesteps {list(trial.configuration.timesteps)}, {', '.join(values)}"


def _duration(seconds: float) -> str:
    """A time to wait, rounded as people say it: '40 s', '3 min', '2 h 10 min'."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
