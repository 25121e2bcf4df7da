"""How a search is going, for people: one line that stays in place on a terminal, one line per trial elsewhere.

14/40 trials | front 5 | hypervolume 0.412 | best accuracy 84.2 % | 3 min left
"""

import shutil
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from tsearch.cli.advancing import Advancing
from tsearch.cli.pace import Pace
from tsearch.engine.ending import is_for_good
from tsearch.engine.events import Advanced, Ended, Event, Finished, Lost, Noted, Started, Submitted, Warned
from tsearch.engine.state import resume_hint
from tsearch.front import GrowingFront
from tsearch.front.masked import masked_to
from tsearch.front.point import point_of, setting_text
from tsearch.space.goals import Objective
from tsearch.units import counted, duration_text, format_value, title

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Trial

_CLEAR = "\r\x1b[2K"


class Progress:
    """A listener for `run` and `resume` that writes to `stream`. What writing raises, it raises.

    Args:
        is_live: Whether to keep one line in place; by default, if the stream is a terminal.
        clock: Seconds that never go back, from which the time left is estimated.
    """

    def __init__(
        self, stream: TextIO, is_live: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._wants_live = is_live
        self._clock = clock
        self._started: Started | None = None
        self._n_failed = 0
        self._advancing: Advancing | None = None

    def __call__(self, event: Event) -> None:
        """Show what an event changes."""
        if isinstance(event, Started):
            self._start(event)
        elif isinstance(event, Submitted):
            self._pace.submitted(event.trial.number)
        elif isinstance(event, Finished):
            self._finish(event)
        elif isinstance(event, Lost):
            self._line(f"trial {event.trial.number}: {event.reason}, attempt {event.attempt}")
        elif isinstance(event, Advanced):
            self._advance(event)
        elif isinstance(event, Warned):
            self._line(f"warning: {' '.join(event.text.split())}")
        elif isinstance(event, Noted):
            self._line(event.text)
        elif isinstance(event, Ended):
            self._end(event)

    def _start(self, event: Started) -> None:
        self._started, self._pace = event, Pace(self._clock())
        self._front = GrowingFront(
            event.objectives, reference=event.reference, ideal=event.ideal, constraints=event.constraints
        )
        for trial in event.earlier:
            self._front.add(trial)
        self._n_failed = sum(trial.state == "failed" for trial in event.earlier)
        done = f", {len(event.earlier)} of them done" if event.earlier else ""
        self._line(f"{event.folder}: {counted(event.n_total, 'trial')}{done}")

    def _finish(self, event: Finished) -> None:
        self._pace.ended(event.trial.number, self._clock())
        self._front.add(event.trial)
        if event.trial.state == "failed":
            self._n_failed += 1
            self._line(f"trial {event.trial.number} failed: {event.trial.error}")
        if self._is_live:
            width = shutil.get_terminal_size().columns - 1
            self._write(_CLEAR + self._summary(event)[:width])
        elif event.trial.state == "complete":
            self._line(f"{self._summary(event)} | {self._trial_text(event.trial)}")

    def _advance(self, event: Advanced) -> None:
        """'confirming: 7 of 15 trainings, about 40 s left'."""
        if self._advancing is None or not self._advancing.goes_on(event):
            self._advancing = Advancing(event)
        text = self._advancing.text(event, self._clock())
        if self._is_live and event.n_done < event.n_total:
            self._write(_CLEAR + text[: shutil.get_terminal_size().columns - 1])
        elif self._is_live or self._advancing.is_told(event):
            self._line(text)

    def _end(self, event: Ended) -> None:
        hint = ""
        if self._started is not None and not is_for_good(event.reason):
            hint = f". Go on with: {resume_hint(self._started)}"
        self._line(f"{event.reason}: {_share(event)}{hint}")

    def _summary(self, event: Finished) -> str:
        parts = [_share(event), *_front_parts(self._front)]
        n_left = event.n_total - event.n_done
        left_s = self._pace.left_s(n_left)
        if n_left and left_s is not None:
            parts.append(f"{duration_text(left_s)} left")
        if self._n_failed:
            parts.append(f"{self._n_failed} failed")
        return " | ".join(parts)

    def _trial_text(self, trial: "Trial") -> str:
        backbone = self._started.alternative_of(trial.configuration) if self._started else ""
        return _trial_text(trial, self._front.objectives, backbone)

    @cached_property
    def _is_live(self) -> bool:
        """Asked when something is written: a closed stream raises then, as it does when it closes later."""
        return self._stream.isatty() if self._wants_live is None else self._wants_live

    def _line(self, text: str) -> None:
        self._write((_CLEAR if self._is_live else "") + text + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _share(event: Finished | Ended) -> str:
    """'14/40 trials'."""
    return f"{event.n_done}/{counted(event.n_total, 'trial')}"


def _front_parts(front: GrowingFront) -> list[str]:
    """Size of the front, hypervolume, and its best value of the first objective that is maximised."""
    if not front.n_complete:
        return []
    parts = [f"front {front.n_front}"]
    if front.hypervolume is not None:
        parts.append(f"hypervolume {front.hypervolume:.3f}")
    if front.n_front and front.best is not None:  # none while every trial breaks a constraint
        leading = front.leading.name
        parts.append(f"best {title(leading)} {format_value(front.best.metrics[leading], leading)}")
    return parts


def _trial_text(trial: "Trial", objectives: Sequence[Objective], backbone: str) -> str:
    """A complete trial: its backbone, as a space of several calls it, and timesteps, or its parameters where it is no
    network, and its objectives."""
    point, metrics = point_of(trial, alternative=backbone), trial.metrics
    settings = [f"{name} {setting_text(value)}" for name, value in point.parameters.items()]
    if point.timesteps:
        masked = masked_to(metrics)
        told = f"timesteps {list(point.timesteps)}" + (f" masked to {masked}" if masked else "")
        settings = [point.family, told] if point.family else [told]
    values = [f"{title(o.name)} {format_value(metrics[o.name], o.name)}" for o in objectives]
    return f"trial {trial.number}: {', '.join([*settings, *values])}"
