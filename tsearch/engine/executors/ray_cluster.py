"""What a Ray cluster has: how it is joined, what a segment asks of it, and which of its nodes are alive."""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from math import ceil, floor
from typing import Any

from tsearch.errors import TsearchError

_OBJECT_STORE_BYTES = 200 * 2**20


class RayCluster:
    """The cluster at `address`, joined; or one started on this machine, where there is none.

    Where the run's device is "cuda", a segment also takes a GPU, or an equal share of one where there are more workers
    than GPUs. Ray shows each task its GPU alone, and ends the process with it.

    Args:
        workers: How many segments at a time; None takes what the cluster has.
        device: What segments train on.

    Raises: TsearchError if no cluster answers, or it lacks the device.
    """

    def __init__(self, workers: int | None, address: str | None, device: str, is_verbose: bool) -> None:
        self.ray: Any = import_module("ray")
        self._n, self._device = workers, device
        self._connect(address, is_verbose)
        self.gpus = self._gpu_share()
        self._n_free = self._cores(
            self.ray.cluster_resources if address is None else self.ray.available_resources
        )

    def slots(self) -> int:
        """How many segments it takes at a time."""
        if self._n is not None:
            return self._n
        if self._device == "cuda":
            return self._n_gpus()
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def is_starting(self) -> bool:
        """Whether cores are taken that were free when the cluster was joined: segments whose workers are starting."""
        return self._cores(self.ray.available_resources) < self._n_free

    def shortage(self, n_segments: int) -> str:
        """What `n_segments` that wait ask for, and what there is."""
        whole, free = self.ray.cluster_resources(), self.ray.available_resources()
        cores = f"{free.get('CPU', 0):g} of {whole.get('CPU', 0):g} CPUs free"
        gpus = f", {free.get('GPU', 0):g} of {whole.get('GPU', 0):g} GPUs" if self.gpus else ""
        share = f" and {self.gpus:g} GPU" if self.gpus else ""
        return (
            f"{n_segments} segments wait for Ray: each asks for 1 CPU{share}, the cluster has {cores}{gpus}. "
            "Add nodes, or stop with Ctrl-C and resume elsewhere"
        )

    def is_alive(self, node: str | None) -> bool:
        """Whether a node's raylet answers: Ray itself takes up to 15 s to notice a dead one."""
        for found in self.ray.nodes():
            if found["NodeID"] == node:
                with suppress(OSError):
                    place = found["NodeManagerAddress"], found["NodeManagerPort"]
                    socket.create_connection(place, timeout=5).close()
                    return bool(found["Alive"])
        return False

    def _cores(self, resources: Callable[[], dict[str, float]]) -> float:
        return resources().get("CPU", 0)

    def _n_gpus(self) -> int:
        return int(self.ray.cluster_resources().get("GPU", 0))

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
        per_gpu = ceil(self.slots() / n_gpus)
        return floor(1e4 / per_gpu) / 1e4

    def _connect(self, address: str | None, is_verbose: bool) -> None:
        """Join the cluster at `address`, or start one on this machine."""
        quiet: dict[str, Any] = {
            "logging_level": "info" if is_verbose else "error",
            "log_to_driver": is_verbose,
        }
        logging.getLogger("ray").setLevel(logging.INFO if is_verbose else logging.ERROR)
        if address is None:
            self.ray.init(
                address="local",
                num_cpus=self._n,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **quiet,
            )
            return
        _expect_answer(address)
        try:
            self.ray.init(address=address, **quiet)
        except Exception as error:
            raise _no_cluster(address, error) from error


def first_line(error: BaseException) -> str:
    """An error of Ray's in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _expect_answer(address: str) -> None:
    """Knock at 'host:port' first: Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> TsearchError:
    return TsearchError(
        f"address '{address}': no Ray cluster answers ({first_line(error)}). Check it with `ray status`."
    )
