"""How long segments take, to notice one that takes much longer than the others."""

import time
from dataclasses import dataclass
from statistics import median

TIMES_THE_MEDIAN = 10
SHORTEST_S = 60.0  # what takes less is never called slow
N_FINISHED = 3  # so many give a median


@dataclass(frozen=True)
class Slow:
    """A segment that is under way for `seconds`; the finished ones took `usual_s` for as many epochs (median)."""

    number: int
    seconds: float
    usual_s: float

    @property
    def text(self) -> str:
        return (
            f"trial {self.number} has been under way for {self.seconds:.0f} s, where others took {self.usual_s:.0f} s "
            "(median)"
        )


class Stopwatch:
    """Seconds per epoch of the segments that ended, and the beginnings of those under way, by trial."""

    def __init__(self) -> None:
        self._begun: dict[int, tuple[float, int]] = {}
        self._rates: list[float] = []
        self._told: set[int] = set()

    def begin(self, number: int, n_epochs: int) -> None:
        """A segment of trial `number` over `n_epochs` was submitted."""
        self._begun[number] = time.monotonic(), n_epochs

    def end(self, number: int, *, counts: bool) -> None:
        """It is over; `counts` where it says how long segments take."""
        begun, n_epochs = self._begun.pop(number)
        self._told.discard(number)
        if counts:
            self._rates.append((time.monotonic() - begun) / n_epochs)

    def left_s(self) -> float | None:
        """Seconds until the next segment becomes slow; None where none can be."""
        moments = [moment for number, (moment, _) in self._slow_at().items() if number not in self._told]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def slow(self) -> list[Slow]:
        """The segments that have become slow; each is given once."""
        now = time.monotonic()
        found = [
            Slow(number, now - self._begun[number][0], usual_s)
            for number, (moment, usual_s) in self._slow_at().items()
            if moment <= now and number not in self._told
        ]
        self._told |= {slow.number for slow in found}
        return found

    def _slow_at(self) -> dict[int, tuple[float, float]]:
        """The moment at which each segment is slow, and how long as many epochs usually take."""
        if len(self._rates) < N_FINISHED:
            return {}
        rate = median(self._rates)
        return {
            number: (begun + max(TIMES_THE_MEDIAN * rate * n, SHORTEST_S), rate * n)
            for number, (begun, n) in self._begun.items()
        }
