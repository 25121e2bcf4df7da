"""What a search does while what its workers run on is away: a node, a cluster, the process that starts workers.

No trial is charged for it. Submission pauses, 1 s at first and twice as long after each further loss, at most 60 s.
After 30 minutes in which nothing answered the search ends, and can be resumed. A trial that had begun each of ten times
that something went away under it has failed: it is likely to be the cause.
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from tsearch.errors import TsearchError

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
GIVE_UP_S = 1800.0
MAX_LOSSES = 10  # of one trial, each after it had begun: then the trial is the likely cause


class Patience:
    """When to submit again; `warn` is called with every loss that begins a pause."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._n_pauses = 0  # since something answered
        self._since = 0.0  # when the first of them began
        self._until = 0.0  # when the last of them ends
        self._n_losses: Counter[str] = Counter()  # of each segment, after it had begun

    @property
    def left_s(self) -> float | None:
        """Seconds until submission goes on; None where it is not paused."""
        left_s = self._until - time.monotonic()
        return left_s if left_s > 0 else None

    def lose(self, error: str, *, has_begun: bool = False) -> None:
        """Pause, unless paused already: one dead node takes many segments. A segment that had begun shows that there
        was something for it to run on. Raises: TsearchError after 30 minutes without a sign of that.
        """
        now = time.monotonic()
        if has_begun or self._n_pauses == 0:
            self._since = now
        if now < self._until:
            return
        left_s = self._since + GIVE_UP_S - now
        if left_s <= 0:
            raise TsearchError(
                f"{error}. Nothing has answered for {GIVE_UP_S / 60:g} min; no trial failed by it. Mend the cause, "
                "then resume."
            )
        wait_s = min(FIRST_WAIT_S * 2.0 ** min(self._n_pauses, 30), LONGEST_WAIT_S, left_s)
        self._n_pauses += 1
        self._until = now + wait_s
        end = datetime.now() + timedelta(seconds=left_s)
        self._warn(
            f"{error}. No trial is charged for it: submitting again in {wait_s:.0f} s, and until {end:%H:%M} if "
            "nothing answers"
        )

    def answer(self) -> None:
        """A worker answered: what was away is back."""
        self._n_pauses, self._until = 0, 0.0

    def blames(self, name: str) -> bool:
        """Count a loss of the segment called `name`, which had begun; whether it is likely to be the cause by now."""
        self._n_losses[name] += 1
        return self._n_losses[name] >= MAX_LOSSES
