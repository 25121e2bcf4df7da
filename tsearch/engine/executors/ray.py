"""Ray tasks: many machines, or this one, through the same four calls.

Ray ends the process that is connected to a cluster when the cluster dies. So a process of its own is connected, the
link (`ray_link.py`), and this one talks to the link. When the link ends, its segments are lost with it, and the search
starts another one once the cluster answers again.
"""

import importlib.util
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from tsearch.engine.executors import AwayError, Evaluator, Outcome, Segment, silence
from tsearch.engine.executors.segments import away
from tsearch.errors import TsearchError
from tsearch.references import reference_to

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "20",  # then Ray ends the link; its own default is 60
}
_LEAVE_S = 10.0  # a cluster of our own takes this long to go down at most
_LINK = """
import sys
from multiprocessing.connection import Connection
driver = Connection(int(sys.argv[1]))
try:
    sys.path[:] = driver.recv()
except EOFError:
    sys.exit()
from tsearch.engine.executors.ray_link import serve_ray
serve_ray(driver)
"""


class RayExecutor:
    """Joins the cluster at `address`, or starts one on this machine, when the first segment comes.

    A cluster that was joined stays up when the executor closes; one that was started here goes down with it.
    """

    def __init__(
        self,
        evaluator: Evaluator | str,
        workers: int | None = None,
        address: str | None = None,
        device: str = "cpu",
    ) -> None:
        if importlib.util.find_spec("ray") is None:
            raise TsearchError("executor 'ray': Ray is not installed. Run: pip install 'tsearch-snn[ray]'")
        self.can_stop, self.warn = True, silence
        self._evaluator = evaluator
        self._settings: dict[str, Any] = {"workers": workers, "address": address, "device": device}
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Connection | None = None
        self._n_slots = 0
        self._busy: dict[str, bool] = {}  # by key: whether the segment has begun
        self._was_connected = False

    def free(self) -> int:
        self._connect()
        return self._n_slots - len(self._busy)

    def submit(self, key: str, segment: Segment) -> None:
        self._connect()
        self._busy[key] = False
        with suppress(OSError):  # `wait` finds that the link is gone
            assert self._link is not None
            self._link.send((key, segment))

    def wait(self, timeout_s: float | None = None) -> list[tuple[str, Outcome]]:
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while self._busy:
            assert self._link is not None
            left_s = None if end is None else max(0.0, end - time.monotonic())
            try:
                outcomes = self._heard() if self._link.poll(left_s) else []
            except (EOFError, OSError):
                return self._lose_link()
            if outcomes or left_s == 0:
                return outcomes
        return []

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LEAVE_S)
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._link = self._process = None
        self._busy = {}

    def _heard(self) -> list[tuple[str, Outcome]]:
        """Outcomes among what the link says; raises what a closed link raises, and TsearchError where it refuses."""
        assert self._link is not None
        what, *content = self._link.recv()
        if what == "refused":
            raise TsearchError(content[0])
        if what == "slots":
            self._n_slots = content[0]
        elif what == "warning":
            self.warn(content[0])
        elif what == "begun":
            self._busy[content[0]] = True
        else:
            key, outcome = content
            self._busy.pop(key, None)
            return [(key, outcome)]
        return []

    def _lose_link(self) -> list[tuple[str, Outcome]]:
        """What was under way, lost with the cluster."""
        lost = self._busy
        self.close()
        return [(key, away("the Ray cluster was lost", has_begun=begun)) for key, begun in lost.items()]

    def _connect(self) -> None:
        """Start the link unless there is one. Raises: TsearchError where it cannot be, AwayError where there was one
        before.
        """
        if self._link is not None:
            return
        try:
            self._start()
            self._heard()
        except (TsearchError, EOFError, OSError) as error:
            self.close()
            words = str(error) or "the process that talks to Ray ended"
            raise (AwayError if self._was_connected else TsearchError)(words) from None
        self._was_connected = True

    def _start(self) -> None:
        evaluator, settings = self._pickled(), self._settings | {"address": self._address()}
        settings["is_verbose"] = logging.getLogger().isEnabledFor(logging.INFO)
        environment = _ENVIRONMENT | dict(os.environ)
        if settings["address"] is None:
            environment.setdefault("RAY_AUTH_MODE", "disabled")  # a cluster of our own, on this machine only
        ours, theirs = socket.socketpair()
        self._link = Connection(ours.detach())
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _LINK, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,
                start_new_session=True,
                env=environment,
            )
        self._link.send(sys.path)
        self._link.send((evaluator, settings))

    def _address(self) -> str | None:
        """The cluster to join: the one named, or the one that this process itself has joined."""
        ray = sys.modules.get("ray")
        if self._settings["address"] is None and ray is not None and ray.is_initialized():
            return str(ray.get_runtime_context().gcs_address)
        address: str | None = self._settings["address"]
        return address

    def _pickled(self) -> bytes:
        """The evaluator as Ray's workers receive it: a reference, or where there is none, the function itself."""
        reference = reference_to(self._evaluator)
        if reference is not None:
            return pickle.dumps(reference)
        cloudpickle: Any = import_module("ray.cloudpickle")
        return bytes(cloudpickle.dumps(self._evaluator))
