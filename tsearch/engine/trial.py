"""A trial: one configuration and what became of it. Its numbers are at hand, the rest of its result stays on disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from tsearch.configuration import Result
from tsearch.engine.store import CheckpointName
from tsearch.space.protocol import Configuration

State = Literal["complete", "failed", "running", "paused"]


@dataclass(frozen=True)
class StoredResult:
    """A result on disk: its numbers, and how to read the whole of it."""

    metrics: Mapping[str, float]
    n_samples: Mapping[str, int]
    seconds: float
    load: Callable[[], Result] = field(compare=False)

    @property
    def numbers(self) -> dict[str, Any]:
        """The numbers as plain data."""
        return {"metrics": dict(self.metrics), "n_samples": dict(self.n_samples), "seconds": self.seconds}


class _Whole:
    """`trial.result`: a result as it was given, or read from disk each time it is asked for, and not kept."""

    @overload
    def __get__(self, trial: None, owner: type) -> None: ...
    @overload
    def __get__(self, trial: "Trial", owner: type) -> Result | None: ...
    def __get__(self, trial: "Trial | None", owner: type) -> Result | None:
        summary = None if trial is None else trial.summary  # None: the default of the field
        return summary.load() if isinstance(summary, StoredResult) else summary

    def __set__(self, trial: "Trial", given: Result | StoredResult | None) -> None:
        trial.__dict__["_summary"] = given


@dataclass(frozen=True)
class Measured:
    """What a trial reached before the end of its training: its metrics, and its checkpoint if it gave one."""

    metrics: Mapping[str, float]
    checkpoint: CheckpointName | None


@dataclass(frozen=True, repr=False)
class Trial:
    """One configuration and what became of it.

    Args:
        key: Its name for good, also where a later version would give the configuration another key.
        origin: "baseline", "enqueued" or "proposed".
        state: A paused trial has results at some epochs and is not under way.
        result: What a complete one gave; raises TsearchError where its file has become damaged.
        error: One line, where it failed.
        finished: The moment it ended, ISO 8601, UTC.
        values: The parameter values that stand for it; none of a baseline that lies outside the space.
        measured: What it reached before the end of its training, by epoch.
        n_lost: How many workers died on it.
        is_damaged: It failed because what is on disk of it cannot be read; `resume` repeats it.
    """

    number: int
    key: str
    state: State
    origin: str
    configuration: Configuration
    result: _Whole = _Whole()
    error: str | None = None
    finished: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[int, Measured] = field(default_factory=dict)
    n_lost: int = 0
    is_damaged: bool = False

    @property
    def summary(self) -> Result | StoredResult | None:
        """The metrics, the number of samples and the seconds of its result, without reading the rest."""
        summary: Result | StoredResult | None = self.__dict__["_summary"]
        return summary

    @property
    def metrics(self) -> Mapping[str, float]:
        """What it reached; {} unless it is complete."""
        return {} if self.summary is None else self.summary.metrics

    def __repr__(self) -> str:
        return f"Trial({self.number}, {self.key!r}, {self.state!r}, {self.origin!r})"
