"""What a search does while what its workers run on is away: a node, a cluster, the process that starts workers.

No trial is charged for it. Submission pauses, 1 s at first and twice as long after each further loss, at most 60 s.
After 30 minutes in which nothing answered the search ends, and can be resumed.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from tsearch.errors import TsearchError

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
GIVE_UP_S = 1800.0
MAX_LOSSES = 10  # of one trial, each time while others were answered: then the trial is the likely cause


class Patience:
    """When to submit again; `warn` is called with every loss that begins a pause."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._n_pauses = 0  # since something answered
        self._since = 0.0  # when the first of them began
        self._until = 0.0  # when the last of them ends
        self._n_answers = 0
        self._losses: dict[int, set[int]] = {}  # by trial: how many answers there were at each of its losses

    @property
    def left_s(self) -> float | None:
        """Seconds until submission goes on; None where it is not paused."""
        left_s = self._until - time.monotonic()
        return left_s if left_s > 0 else None

    def lose(self, error: str) -> None:
        """Pause, unless paused already: one dead node takes many segments. Raises: TsearchError after 30 minutes."""
        now = time.monotonic()
        if now < self._until:
            return
        if self._n_pauses == 0:
            self._since = now
        left_s = self._since + GIVE_UP_S - now
        if left_s <= 0:
            raise TsearchError(
                f"{error}. Nothing has answered for {GIVE_UP_S / 60:g} min; no trial failed by it. Mend the cause, "
                "then resume."
            )
        wait_s = min(FIRST_WAIT_S * 2**self._n_pauses, LONGEST_WAIT_S, left_s)
        self._n_pauses += 1
        self._until = now + wait_s
        end = datetime.now() + timedelta(seconds=left_s)
        self._warn(
            f"{error}. No trial is charged for it: submitting again in {wait_s:.0f} s, and until {end:%H:%M} if "
            "nothing answers"
        )

    def answer(self) -> None:
        """A worker answered: what was away is back."""
        self._n_answers += 1
        self._n_pauses, self._until = 0, 0.0

    def blames(self, number: int) -> bool:
        """Count a loss of trial `number`; whether it was lost more often than chance allows, others being answered."""
        losses = self._losses.setdefault(number, set())
        losses.add(self._n_answers)
        return len(losses) > MAX_LOSSES
