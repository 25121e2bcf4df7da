"""How long a search will go on, from the trials that ended since it began or went on."""

from statistics import median

_RECENT = 15  # trials behind an estimate
_FEWEST = 2


class Pace:
    """Counts trials that are under way and those that ended, by the clock of the caller in seconds."""

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self._under_way: set[int] = set()
        self._ends_s: list[float] = []
        self._n_at_once = 1

    def submitted(self, number: int) -> None:
        """A trial went to a worker."""
        self._under_way.add(number)
        if not self._ends_s:  # all workers are busy before the first trial ends
            self._n_at_once = len(self._under_way)

    def ended(self, number: int, now_s: float) -> None:
        """A trial ended, complete or failed."""
        self._under_way.discard(number)
        self._ends_s.append(now_s)

    def left_s(self, n_trials: int) -> float | None:
        """Time that `n_trials` more will take; None until two ended here.

        Of `w` trials at a time each takes about as long as passes between the end of one and the `w`-th after it. The
        first `w` begin with the search, whose start-up they contain: they count only until later ones have ended.
        """
        if len(self._ends_s) < _FEWEST:
            return None
        w = self._n_at_once
        ends = self._ends_s[-w - _RECENT :]
        spans = [end - begin for begin, end in zip(ends, ends[w:], strict=False)]
        spans = spans or [end - self._began_s for end in ends]
        return median(spans) / w * n_trials
