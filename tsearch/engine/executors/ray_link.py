"""The far side of `ray.py`: the process that talks to Ray, so that a cluster that dies takes this process at most.

Only Ray's core is used. Every segment is one task; checkpoints travel as bytes with it and with its result, so no
shared file system is needed. Ray itself retries nothing: the search submits a lost segment again, so that every
attempt is counted. A task first says on which node it begins, then gives its outcome.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from tsearch.engine.executors import Outcome, Segment, attempt
from tsearch.engine.executors.ray_cluster import RayCluster, first_line
from tsearch.engine.executors.segments import UnderWay, away
from tsearch.errors import TsearchError

_POLL_S = 0.05
_LOOK_S = 2.0  # how often the cluster is asked for its cores
_PATIENCE_S = 5.0  # a segment that waits longer than this for a core is worth a word


def serve_ray(driver: Connection) -> None:
    """Join or start a cluster as the driver asks, then do its segments until it is gone. Never returns."""
    try:
        evaluator, settings = driver.recv()
        try:
            link = RayLink(driver, evaluator, RayCluster(**settings))
        except TsearchError as error:
            driver.send(("refused", str(error)))
            os._exit(0)
        with suppress(EOFError, OSError):
            link.serve()
        link.close()
    except (EOFError, OSError):
        pass
    os._exit(0)


class RayLink:
    """A connection between the driver and a cluster, and the segments that it has."""

    def __init__(self, driver: Connection, evaluator: bytes, cluster: RayCluster) -> None:
        self._driver, self._evaluator = driver, evaluator
        self._cluster, self._ray = cluster, cluster.ray
        task = self._ray.remote(num_cpus=1, num_gpus=cluster.gpus, max_retries=0, num_returns="streaming")
        self._task = task(_attempt)
        self._tasks: dict[Any, UnderWay] = {}
        self._nodes: dict[Any, str] = {}  # where tasks run that have begun
        self._waiting_since = self._looked = time.monotonic()
        self._n_slots = cluster.slots()
        driver.send(("slots", self._n_slots))

    def serve(self) -> None:
        """Take segments and give back outcomes. Raises: EOFError or OSError when the driver is gone."""
        while True:
            if self._driver.poll(0 if self._tasks else _POLL_S):
                self._submit(*self._driver.recv())
                continue
            if self._tasks:
                ready, _ = self._ray.wait(list(self._tasks), num_returns=1, timeout=_POLL_S)
                for task in ready:
                    self._hear(task)
            for task in [task for task, job in self._tasks.items() if job.left_s == 0]:
                self._ray.cancel(task, force=True)
                self._end(task, self._tasks[task].too_long)
            self._look()

    def close(self) -> None:
        """Stop what is under way and leave the cluster; one that was started here goes down."""
        for task in self._tasks:
            with suppress(Exception):
                self._ray.cancel(task, force=True)
        self._ray.shutdown()

    def _submit(self, key: str, segment: Segment) -> None:
        if not self._tasks:
            self._waiting_since = time.monotonic()
        task = self._task.remote(self._evaluator, segment, sys.path)
        self._tasks[task] = UnderWay(key, segment.timeout_s)

    def _hear(self, task: Any) -> None:
        """Note that a task begins, or pass on its outcome."""
        errors = self._ray.exceptions
        try:
            message = self._ray.get(next(task))
        except errors.RayTaskError as error:
            refused = f"Ray's workers cannot take the evaluator or a segment: {_last_line(error)}"
            self._end(task, Outcome(error=refused, is_refused=True))
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            words = f"({type(error).__name__}: {first_line(error)})"
            if self._cluster.is_alive(self._nodes.get(task)):
                self._end(task, Outcome(error=f"the Ray worker was lost {words}", is_lost=True))
            else:
                self._end(task, away(f"a Ray node was lost {words}", has_begun=task in self._nodes))
        except (errors.RayError, StopIteration) as error:
            words = f"({type(error).__name__}: {first_line(error)})"
            self._end(task, away(f"a Ray node was lost {words}", has_begun=task in self._nodes))
        else:
            if isinstance(message, Outcome):
                self._end(task, message)
            else:
                self._nodes[task] = message
                self._tasks[task] = replace(self._tasks[task], begun=time.monotonic())
                self._driver.send(("begun", self._tasks[task].key))

    def _end(self, task: Any, outcome: Outcome) -> None:
        self._nodes.pop(task, None)
        self._driver.send(("outcome", self._tasks.pop(task).key, outcome))

    def _look(self) -> None:
        """Tell the driver how many segments the cluster takes, and when it takes none at all."""
        now = time.monotonic()
        if now < self._looked + _LOOK_S:
            return
        self._looked = now
        if self._cluster.slots() != self._n_slots:
            self._n_slots = self._cluster.slots()
            self._driver.send(("slots", self._n_slots))
        if self._nodes or not self._tasks or self._cluster.is_starting():
            self._waiting_since = now
        elif now > self._waiting_since + _PATIENCE_S:
            self._waiting_since = float("inf")  # said once
            self._driver.send(("warning", self._cluster.shortage(len(self._tasks))))


def _last_line(error: BaseException) -> str:
    """Of a traceback, the error itself."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1][:300]


def _attempt(evaluator: bytes, segment: Segment, path: list[str]) -> Iterator[Any]:
    """What a Ray worker runs: first the node that it begins on, then the outcome. It looks for modules where the driver
    does, too.
    """
    import pickle

    import ray

    yield ray.get_runtime_context().get_node_id()
    sys.path.extend(folder for folder in path if folder not in sys.path)
    yield attempt(pickle.loads(evaluator), segment)
