"""Which trial `tsearch export` writes, and why."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from tsearch.cli.values import limits_of
from tsearch.engine.state import as_arguments
from tsearch.errors import TsearchError
from tsearch.front import Front, Point
from tsearch.front.broken import broken_text, nearest_misses
from tsearch.front.constraints import Constraints, constraints_text
from tsearch.units import title

if TYPE_CHECKING:
    from tsearch.engine.run_folder import Run


class Choice(NamedTuple):
    """A trial by number, and one line to be told: why it is this one, or what is wrong with it; '' for nothing."""

    number: int
    remark: str


def chosen_trial(run: "Run", arguments: argparse.Namespace) -> Choice:
    """The trial that --trial, --knee or --best names, or without a choice the knee of the front, else the best in the
    first objective.

    Raises: TsearchError where there is none, and where the one that is named breaks a limit of --min and --max.
    """
    front = Front.of(run)
    limits = limits_of(arguments, front)
    if arguments.trial is not None:
        return _named(front, arguments.trial, limits)
    if arguments.knee:
        return _knee(run, front, limits)
    if arguments.best:
        return Choice(best_of(run, front, arguments.best, limits).number, "")
    return _without_a_choice(run, front, limits)


def best_of(run: "Run", front: Front, metric: str, limits: Constraints) -> Point:
    """The best point of a run in a metric under its constraints and the `limits`. Raises: TsearchError where there is
    none, with what can be done."""
    metric = front.require(metric)
    _refuse_infeasible(run, front)
    return front.best(metric, limits)


def _named(front: Front, number: int, limits: Constraints) -> Choice:
    point = next((point for point in front.complete if point.number == number), None)
    if point is None:
        return Choice(number, "")  # the export says what is wrong with it
    _refuse_broken(front, f"trial {number}", point.metrics, limits)
    broken = broken_text(point.metrics, front.constraints)
    return Choice(number, f"warning: trial {number} breaks the run's constraints: {broken}" if broken else "")


def _knee(run: "Run", front: Front, limits: Constraints) -> Choice:
    _refuse_infeasible(run, front)
    if front.knee is None:
        leading = front.objectives[0].name
        n = len(front.points)
        raise TsearchError(
            f"{front.where}: its front of {n} {'point' if n == 1 else 'points'} has no knee. Export the best in a "
            f"metric instead: tsearch export {as_arguments(run)} --best {leading}"
        )
    _refuse_broken(front, f"the knee, trial {front.knee.number},", front.knee.metrics, limits)
    return Choice(front.knee.number, "")


def _without_a_choice(run: "Run", front: Front, limits: Constraints) -> Choice:
    if front.knee is not None and not limits:
        return Choice(front.knee.number, f"trial {front.knee.number}: the knee of the front")
    leading = front.objectives[0].name
    best = best_of(run, front, leading, limits)
    why = f"with {constraints_text(limits)}" if limits else "since the front has no knee"
    return Choice(best.number, f"trial {best.number}: the best in {title(leading)}, {why}")


def _refuse_infeasible(run: "Run", front: Front) -> None:
    """Raise TsearchError where every complete trial breaks a constraint of the run, with what to do instead."""
    if front.feasible or not front.complete:
        return
    nearest, *_ = nearest_misses(front.complete, front.constraints)
    take = f"take it with tsearch export {as_arguments(run)} --trial {nearest.number}"
    steps = [take] * front.are_networks + ["search on"] * (not run.state.is_exhausted)
    raise TsearchError(
        f"{front.where}: no complete trial has {constraints_text(front.constraints)} (set by the run). The nearest is "
        f"trial {nearest.number} with {broken_text(nearest.metrics, front.constraints)}: "
        f"{', or '.join([*steps, 'start a run with looser constraints'])}."
    )


def _refuse_broken(front: Front, who: str, metrics: Mapping[str, float], limits: Constraints) -> None:
    broken = broken_text(metrics, limits)
    if broken:
        raise TsearchError(
            f"{front.where}: {who} has {broken}. Loosen the limit, or choose with --best METRIC instead."
        )
