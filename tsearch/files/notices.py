"""What a run should say once, however many workers meet it."""

import logging
import time

from tsearch.machine import machine

_said: set[str] = set()
_SECONDS = 10.0


def warn_once(log: logging.Logger, message: str) -> None:
    """Log a warning: once in a process, and of numbered worker processes in the first alone."""
    if message not in _said and machine().worker == 0:
        log.warning("%s", message)
    _said.add(message)


class Progress:
    """Says how far a long work is, every few seconds; nothing of a short one."""

    def __init__(self, log: logging.Logger, doing: str, things: str) -> None:
        self._log, self._doing, self._things = log, doing, things
        self._n, self._next = 0, time.monotonic() + _SECONDS

    def step(self) -> None:
        """One more is done."""
        self._n += 1
        if time.monotonic() >= self._next:
            self._log.warning("%s, once: %s %s so far", self._doing, f"{self._n:,}", self._things)
            self._next = time.monotonic() + _SECONDS
