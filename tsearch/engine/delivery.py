"""Segments on their way to workers and back.

What workers run on may be away for a while: submission pauses then, see `patience.py`. A segment that takes much longer
than others is told of. What an outcome means for the work behind it is left to who submitted it, by a name of its own.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tsearch.engine.events import Listener, Warned
from tsearch.engine.executors import AwayError, Executor, Outcome, Segment
from tsearch.engine.executors.segments import soonest
from tsearch.engine.patience import MAX_LOSSES, Patience
from tsearch.engine.stopwatch import Stopwatch
from tsearch.errors import TsearchError

MAX_ATTEMPTS = 3  # of a segment whose worker dies


class Delivery:
    """Hands segments to one executor. Those that take longer than `timeout_s` fail; the listener hears warnings."""

    def __init__(self, executor: Executor, listener: Listener, timeout_s: float | None) -> None:
        self._executor, self._say, self._timeout_s = executor, listener, timeout_s
        self._patience, self._stopwatch = Patience(self.warn), Stopwatch()
        self._n_under_way = 0
        executor.warn = self.warn

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nothing that workers run on is away."""
        return not self._n_under_way and self._patience.left_s is None

    @property
    def n_workers(self) -> int:
        """How many segments can be under way at a time."""
        return self._n_under_way + self._executor.free()

    def has_room(self) -> bool:
        """Whether a worker is free, and what it runs on is not away."""
        try:
            return self._patience.left_s is None and self._executor.free() > 0
        except AwayError as error:
            self._patience.lose(str(error))
            return False

    def submit(self, name: str, segment: Segment) -> None:
        """Send a segment to a worker; `name` is what people call it, such as 'trial 5'."""
        self._n_under_way += 1
        self._stopwatch.begin(name, segment.stop - segment.start)
        self._executor.submit(name, replace(segment, timeout_s=self._timeout_s))

    def outcomes(self, left_s: float | None = None) -> Iterator[tuple[str, Outcome]]:
        """What came in, by name, after at most `left_s`. One that `is_away` went away with what its worker ran on, and
        is to be submitted again.

        Raises: TsearchError where an evaluator refuses the task, or nothing answers for 30 minutes.
        """
        pause_s = soonest(left_s, self._patience.left_s)
        if self._n_under_way:
            for name, outcome in self._executor.wait(soonest(pause_s, self._stopwatch.left_s())):
                self._n_under_way -= 1
                yield name, self._judged(name, outcome)
            self._warn_of_slow()
        elif self._patience.left_s is not None:
            time.sleep(pause_s or 0.0)

    def _judged(self, name: str, outcome: Outcome) -> Outcome:
        self._stopwatch.end(name, counts=outcome.result is not None)
        if outcome.is_refused:
            raise TsearchError(outcome.error)
        if not outcome.is_away:
            self._patience.answer()
        elif outcome.has_begun and self._patience.blames(name):
            error = f"lost {MAX_LOSSES} times, the last time because {outcome.error}"
            return replace(outcome, error=error, is_lost=False, is_away=False)
        else:
            self._patience.lose(outcome.error, has_begun=outcome.has_begun)
        return outcome

    def warn(self, text: str) -> None:
        """Say what people should know."""
        self._say(Warned(text))

    def _warn_of_slow(self) -> None:
        hint = "" if self._timeout_s else "; `--segment-timeout TIME` ends such trials"
        for slow in self._stopwatch.slow():
            self.warn(f"{slow.text}{hint}")


@dataclass(frozen=True)
class Work:
    """One segment to be done; `name` is what people call it."""

    name: str
    segment: Segment


def carry_out(works: Sequence[Work], delivery: Delivery, settle: Callable[[Work, Outcome], None]) -> None:
    """Do every work, in order as workers are free; `settle` takes each with its outcome. One whose worker dies is tried
    three times. Raises: TsearchError as `Delivery.outcomes` does."""
    waiting, under_way, attempts = deque(works), dict[str, Work](), dict.fromkeys((w.name for w in works), 0)
    while waiting or under_way:
        while waiting and delivery.has_room():
            work = waiting.popleft()
            under_way[work.name] = work
            delivery.submit(work.name, work.segment)
        for name, outcome in delivery.outcomes():
            work = under_way.pop(name)
            if outcome.is_lost and not outcome.is_away:
                attempts[name] += 1
                delivery.warn(f"{name}: {outcome.error}, attempt {attempts[name]}")
            if outcome.is_away or (outcome.is_lost and attempts[name] < MAX_ATTEMPTS):
                waiting.append(work)
            else:
                settle(work, outcome)
