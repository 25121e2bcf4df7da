"""What a run should say once, however many workers meet it."""

import logging

from tsearch.machine import machine

_said: set[str] = set()


def warn_once(log: logging.Logger, message: str) -> None:
    """Log a warning: once in a process, and of numbered worker processes in the first alone."""
    if message not in _said and machine().worker == 0:
        log.warning("%s", message)
    _said.add(message)
