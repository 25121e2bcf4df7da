"""Proposers: what to try next, given all results told so far.

An entry is a function of the form `proposing.Proposer`, or a class that makes such an object, one for every search.
A new proposer is a file here and a line in `PROPOSERS`.
"""

from typing import Any

from tsearch.engine.proposers.gp import GpProposer
from tsearch.engine.proposers.nsga2 import Nsga2Proposer
from tsearch.engine.proposers.random import RandomProposer
from tsearch.engine.proposers.tpe import TpeProposer

PROPOSERS: dict[str, Any] = {
    "random": RandomProposer,
    "tpe": TpeProposer,
    "nsga2": Nsga2Proposer,
    "gp": GpProposer,
}
