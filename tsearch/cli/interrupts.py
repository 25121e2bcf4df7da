"""Ctrl-C, and the end of a batch job, which is handled like it: the first one shuts a command down, more of them while
it does so change nothing. A closed terminal ends nothing: a search goes on without it."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_S = 10.0  # a shutdown that takes longer may be interrupted again


@contextmanager
def calm_interrupts() -> Iterator[None]:
    """Inside, the first signal raises KeyboardInterrupt and more of them are ignored for `PATIENCE_S`. After an
    interrupt they stay ignored: Python itself then ends without tracebacks."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    interrupt = _Interrupt()
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if interrupt.last_s is not None else handler)


class _Interrupt:
    """Handles both signals; `last_s` is when it last raised."""

    def __init__(self) -> None:
        self.last_s: float | None = None

    def __call__(self, _number: int, _frame: Any) -> None:
        now_s = time.monotonic()
        if self.last_s is None or now_s - self.last_s > PATIENCE_S:
            self.last_s = now_s
            raise KeyboardInterrupt
