"""Ray tasks: many machines, or this one, through the same four calls.

Only Ray's core is used. Every segment is one task; checkpoints travel as bytes with it and with its result,
so no shared file system is needed. Ray itself retries nothing: a lost worker or node is an outcome, and the
search submits the segment again, so that every attempt is counted.

Where the run's device is "cuda", a task also takes a GPU, or an equal share of one where there are more workers
than GPUs. Ray shows each task its GPU alone, and ends the process with it.
"""

import importlib.util
import logging
import os
import socket
import sys
from contextlib import suppress
from math import ceil, floor
from typing import Any

from tsearch.engine.executors import Evaluator, Outcome, Segment, attempt
from tsearch.errors import TsearchError
from tsearch.references import reference_to

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
_OBJECT_STORE_BYTES = 200 * 2**20


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
        self._evaluator = reference_to(evaluator) or evaluator
        self._n = workers
        self._address = address
        self._device = device
        self._ray: Any = None
        self._owns_connection = False
        self._busy: dict[Any, str] = {}

    def free(self) -> int:
        return self._slots() - len(self._busy)

    def submit(self, key: str, segment: Segment) -> None:
        self._start()
        self._busy[self._task.remote(self._evaluator, segment, sys.path)] = key

    def wait(self, timeout_s: float | None = None) -> list[tuple[str, Outcome]]:
        if not self._busy:
            return []
        ready, _ = self._ray.wait(list(self._busy), num_returns=1, timeout=timeout_s)
        return [(self._busy.pop(reference), self._outcome(reference)) for reference in ready]

    def close(self) -> None:
        if self._ray is None:
            return
        for reference in self._busy:
            with suppress(Exception):
                self._ray.cancel(reference, force=True)
        self._busy = {}
        if self._owns_connection:
            self._ray.shutdown()
        self._ray = None

    def _outcome(self, reference: Any) -> Outcome:
        try:
            outcome: Outcome = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            first = str(error).strip().splitlines()[0][:200]
            return Outcome(error=f"the Ray worker was lost ({type(error).__name__}: {first})", is_lost=True)
        return outcome

    def _slots(self) -> int:
        if self._n is not None:
            return self._n
        self._start()
        return self._n_gpus() if self._device == "cuda" else int(self._ray.cluster_resources().get("CPU", 1))

    def _n_gpus(self) -> int:
        return int(self._ray.cluster_resources().get("GPU", 0))

    def _gpu_share(self) -> float:
        """GPUs of one task: 1 or, rounded down to what Ray can tell apart, an n-th."""
        if self._device == "cpu":
            return 0
        n_gpus = self._n_gpus()
        if self._device != "cuda" or n_gpus == 0:
            raise TsearchError(
                f"TSEARCH_DEVICE: device '{self._device}' not found, this Ray cluster has {n_gpus} GPUs. Known "
                f"devices: {'cpu, cuda' if n_gpus else 'cpu'}. Set one of them, or join nodes with GPUs."
            )
        per_gpu = ceil(self._slots() / n_gpus)
        return floor(1e4 / per_gpu) / 1e4

    def _start(self) -> None:
        if self._ray is not None:
            return
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        if self._address is None:
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # a cluster of our own, on this machine only
        import ray

        if not ray.is_initialized():
            self._connect(ray)
            self._owns_connection = True
        self._ray = ray
        self._task = ray.remote(num_cpus=1, num_gpus=self._gpu_share(), max_retries=0)(_attempt)

    def _connect(self, ray: Any) -> None:
        is_verbose = logging.getLogger().isEnabledFor(logging.INFO)
        quiet = {"logging_level": "info" if is_verbose else "error", "log_to_driver": is_verbose}
        if self._address is None:
            ray.init(
                address="local",
                num_cpus=self._n,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **quiet,
            )
            return
        _expect_answer(self._address)
        try:
            ray.init(address=self._address, **quiet)
        except Exception as error:
            raise _no_cluster(self._address, error) from error


def _expect_answer(address: str) -> None:
    """Knock at 'host:port' first: Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> TsearchError:
    first = str(error).strip().splitlines()[0][:200]
    return TsearchError(f"address '{address}': no Ray cluster answers ({first}). Check it with `ray status`.")


def _attempt(evaluator: Evaluator | str, segment: Segment, path: list[str]) -> Outcome:
    """What a Ray worker runs. It looks for modules where the driver does, too."""
    sys.path.extend(folder for folder in path if folder not in sys.path)
    return attempt(evaluator, segment)
