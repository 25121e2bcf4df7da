"""A searched setting as a space file writes it: one value, a list of values, or a range; read as a domain."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, Discriminator, Field, Tag, TypeAdapter, WrapValidator

from tsearch.frozen import Frozen
from tsearch.space.domains import Choice, Real, Whole, distinct


def _keep_whole(value: Any, read: Callable[[Any], float]) -> float:
    return value if type(value) is int else read(value)


Number = Annotated[float, WrapValidator(_keep_whole)]


class Range(Frozen):
    """Numbers from `low` to `high`, both included; `log` searches orders of magnitude alike."""

    low: Number
    high: Number
    log: bool = False
    default: float | None = None


def setting(annotation: Any) -> Any:
    """Type of a setting whose single value has type `annotation`. A setting that is itself a list takes a list of
    lists to choose from, and no range."""
    value = Annotated[annotation, AfterValidator(_choice_of_one), Tag("value")]
    several = Annotated[tuple[annotation, ...], Field(min_length=1), AfterValidator(_choice), Tag("choices")]
    if _is_list(annotation):
        return Annotated[value | several, Discriminator(_form_of_list)]
    within = Annotated[Range, AfterValidator(partial(_domain, annotation)), Tag("range")]
    return Annotated[value | several | within, Discriminator(_form)]


def one_value(annotation: Any) -> Any:
    """Type of a setting that is not searched."""
    return Annotated[annotation, AfterValidator(_choice_of_one)]


def _choice_of_one(value: Any) -> Choice:
    return Choice((value,))


def _choice(values: tuple[Any, ...]) -> Choice:
    return Choice(distinct(values))


def _domain(annotation: Any, given: Range) -> Real | Whole:
    """The numbers of a range. Raises: ValueError if it is none, or if an end is no legal value."""
    if given.low >= given.high:
        raise ValueError(f"low {given.low:g} must be below high {given.high:g}")
    if given.log and given.low <= 0:
        raise ValueError(f"a log range starts above 0, found low {given.low:g}")
    middle = (given.low * given.high) ** 0.5 if given.log else (given.low + given.high) / 2
    default = middle if given.default is None else given.default
    if not given.low <= default <= given.high:
        raise ValueError(f"default {default:g} is outside [{given.low:g}, {given.high:g}]")
    low, high = (TypeAdapter(annotation).validate_python(end) for end in (given.low, given.high))
    if isinstance(low, bool) or not isinstance(low, int | float) or get_origin(annotation) is Literal:
        raise ValueError("a range is for numbers only; give a list of values")
    if isinstance(low, int):
        return Whole(low, high, given.log, round(default))
    return Real(low, high, given.log, default)


def _is_list(annotation: Any) -> bool:
    """Whether a single value is a list."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_origin(annotation) is tuple


def _form(value: Any) -> str:
    if isinstance(value, dict | Range):
        return "range"
    return "choices" if isinstance(value, list | tuple) else "value"


def _form_of_list(value: Any) -> str:
    has_lists = bool(value) and isinstance(value, list | tuple) and isinstance(value[0], list | tuple)
    return "choices" if has_lists else "value"


Scalar = bool | int | float | str | None
OPTION: Any = setting(
    Scalar | tuple[Scalar, ...]
)  # of a network that is not ours, whose options we do not know
