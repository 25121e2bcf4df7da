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

    name: str
    seconds: float
    usual_s: float

    @property
    def text(self) -> str:
        return (
            f"{self.name} has been under way for {self.seconds:.0f} s, where others took {self.usual_s:.0f} s "
            "(median)"
        )


class Stopwatch:
    """Seconds per epoch of the segments that ended, and the beginnings of those under way, by name."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[float, int]] = {}
        self._rates: list[float] = []
        self._told: set[str] = set()

    def begin(self, name: str, n_epochs: int) -> None:
        """The segment of `name` ("trial 5") over `n_epochs` was submitted."""
        self._begun[name] = time.monotonic(), n_epochs

    def end(self, name: str, *, counts: bool) -> None:
        """It is over; `counts` where it says how long segments take."""
        begun, n_epochs = self._begun.pop(name)
        self._told.discard(name)
        if counts:
            self._rates.append((time.monotonic() - begun) / n_epochs)

    def left_s(self) -> float | None:
        """Seconds until the next segment becomes slow; None where none can be."""
        moments = [moment for name, (moment, _) in self._slow_at().items() if name not in self._told]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def slow(self) -> list[Slow]:
        """The segments that have become slow; each is given once."""
        now = time.monotonic()
        found = [
            Slow(name, now - self._begun[name][0], usual_s)
            for name, (moment, usual_s) in self._slow_at().items()
            if moment <= now and name not in self._told
        ]
        self._told |= {slow.name for slow in found}
        return found

    def _slow_at(self) -> dict[str, tuple[float, float]]:
        """The moment at which each segment is slow, and how long as many epochs usually take."""
        if len(self._rates) < N_FINISHED:
            return {}
        rate = median(self._rates)
        return {
            name: (begun + max(TIMES_THE_MEDIAN * rate * n, SHORTEST_S), rate * n)
            for name, (begun, n) in self._begun.items()
        }
