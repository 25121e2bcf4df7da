"""Proposers: what to try next, given all results told so far.

An entry is a function of the form `proposing.Proposer`, or a class that makes such an object, one for every search.
A new proposer is a file here and a line in `PROPOSERS`.
"""

from typing import Any

from tsearch.engine.proposers.gp import GpProposer
from tsearch.engine.proposers.nsga2 import Nsga2Proposer
from tsearch.engine.proposers.random import RandomProposer
from tsearch.engine.proposers.tpe import TpeProposer
from tsearch.engine.proposing import Proposer
from tsearch.errors import TsearchError, did_you_mean
from tsearch.references import is_reference, resolve

PROPOSERS: dict[str, Any] = {
    "random": RandomProposer,
    "tpe": TpeProposer,
    "nsga2": Nsga2Proposer,
    "gp": GpProposer,
}


def find_proposer(given: str | Proposer) -> Proposer:
    """The proposer called `given`, the one at 'module:name', or `given` itself; a class is called to make one.

    Raises: TsearchError if there is none.
    """
    found: Any = given
    if isinstance(given, str):
        found = _own(given) if is_reference(given) else _known(given)
    made = found() if isinstance(found, type) else found
    if not callable(made):
        raise TsearchError(
            f"proposer {made!r} cannot be called. Give a function (problem, told, under_way, rng) -> values."
        )
    proposer: Proposer = made
    return proposer


def _own(reference: str) -> Any:
    try:
        return resolve(reference)
    except TsearchError as error:
        raise TsearchError(f"proposer {error}") from None


def _known(name: str) -> Any:
    if name not in PROPOSERS:
        hint = did_you_mean(name, PROPOSERS)
        raise TsearchError(f"proposer '{name}' not found.{hint} Known proposers: {', '.join(PROPOSERS)}.")
    return PROPOSERS[name]
