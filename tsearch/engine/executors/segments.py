"""What goes to a worker and what comes back: segments and their outcomes."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tsearch.configuration import Result, Task
from tsearch.space.protocol import Configuration

# (configuration, budget in epochs, checkpoint to go on from, task) -> a result, or its metrics alone
Evaluator = Callable[[Configuration, int, bytes | None, Task], Result | Mapping[str, float]]


@dataclass(frozen=True)
class Segment:
    """A piece of training: bring `configuration` from epoch `start` to epoch `stop`.

    `checkpoint` (safetensors) is that of `start`; None where the training begins. A worker that takes longer than
    `timeout_s` seconds, counted from where it begins, is killed and the segment has failed; None: never.
    """

    configuration: Configuration
    start: int
    stop: int
    checkpoint: bytes | None
    task: Task
    timeout_s: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a segment: a result, or an error in one line with its traceback.

    `is_lost`: the worker is gone, nothing is known about the configuration. `is_away`: lost with something that carries
    workers (a node, a cluster, the fork server), so that the configuration is not to blame; `has_begun` says whether a
    worker had begun. `is_refused`: something that would meet every trial, such as missing data; the search has to end.
    """

    result: Result | None = None
    error: str = ""
    traceback: str = ""
    is_lost: bool = False
    is_away: bool = False
    has_begun: bool = False
    is_refused: bool = False


def away(error: str, *, has_begun: bool = False) -> Outcome:
    """A segment lost with what its worker ran on."""
    return Outcome(error=error, is_lost=True, is_away=True, has_begun=has_begun)


@dataclass(frozen=True)
class UnderWay:
    """A segment that a worker has; `begun` is when its training began, None before (`time.monotonic`)."""

    key: str
    timeout_s: float | None
    begun: float | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds until it has taken too long, 0 from then on; None where nothing limits it."""
        if self.timeout_s is None or self.begun is None:
            return None
        return max(0.0, self.begun + self.timeout_s - time.monotonic())

    @property
    def too_long(self) -> Outcome:
        """What becomes of it then."""
        return Outcome(error=f"took longer than {self.timeout_s:g} s (the segment timeout)")


def soonest(*seconds: float | None) -> float | None:
    """The shortest of several times to wait; None stands for no limit."""
    return min((s for s in seconds if s is not None), default=None)
