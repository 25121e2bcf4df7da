"""Proposers: what to try next, given all results told so far.

Each entry makes a fresh Optuna sampler from a seed, one for every proposal, so that a proposal depends on the
seed and the results told so far and on nothing else. A new proposer is a file here and a line in `PROPOSERS`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tsearch.engine.proposers.gp import gp_sampler
from tsearch.engine.proposers.nsga2 import nsga2_sampler
from tsearch.engine.proposers.random import random_sampler
from tsearch.engine.proposers.tpe import tpe_sampler

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

PROPOSERS: "dict[str, Callable[[int], BaseSampler]]" = {
    "random": random_sampler,
    "tpe": tpe_sampler,
    "nsga2": nsga2_sampler,
    "gp": gp_sampler,
}
