"""Errors that a user can act on.

A `TsearchError` is printed as one line, without a traceback, and ends the command with exit code 2. It says
where the problem is, what was found, what is allowed and what to do next. Anything else that is raised is a
bug and keeps its traceback."""

import difflib
from collections.abc import Iterable


class TsearchError(Exception):
    """A problem with what the user gave: one line, no traceback, exit code 2."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean 'x'?' for the known word nearest to `word`, or '' where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
