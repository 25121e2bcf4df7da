"""What a run should say once, however many workers meet it."""

import logging
import os

_said: set[str] = set()


def warn_once(log: logging.Logger, message: str) -> None:
    """Log a warning: once in a process, and of numbered worker processes in the first alone."""
    if message not in _said and os.environ.get("TSEARCH_WORKER", "0") == "0":
        log.warning("%s", message)
    _said.add(message)
