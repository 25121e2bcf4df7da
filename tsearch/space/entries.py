"""A dictionary of parameters becomes a space.

parameter_space({"lr": (1e-4, 1e-1, "log"), "width": [8, 16, 32], "depth": (1, 6)}, {"loss": "minimize"})
"""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tsearch.errors import TsearchError, did_you_mean, shown_value
from tsearch.space.domains import Choice, Domain, Real, Whole, distinct
from tsearch.space.goals import Constraint, Objective, SearchSettings
from tsearch.space.plain import ParameterSpace, Plain

Goals = Mapping[str, str] | Sequence[Objective]
MOST_WHOLE, MOST_REAL = 2**53, 1e300  # of a range: what samplers can calculate with
_FORMS = (
    "Write [8, 16] for choices, (1, 6) or (0.1, 0.5) for a range, (1e-4, 1e-1, 'log') for a logarithmic one."
)


def parameter_space(
    parameters: Mapping[str, Any],
    objectives: Goals,
    *,
    name: str = "search",
    constraints: Mapping[str, Constraint] | None = None,
    reference: Mapping[str, float] | None = None,
    ideal: Mapping[str, float] | None = None,
    search: SearchSettings | None = None,
    epochs: int = 1,
    enqueue: Sequence[Mapping[str, Any]] = (),
) -> ParameterSpace:
    """A space of plain parameters.

    Args:
        parameters: A list is a choice; (low, high) of whole numbers is a range of whole numbers, of others a range of
            real ones, both ends included; "log" as a third entry searches orders of magnitude alike.
        objectives: Metric and direction, {"loss": "minimize"}.
        reference, ideal: The worst values that count and the best ones, by objective: the box in which a hypervolume
            is measured. Without them no hypervolume is told, and no knee.
        epochs: The budget that the evaluator is given.
        enqueue: Configurations to try first; parameters left out take their default.

    Raises: TsearchError naming the entry that cannot be searched.
    """
    if not parameters:
        raise TsearchError(f"parameters: none given, so there is nothing to search. {_FORMS}")
    for what in [*parameters, *(goal.name for goal in _objectives(objectives))]:
        if not str(what).isprintable() or not str(what):
            raise TsearchError(f"name {str(what)!r}: it cannot be printed. Use letters, digits, '-' and '_'.")
    domains = {str(parameter): _domain(str(parameter), given) for parameter, given in parameters.items()}
    space = ParameterSpace(
        name=name,
        domains=domains,
        objectives=_objectives(objectives),
        constraints=dict(constraints or {}),
        reference=_of_objectives("reference", reference, objectives),
        ideal=_of_objectives("ideal", ideal, objectives),
        search=search or SearchSettings(),
        n_epochs=epochs,
    )
    return space.model_copy(update={"enqueued": tuple(_enqueued(space, entry) for entry in enqueue)})


def _domain(name: str, given: Any) -> Domain:
    """The domain that an entry stands for."""
    if isinstance(given, Choice | Real | Whole):
        return given
    if isinstance(given, list):
        return _choice(name, given)
    if isinstance(given, tuple):
        return _range(name, given)
    raise TsearchError(f"parameter '{name}': {given!r} is neither choices nor a range. {_FORMS}")


def _choice(name: str, given: list[Any]) -> Domain:
    values = tuple(tuple(value) if isinstance(value, list) else value for value in given)
    parts = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    bad = next((part for part in parts if not isinstance(part, str | int | float | bool | None)), None)
    if bad is not None or not values:
        what = f"{bad!r} is not text, a number, true, false or a list of these" if values else "no choices"
        raise TsearchError(f"parameter '{name}': {what}. {_FORMS}")
    try:
        return Choice(distinct(values))
    except ValueError as error:
        raise TsearchError(f"parameter '{name}': {error}.") from None


def _range(name: str, given: tuple[Any, ...]) -> Domain:
    ends, log = given[:2], given[2:]
    is_number = [isinstance(end, int | float) and not isinstance(end, bool) for end in ends]
    if is_number != [True, True] or log not in ((), ("log",)):
        raise TsearchError(f"parameter '{name}': {given!r} is not a range. {_FORMS}")
    low, high = ends
    is_whole = isinstance(low, int) and isinstance(high, int)
    most = MOST_WHOLE if is_whole else MOST_REAL
    if not (abs(low) <= most and abs(high) <= most):
        raise TsearchError(
            f"parameter '{name}': {shown_value(given)} goes beyond {most:g}, where ranges end."
        )
    if low >= high:
        raise TsearchError(f"parameter '{name}': low {low:g} must be below high {high:g}.")
    if log and low <= 0:
        raise TsearchError(f"parameter '{name}': a logarithmic range starts above 0, found low {low:g}.")
    middle = math.sqrt(low * high) if log else (low + high) / 2
    if is_whole:
        return Whole(low, high, bool(log), round(middle))
    return Real(float(low), float(high), bool(log), middle)


def _objectives(given: Goals) -> tuple[Objective, ...]:
    if not given:
        raise TsearchError("objectives: none given. Say what is better: objectives={'loss': 'minimize'}.")
    if not isinstance(given, Mapping):
        odd = next((goal for goal in given if not isinstance(goal, Objective)), None)
        if odd is not None:
            raise TsearchError(
                f"objectives: {odd!r} has no direction. Write objectives={{{odd!r}: 'minimize'}}."
            )
        return tuple(given)
    for name, direction in given.items():
        if direction not in ("minimize", "maximize"):
            raise TsearchError(
                f"objectives: '{name}' is to '{direction}'.{did_you_mean(str(direction), ('minimize', 'maximize'))} "
                "Known directions: minimize, maximize."
            )
    return tuple(Objective.model_validate({"name": n, "direction": d}) for n, d in given.items())


def _of_objectives(
    what: str, given: Mapping[str, float] | None, objectives: Goals
) -> dict[str, float] | None:
    """`given` values by objective. Raises: TsearchError for a name that is no objective, and for what is no number."""
    names = {objective.name for objective in _objectives(objectives)}
    for name in given or {}:
        if name not in names:
            raise TsearchError(f"{what}: '{name}' is no objective.{did_you_mean(name, names)}")
    return None if given is None else {n: finite(f"{what}: '{n}'", v) for n, v in given.items()}


def limits(given: Mapping[str, Any] | None) -> dict[str, Constraint]:
    """Constraints from the smallest and the largest value of metrics. Raises: TsearchError for what is no such pair."""
    found = {}
    for name, bounds in (given or {}).items():
        if not isinstance(bounds, tuple | list) or len(bounds) != 2:
            raise TsearchError(
                f"constraints: '{name}': {shown_value(bounds)} is no pair. Give (smallest, largest), None for an open "
                "side."
            )
        low, high = (None if b is None else finite(f"constraints: '{name}'", b) for b in bounds)
        if low is not None and high is not None and low > high:
            raise TsearchError(f"constraints: '{name}': nothing is at least {low:g} and at most {high:g}.")
        found[name] = Constraint(min=low, max=high)
    return found


def finite(what: str, given: Any) -> float:
    """A number that a caller gave for `what`. Raises: TsearchError if it is none, or not finite."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or not abs(given) <= sys.float_info.max:
        raise TsearchError(f"{what}: {shown_value(given)} is no finite number.")
    return float(given)


def _enqueued(space: ParameterSpace, entry: Mapping[str, Any]) -> Plain:
    configuration = space.from_plain(space.decode({}) | dict(entry))
    try:
        space.encode(configuration)
    except ValueError as error:
        raise TsearchError(f"enqueue: {dict(entry)} is not in the space: {error}.") from None
    return configuration
