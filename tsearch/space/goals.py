"""What a search is to reach, and how long: objectives, constraints, the settings of the search itself and
of the confirmation after it."""

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt

from tsearch.errors import TsearchError
from tsearch.frozen import AbsentMeans, Frozen
from tsearch.units import parse, value_of, violation

LONGEST_S = 10 * 365 * 24 * 3600  # ten years; the system's clocks overflow far beyond
MOST_MARGIN = 0.5  # of accuracy
Seconds = Annotated[float, Field(gt=0, le=LONGEST_S)]


class Objective(Frozen):
    """A field of a result's metrics and the direction in which it is better."""

    name: str
    direction: Literal["maximize", "minimize"]

    @property
    def is_maximized(self) -> bool:
        return self.direction == "maximize"


class Constraint(Frozen):
    """What a metric must keep to; None leaves a side open."""

    min: float | None = None
    max: float | None = None


def _margin(given: Any) -> float:
    """A difference of accuracies such as '1%' or 0.01. Raises: ValueError if it is none."""
    with suppress(TsearchError):
        margin = value_of(given, "accuracy")
        if 0 <= margin <= MOST_MARGIN:
            return margin
    raise ValueError(
        f"{given!r}: a difference of accuracies is written 1% or 0.01, from 0 to {MOST_MARGIN:.0%}"
    )


class ConfirmSettings(Frozen):
    """How the savings that a search suggests are put to the test when it has ended: so many `candidates`, each trained
    with so many fresh `replicates` beside its uniform twins, may lose up to `margin` of accuracy against the twin."""

    candidates: Annotated[int, Field(ge=1, le=3)] = 3
    replicates: Annotated[int, Field(ge=5, le=100)] = 5  # fewer say too little of how trainings differ
    margin: Annotated[
        float,
        BeforeValidator(_margin, json_schema_input_type=float | str),
        Field(ge=0, le=MOST_MARGIN),
    ] = 0.01


def _seconds(given: Any) -> Any:
    """A time such as '30min' in seconds; what is no text stays as it is. Raises: ValueError if it is no time."""
    try:
        return parse(given, "latency_s") if isinstance(given, str) else given
    except TsearchError:
        raise ValueError(f"{given!r}: a time is a number with a unit: 90s, 30min or 2h") from None


class SearchSettings(Frozen):
    """How to search. `trials` is the total of configurations tried, baselines included: uniform networks of every
    number of timesteps up to the largest, or of those named. With `ordered`,
    proposals are made in batches of `batch` and results told in order, so that the outcome depends on the
    seed alone. `max_failures` failed trials in a row stop the run. A piece of training that takes longer than
    `segment_timeout` ('30min', or seconds) is killed, and its trial has failed. With several `replicates` the front's
    members are trained again, so often in all."""

    trials: Annotated[int, Field(gt=0, le=1_000_000)] = 40
    proposer: str = "nsga2"  # by benchmarks/proposers.py
    seed: Annotated[int, Field(ge=0)] = 0
    baselines: Literal["uniform", "none"] | Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (
        "uniform"
    )
    ordered: bool = False
    batch: Annotated[int, Field(gt=0, le=10_000)] = 4
    max_failures: PositiveInt = 5
    replicates: Annotated[int, Field(ge=1, le=100), AbsentMeans(1)] = 1
    timeout_s: Seconds | None = None
    segment_timeout: Annotated[
        Seconds | None,
        BeforeValidator(_seconds, json_schema_input_type=Seconds | str | None),
        AbsentMeans(None),
    ] = None


def worst_violation(constraints: Mapping[str, Constraint], metrics: Mapping[str, float]) -> float:
    """By how much metrics break the constraints at worst, relative to them; 0 where all are kept."""
    return max(
        (violation(metrics.get(name, math.nan), one.min, one.max) for name, one in constraints.items()),
        default=0.0,
    )
