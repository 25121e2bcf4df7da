"""The far side of `process.py`: the fork server, and the workers that it forks. Runs in processes of its own."""

import os
import pickle
import select
import signal
import socket
import sys
import threading
from multiprocessing.connection import Connection

from tsearch.engine.executors import Evaluator, Outcome, Segment, attempt
from tsearch.machine import become_worker

NUMBER_BYTES = 2  # a message to the fork server is a worker's number, with its socket


def serve_forks(control: Connection) -> None:
    """Import the evaluator, then fork a worker for every socket that arrives, until the driver is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel removes dead workers
    evaluator = _load(control.recv_bytes())
    with socket.socket(fileno=os.dup(control.fileno())) as line:
        control.close()
        while True:
            message, sockets, _, _ = socket.recv_fds(line, NUMBER_BYTES, 1)
            if not message:
                return
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                line.close()
                become_worker(int.from_bytes(message))
                _work(Connection(sockets[0]), evaluator)
            os.close(sockets[0])


def _work(driver: Connection, evaluator: "Evaluator | str | Outcome") -> None:
    """Take segments and give back outcomes until the driver hangs up. Never returns."""
    threading.Thread(target=_leave_with_driver, args=(driver.fileno(),), daemon=True).start()
    try:
        while True:
            segment: Segment = driver.recv()
            driver.send(evaluator if isinstance(evaluator, Outcome) else attempt(evaluator, segment))
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def _leave_with_driver(descriptor: int) -> None:
    """End this process as soon as the other end of its socket is closed, whatever it is doing."""
    hang_up = select.poll()
    hang_up.register(descriptor, 0)
    hang_up.poll()
    os._exit(1)


def _load(pickled: bytes) -> "Evaluator | str | Outcome":
    """The evaluator, imported; or the outcome that tells why it cannot be."""
    try:
        evaluator: Evaluator | str = pickle.loads(pickled)
        if isinstance(evaluator, str):
            from tsearch.references import resolve

            return resolve(evaluator)  # type: ignore[no-any-return]
        return evaluator
    except Exception as error:
        return Outcome(
            error=f"worker processes cannot import the evaluator: {type(error).__name__}: {error}",
            is_refused=True,
        )
