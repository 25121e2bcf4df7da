"""How far work besides the search is: 'confirming: 7 of 15 trainings, about 40 s left'."""

from tsearch.engine.events import Advanced
from tsearch.units import counted, duration_text

_LINES = 10  # where each stays; so many at most, and one at the beginning


class Advancing:
    """Work that is told of by events, the first of which is `first`."""

    def __init__(self, first: Advanced) -> None:
        self._first = first
        self._first_end_s: float | None = None  # start-up comes before it, so nothing is concluded from it

    def goes_on(self, event: Advanced) -> bool:
        """Whether an event tells of the same work."""
        first = self._first
        is_same = (event.purpose, event.piece, event.n_total) == (first.purpose, first.piece, first.n_total)
        return is_same and event.n_done > first.n_done

    def text(self, event: Advanced, now_s: float) -> str:
        """How far it is, and how long it will take at the pace since the first piece ended."""
        text = f"{event.purpose}: {event.n_done} of {counted(event.n_total, event.piece)}"
        n_ended = event.n_done - self._first.n_done
        if n_ended == 1:
            self._first_end_s = now_s
        if n_ended < 2 or self._first_end_s is None or event.n_done == event.n_total:
            return text
        left_s = (now_s - self._first_end_s) / (n_ended - 1) * (event.n_total - event.n_done)
        return f"{text}, about {duration_text(left_s)} left"

    def is_told(self, event: Advanced) -> bool:
        """Whether an event is worth a line of its own."""
        n_done, n_total = event.n_done, event.n_total
        return event == self._first or n_done * _LINES // n_total > (n_done - 1) * _LINES // n_total
