"""Worker processes on this machine, one thread each: the default.

A *fork server* imports the evaluator once (torch included, seconds) and then forks one worker after the other
(milliseconds, sharing the imported libraries' memory). It is started as a program of its own, so the user's
script is never imported again, needs no `__main__` guard, and may as well be a notebook, a test or standard
input. (The `multiprocessing` module re-imports the main script in every child.) Workers are numbered from 0,
so that they can share what the machine has, such as GPUs. Each talks to the driver over a socket of its own.
When the driver dies, the sockets close and every worker leaves at once, in the middle of a training if need
be. The fork server leads its own session, so Ctrl-C in the terminal reaches the driver alone.
"""

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection, wait

from tsearch.engine.executors import Evaluator, Outcome, Segment
from tsearch.engine.executors.worker import NUMBER_BYTES
from tsearch.errors import TsearchError

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_HUGE_PAGES = "glibc.malloc.hugetlb=1"  # a training takes 1 to 4 % less time; without glibc nothing happens
_FORK_SERVER = (
    "import sys; from multiprocessing.connection import Connection; "
    "control = Connection(int(sys.argv[1])); sys.path[:] = control.recv(); "
    "from tsearch.engine.executors.worker import serve_forks; serve_forks(control)"
)


class ProcessExecutor:
    """As many workers as `workers`, started when first needed; None means one for every core this process may
    use.
    """

    def __init__(
        self,
        evaluator: Evaluator | str,
        workers: int | None = None,
        _address: str | None = None,
        _device: str = "cpu",
    ) -> None:
        self._evaluator = _pickled(evaluator)
        self._n = workers or usable_cores()
        self._fork_server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._idle: list[Connection] = []
        self._busy: dict[Connection, str] = {}
        self._numbers: dict[Connection, int] = {}

    def free(self) -> int:
        return self._n - len(self._busy)

    def submit(self, key: str, segment: Segment) -> None:
        worker = self._idle.pop() if self._idle else self._new_worker()
        self._busy[worker] = key
        with suppress(OSError):  # a worker that died while idle: `wait` finds its socket closed
            worker.send(segment)

    def wait(self, timeout_s: float | None = None) -> list[tuple[str, Outcome]]:
        outcomes = []
        for worker in wait(list(self._busy), timeout_s) if self._busy else []:
            assert isinstance(worker, Connection)
            key = self._busy.pop(worker)
            try:
                outcomes.append((key, worker.recv()))
                self._idle.append(worker)
            except (EOFError, OSError):
                worker.close()
                del self._numbers[worker]  # for the one that takes its place
                outcomes.append(
                    (key, Outcome(error="the worker process died (killed, or out of memory)", is_lost=True))
                )
        return outcomes

    def close(self) -> None:
        for worker in (*self._idle, *self._busy):
            worker.close()
        self._idle, self._busy, self._numbers = [], {}, {}
        if self._control is not None:
            self._control.close()
        if self._fork_server is not None:
            if self._fork_server.poll() is None:
                os.killpg(self._fork_server.pid, signal.SIGKILL)
            self._fork_server.wait()
        self._control = self._fork_server = None

    def _new_worker(self) -> Connection:
        """A worker just forked: the fork server is sent one end of a fresh pair of sockets."""
        if self._fork_server is None or self._fork_server.poll() is not None:
            self._start_fork_server()
        assert self._control is not None
        number = next(n for n in count() if n not in self._numbers.values())
        ours, theirs = socket.socketpair()
        with ours, theirs:
            with suppress(OSError):  # a fork server that just died: `wait` finds the socket closed
                socket.send_fds(self._control, [number.to_bytes(NUMBER_BYTES)], [theirs.fileno()])
            worker = Connection(ours.detach())
        self._numbers[worker] = number
        return worker

    def _start_fork_server(self) -> None:
        if self._control is not None:
            self._control.close()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._fork_server = subprocess.Popen(
                [sys.executable, "-c", _FORK_SERVER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a training prints goes to stderr; stdout carries results only
                start_new_session=True,
                env=_environment(),
            )
        greeting = Connection(os.dup(self._control.fileno()))
        with suppress(OSError):
            greeting.send(sys.path)
            greeting.send_bytes(self._evaluator)
        greeting.close()


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _environment() -> Mapping[str, str]:
    """One thread each; large tensors in huge pages, unless the user's own tunables, which come last, say otherwise."""
    tunables = ":".join(filter(None, (_HUGE_PAGES, os.environ.get("GLIBC_TUNABLES"))))
    return os.environ | dict.fromkeys(_THREADS, "1") | {"GLIBC_TUNABLES": tunables}


def _pickled(evaluator: Evaluator | str) -> bytes:
    """The evaluator as a worker receives it: a reference that it imports. Raises: TsearchError if it cannot
    be imported.
    """
    try:
        pickled = pickle.dumps(evaluator)
    except (pickle.PicklingError, AttributeError, TypeError):
        pickled = b"__main__"
    if b"__main__" in pickled:
        raise TsearchError(
            f"evaluator {getattr(evaluator, '__qualname__', evaluator)}: worker processes cannot import it. "
            "Define it at the top of a module that can be imported, or use the executor 'inline'."
        )
    return pickled
