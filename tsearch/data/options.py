"""Options of a data set: a frozen object read from the search space's `data:`, or one line of error."""

from typing import TypeVar

from pydantic import ValidationError

from tsearch.configuration import DataSpec
from tsearch.errors import TsearchError, did_you_mean
from tsearch.frozen import Frozen

Options = TypeVar("Options", bound=Frozen)


class NoOptions(Frozen):
    """Options of a data set that has none."""


def read_options(kind: type[Options], spec: DataSpec) -> Options:
    """The options of `spec` as a `kind`. Raises: TsearchError for an unknown option or a bad value."""
    known = list(kind.model_fields)
    for option in spec.options:
        if option not in known:
            allowed = f"Known options: {', '.join(known)}." if known else "It has no options."
            where = f"data {spec.name}: unknown option '{option}'."
            raise TsearchError(f"{where}{did_you_mean(option, known)} {allowed}")
    try:
        return kind(**spec.options)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        which = f"option '{name}' is {first['input']!r}: " if name else ""  # else several options together
        raise TsearchError(f"data {spec.name}: {which}{message[0].lower()}{message[1:]}.") from None
