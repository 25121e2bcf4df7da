"""Errors that a user can act on.

A `TsearchError` is printed as one line, without a traceback, and ends the command with exit code 2. It says
where the problem is, what was found, what is allowed and what to do next. Anything else that is raised is a
bug and keeps its traceback."""

import difflib
from collections.abc import Iterable


class TsearchError(Exception):
    """A problem with what the user gave: one line, no traceback, exit code 2. Line ends and other characters that
    cannot be shown, from names that a user gave, are written as in Python."""

    def __str__(self) -> str:
        return shown(super().__str__())


def shown(text: str, longest: int = 2000) -> str:
    """`text` in one line of at most about `longest` characters."""
    text = text if len(text) <= longest else f"{text[:longest]} ..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shown_value(given: object, longest: int = 100) -> str:
    """Anything that a caller gave, in a short line."""
    try:
        return shown(repr(given), longest)
    except ValueError:  # a whole number of thousands of digits
        return "this number"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean 'x'?' for the known word nearest to `word`, or '' where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
