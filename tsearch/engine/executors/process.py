"""Worker processes on this machine, one thread each: the default.

A *fork server* imports the evaluator once (torch included, seconds) and then forks one worker after the other
(milliseconds, sharing the imported libraries' memory). It is started as a program of its own, so the user's
script is never imported again, needs no `__main__` guard, and may as well be a notebook, a test or standard
input. (The `multiprocessing` module re-imports the main script in every child.) Workers are numbered from 0,
so that they can share what the machine has, such as GPUs. Each talks to the driver over a socket of its own.
Every worker has a session of its own, with a guard in it that kills the whole session when the driver or the worker
ends, or closes the line: in the middle of a training if need be, with all that an evaluator started. The fork server
leads its own session, so Ctrl-C in the terminal reaches the driver alone.
"""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection, wait

from tsearch.engine.executors import Evaluator, Outcome, Segment, silence
from tsearch.engine.executors.segments import UnderWay, away, soonest
from tsearch.engine.executors.worker import BEGUN, NUMBER_BYTES
from tsearch.errors import TsearchError

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_HUGE_PAGES = "glibc.malloc.hugetlb=1"  # a training takes 1 to 4 % less time; without glibc nothing happens
_LEAVE_S = 5.0  # how long the dead take to be gone
_DYING_S = 1.0  # the sockets of a dying fork server close before it is dead
_FORK_SERVER = """
import sys
from multiprocessing.connection import Connection
control = Connection(int(sys.argv[1]))
try:
    sys.path[:] = control.recv()
except EOFError:
    sys.exit()
from tsearch.engine.executors.worker import serve_forks
serve_forks(control)
"""


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
        self.can_stop, self.warn = True, silence
        self._evaluator = _pickled(evaluator)
        self._n = workers or usable_cores()
        self._fork_server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._idle: list[Connection] = []
        self._busy: dict[Connection, UnderWay] = {}
        self._deaf: set[Connection] = set()  # busy, but dead before the segment reached them
        self._numbers: dict[Connection, int] = {}
        self._has_served = False  # whether a worker has ever begun
        self._forgiven: int | None = None  # the fork server that was killed before

    def free(self) -> int:
        return self._n - len(self._busy)

    def submit(self, key: str, segment: Segment) -> None:
        worker = self._idle.pop() if self._idle else self._new_worker()
        self._busy[worker] = UnderWay(key, segment.timeout_s)
        try:
            worker.send(segment)
        except OSError:  # it died while idle: `wait` finds its socket closed
            self._deaf.add(worker)

    def wait(self, timeout_s: float | None = None) -> list[tuple[str, Outcome]]:
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while self._busy:
            left_s = None if end is None else max(0.0, end - time.monotonic())
            ready = wait(list(self._busy), soonest(left_s, *(job.left_s for job in self._busy.values())))
            outcomes = [self._received(worker) for worker in ready if isinstance(worker, Connection)]
            late = [worker for worker, job in self._busy.items() if job.left_s == 0]
            outcomes += [(self._busy[worker].key, self._remove(worker).too_long) for worker in late]
            if left_s == 0 or any(outcomes):
                return [outcome for outcome in outcomes if outcome]
        return []

    def close(self) -> None:
        for worker in (*self._idle, *self._busy):
            worker.close()
        if self._control is not None:
            self._control.close()
        if self._fork_server is not None:
            with suppress(subprocess.TimeoutExpired):
                self._fork_server.wait(_LEAVE_S if self._has_served else 0)  # it leaves after its workers
            if self._fork_server.poll() is None:
                os.killpg(self._fork_server.pid, signal.SIGKILL)
            self._fork_server.wait()
        self._idle, self._busy, self._numbers, self._deaf = [], {}, {}, set()
        self._control = self._fork_server = None

    def _received(self, worker: Connection) -> tuple[str, Outcome] | None:
        """The outcome that a worker sent, or that its end means; None where it says that it begins."""
        try:
            message = worker.recv()
        except (EOFError, OSError):
            outcome = self._end_of(worker)
            return self._remove(worker).key, outcome
        self._has_served = True
        if message == BEGUN:
            self._busy[worker] = replace(self._busy[worker], begun=time.monotonic())
            return None
        self._idle.append(worker)
        return self._busy.pop(worker).key, message

    def _end_of(self, worker: Connection) -> Outcome:
        """What it means that a busy worker is gone."""
        if worker in self._deaf:
            return away("the worker process had died before it was given anything to do")
        if self._busy[worker].begun is None and self._fork_server is not None:
            with suppress(subprocess.TimeoutExpired):
                code = self._fork_server.wait(_DYING_S)
                why = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
                if code == -signal.SIGKILL and self._forgiven in (None, self._fork_server.pid):
                    self._forgiven = self._fork_server.pid  # somebody did that: once, it may be started again
                    return away(f"the process that starts workers died ({why})")
                if self._has_served:
                    return away(f"the process that starts workers died ({why})")
                return Outcome(
                    error=f"no worker can start: the process that imports the evaluator died ({why}).",
                    is_refused=True,
                )
        return Outcome(error="the worker process died (killed, or out of memory)", is_lost=True)

    def _remove(self, worker: Connection) -> UnderWay:
        """Forget a busy worker. Its guard kills what is left of its session."""
        worker.close()
        self._deaf.discard(worker)
        del self._numbers[worker]  # for the one that takes its place
        return self._busy.pop(worker)

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
            f"evaluator {getattr(evaluator, '__qualname__', evaluator)}: worker processes cannot import it from "
            "a script, a notebook or another function. Put it at the top of a file such as evaluators.py and import it "
            "from there, or use executor='inline'."
        )
    return pickled
