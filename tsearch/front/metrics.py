"""Metrics and constraints as people write them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from tsearch.errors import TsearchError, did_you_mean
from tsearch.front.constraints import Bounds, both
from tsearch.space.goals import Objective
from tsearch.units import SHORT_NAMES, is_gain, metric_name, value_of


def known_metric(name: str, measured: Collection[str], objectives: Sequence[Objective], where: str) -> str:
    """The metric that `name` means: one of the `measured` ones or an objective, by its own name or a short one (`acc`,
    `energy`). Raises: TsearchError, naming the known ones and the nearest, where it is none; `where` starts it."""
    goals = [objective.name for objective in objectives]
    known = {*goals, *measured}
    metric = name if name in known else metric_name(name)
    if metric in known or not measured:  # before any trial is complete nobody knows what is measured
        return metric
    hint = _did_you_mean(name, goals, known) or did_you_mean(name, known)
    raise TsearchError(f"{where}: unknown metric '{name}'.{hint} Known metrics: {', '.join(sorted(known))}.")


def _did_you_mean(name: str, goals: Sequence[str], known: Collection[str]) -> str:
    """The nearest objective or short name, as the metric that it means."""
    likely = {short: metric for short, metric in SHORT_NAMES.items() if metric in known}
    likely |= {goal: goal for goal in goals}
    near = get_close_matches(name, likely, n=1)
    return f" Did you mean '{likely[near[0]]}'?" if near else ""


def is_better_high(metric: str, objectives: Sequence[Objective]) -> bool:
    """Whether more of a metric is better: as the objectives say; of others, of an accuracy alone."""
    return next((o.is_maximized for o in objectives if o.name == metric), is_gain(metric))


def read_constraints(
    given: Mapping[str, Any], metric_of: Callable[[str], str], objectives: Sequence[Objective], where: str
) -> dict[str, Bounds]:
    """Constraints from what people write: a pair of minimum and maximum, or one bound alone, which is the least for
    what is better high and the most for a cost. A bound is a number in the metric's unit, or text such as '3uJ'.

    `metric_of` gives the metric that a name means. Raises: TsearchError, starting with `where`, for anything else.
    """
    if not isinstance(given, Mapping):
        raise TsearchError(f"{where}: constraints {given!r} are none. Write for example {{'energy': '3uJ'}}.")
    constraints: dict[str, Bounds] = {}
    for name, bounds in given.items():
        metric, at = metric_of(name), f"{where}: constraint {name}={bounds!r}"
        read = _bounds(bounds, metric, is_better_high(metric, objectives), at)
        constraints = both(constraints, {metric: read})
    return constraints


def _bounds(given: Any, metric: str, is_better_high: bool, at: str) -> Bounds:
    if not isinstance(given, tuple | list):
        given = (given, None) if is_better_high else (None, given)
    if len(given) != 2:
        raise TsearchError(
            f"{at}: a constraint is one bound, or (minimum, maximum) with None for an open side."
        )
    low, high = (None if bound is None else value_of(bound, metric, at) for bound in given)
    if low is not None and high is not None and low > high:
        raise TsearchError(f"{at}: the minimum is above the maximum, so nothing can keep it.")
    return low, high
