"""The far side of `process.py`: the fork server, and the workers that it forks. Runs in processes of its own."""

import os
import pickle
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from tsearch.engine.executors import Evaluator, Outcome, Segment, attempt
from tsearch.machine import become_worker

NUMBER_BYTES = 2  # a message to the fork server is a worker's number, with its socket
BEGUN = "begun"  # a worker's first answer to a segment; the outcome follows


def serve_forks(control: Connection) -> None:
    """Import the evaluator, then fork a worker for every socket that arrives, until the driver is gone. Never
    returns.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel removes dead workers
    try:
        evaluator = _load(control.recv_bytes())
    except EOFError:  # the driver left first
        os._exit(0)
    with socket.socket(fileno=os.dup(control.fileno())) as line:
        control.close()
        while True:
            message, sockets, _, _ = socket.recv_fds(line, NUMBER_BYTES, 1)
            if not message:
                break
            if os.fork() == 0:
                line.close()
                become_worker(int.from_bytes(message))
                _begin_session(sockets[0], evaluator)
            os.close(sockets[0])
    with suppress(ChildProcessError):
        os.wait()  # returns when the last worker is gone
    os._exit(0)


def _begin_session(driver: int, evaluator: "Evaluator | str | Outcome") -> None:
    """A session of a worker and its guard. The guard does nothing but wait for the end of either the driver or the
    worker, and then kills all processes of the session: also those that an evaluator started, and a worker that
    cannot listen because it is deep in foreign code. Never returns.
    """
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    worker = os.fork()
    threading.Thread(target=_end_with_driver, args=(driver,), daemon=True).start()
    if worker == 0:
        _work(Connection(driver), evaluator)
    os.waitpid(worker, 0)
    _end_session()


def _work(driver: Connection, evaluator: "Evaluator | str | Outcome") -> None:
    """Take segments and give back outcomes until the driver hangs up. Never returns."""
    try:
        while True:
            segment: Segment = driver.recv()
            driver.send(BEGUN)
            driver.send(evaluator if isinstance(evaluator, Outcome) else attempt(evaluator, segment))
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def _end_with_driver(descriptor: int) -> None:
    """End this session as soon as the other end of its socket is closed."""
    hang_up = select.poll()
    hang_up.register(descriptor, 0)
    hang_up.poll()
    _end_session()


def _end_session() -> None:
    """Kill every process of the caller's group, itself included."""
    os.killpg(0, signal.SIGKILL)


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
