"""Errors of the cost model: one line that says where, what was found, what is allowed and the next step."""

import difflib
from collections.abc import Iterable


class HwcostError(ValueError):
    """A network, record or profile that cannot be priced. Nothing is ever priced as zero instead."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean 'x'?' for the known word nearest to `word`, or '' where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
