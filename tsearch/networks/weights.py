"""Weights from one network into another: everything is taken, or was declared to be new or left."""

import re
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import NamedTuple

from torch import Tensor

from tsearch.configuration import Configuration
from tsearch.errors import TsearchError
from tsearch.networks.boundary import Boundaries, ScoreMix
from tsearch.networks.build import Network

OF_STAGES = ("boundaries", "early_classifiers")  # parts that depend on the stages and their timesteps
OF_TRAINING = (*OF_STAGES, "kept", "timestep_masks")  # parts of which a finished network lacks some

_BLOCK = re.compile(r"stages\.(\d+)\.(\d+)\.(.+)")
_EARLY = re.compile(r"early_classifiers\.(\d+)\.(.+)")
_BOUNDARY = re.compile(r"transformers\.boundary(\d+)_(\d+)_to_(\d+)\.(.+)")


class Loaded(NamedTuple):
    """Names of weights that were taken, that kept what the network had, and that found no place in it."""

    taken: tuple[str, ...]
    new: tuple[str, ...]
    left: tuple[str, ...]


def load_weights(
    network: Network,
    state: Mapping[str, Tensor],
    *,
    may_be_new: Iterable[str] = (),
    may_be_left: Iterable[str] = (),
) -> Loaded:
    """Put `state` into `network`, in place.

    Args:
        state: Weights by name, as `network.state_dict()` calls them (see `current_names`).
        may_be_new: Parts of the network, such as "boundaries", that keep their weights where `state` has none.
        may_be_left: Parts of `state` that the network may lack.

    Raises: TsearchError, naming the weights, where any other is missing, has no place, or has another shape.
    """
    _keep_raw_scores(network, state)
    own = network.state_dict()
    new = [name for name in own if name not in state]
    left = [name for name in state if name not in own]
    others = [name for name in own if name in state and own[name].shape != state[name].shape]
    problems = {
        "missing": _undeclared(new, may_be_new),
        "without a place": _undeclared(left, may_be_left),
        "of another shape": [f"{n} {[*state[n].shape]} for {[*own[n].shape]}" for n in others],
    }
    if any(problems.values()):
        words = [f"{what}: {_some(names)}" for what, names in problems.items() if names]
        raise TsearchError(
            f"weights do not fit the network; {'; '.join(words)}. Build the network of their configuration."
        )
    taken = [name for name in own if name in state]
    network.load_state_dict({name: state[name] for name in taken}, strict=False)
    return Loaded(tuple(taken), tuple(new), tuple(left))


def load_fitting(network: Network, state: Mapping[str, Tensor]) -> Loaded:
    """Put what of `state` has a name and a shape of the network into it, in place. Those of another shape are left, and
    named with both shapes."""
    own = network.state_dict()
    taken = [name for name in own if name in state and state[name].shape == own[name].shape]
    network.load_state_dict({name: state[name] for name in taken}, strict=False)
    left = [
        f"{name} {[*value.shape]} for {[*own[name].shape]}" if name in own else name
        for name, value in state.items()
        if name not in taken
    ]
    return Loaded(tuple(taken), tuple(name for name in own if name not in taken), tuple(sorted(left)))


def current_names(state: Mapping[str, Tensor], configuration: Configuration) -> dict[str, Tensor]:
    """Weights of `configuration` under today's names, also those that version 0.1.0 wrote by stage; names of today
    stay."""
    return {_current(name, list(accumulate(configuration.stages))): value for name, value in state.items()}


def _current(name: str, ends: list[int]) -> str:
    """`ends` is the last block of every stage, from 1."""
    if found := _BLOCK.fullmatch(name):
        stage, position, rest = found.groups()
        first = ends[int(stage) - 1] + 1 if int(stage) else 1
        return f"blocks.{first + int(position)}.main.{rest}"
    if found := _EARLY.fullmatch(name):
        stage, rest = found.groups()
        return f"early_classifiers.after_block{ends[int(stage)]}.{rest}"
    if found := _BOUNDARY.fullmatch(name):
        boundary, t_in, t_out, rest = found.groups()
        key = Boundaries.key(ends[int(boundary) - 1], int(t_in), int(t_out))
        return f"boundaries.{key}.{rest}"
    return name


def _keep_raw_scores(network: Network, state: Mapping[str, Tensor]) -> None:
    """Temporal transformers that were trained before scores were normalised go on without."""
    for name, transformer in network.boundaries.items():
        is_there = [f"boundaries.{name}.{part}.weight" in state for part in ("squeeze", "norm")]
        if isinstance(transformer, ScoreMix) and is_there == [True, False]:
            transformer.read_raw_scores()


def _undeclared(names: list[str], declared: Iterable[str]) -> list[str]:
    parts = tuple(declared)
    return [name for name in names if not any(f"{name}.".startswith(f"{part}.") for part in parts)]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
