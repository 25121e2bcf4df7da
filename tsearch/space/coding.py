"""The structure of a configuration as a sampler sees it: parameters of which any combination of values decodes to a
valid structure."""

from collections.abc import Mapping
from typing import Any

from tsearch.space.divisions import AnyDivision, Division
from tsearch.space.domains import Choice, Domain, Real
from tsearch.space.structures import Structure, Structures
from tsearch.space.timesteps import (
    Vector,
    cuts_of_division,
    division_of_cuts,
    shares_of_vector,
    vector_of_shares,
)


def structure_parameters(structures: Structures) -> dict[str, Domain]:
    """The cuts between blocks or the listed divisions, the first stage's timesteps, for every later stage the share
    of the choices still open to it, and the schedule."""
    parameters = _division_parameters(structures)
    parameters["timesteps.first"] = _first(structures)
    most = structures.divisions.most_stages
    parameters |= {f"timesteps.share.{i}": Real(0.0, 1.0, default=0.5) for i in range(2, most + 1)}
    return parameters | {"schedule.leading": Choice(structures.leading)}


def decode_structure(structures: Structures, values: Mapping[str, Any]) -> Structure:
    """The structure that parameter values stand for; parameters left out take their default."""
    division = _decode_division(structures, values)
    first = _value(values, "timesteps.first", _first(structures))
    shares = [values.get(f"timesteps.share.{i}", 0.5) for i in range(2, len(division) + 1)]
    leading = _value(values, "schedule.leading", Choice(structures.leading))
    return Structure(division, vector_of_shares(structures.timesteps, first, shares), leading)


def encode_structure(structures: Structures, division: Division, vector: Vector) -> dict[str, Any]:
    """Parameter values of a division and a vector; stages that it lacks take the middle share.

    Raises: ValueError, saying why, if they are not of this space."""
    if division not in structures.divisions:
        raise ValueError(f"stages {list(division)} is not a division of this space")
    for timesteps in vector:
        if timesteps not in structures.timesteps:
            raise ValueError(f"timesteps {timesteps} is not one of {sorted(structures.timesteps)}")
    shares = shares_of_vector(structures.timesteps, vector)
    shares += (0.5,) * (structures.divisions.most_stages - 1 - len(shares))
    return (
        _encode_division(structures, division)
        | {"timesteps.first": vector[0]}
        | {f"timesteps.share.{i}": share for i, share in enumerate(shares, start=2)}
    )


def _division_parameters(structures: Structures) -> dict[str, Domain]:
    if isinstance(structures.divisions, AnyDivision):
        return {f"cut.{k}": Choice((False, True)) for k in range(1, structures.divisions.depth)}
    return {"stages": Choice(tuple(structures.divisions))}


def _decode_division(structures: Structures, values: Mapping[str, Any]) -> Division:
    if isinstance(structures.divisions, AnyDivision):
        return division_of_cuts(
            [bool(values.get(f"cut.{k}", False)) for k in range(1, structures.divisions.depth)]
        )
    division: Division = _value(values, "stages", Choice(tuple(structures.divisions)))
    return division


def _encode_division(structures: Structures, division: Division) -> dict[str, Any]:
    if isinstance(structures.divisions, AnyDivision):
        return {f"cut.{k}": cut for k, cut in enumerate(cuts_of_division(division), start=1)}
    return {"stages": Choice(tuple(structures.divisions)).encode(division)}


def _first(structures: Structures) -> Choice:
    return Choice(tuple(sorted(structures.timesteps)))


def _value(values: Mapping[str, Any], name: str, domain: Domain) -> Any:
    return domain.decode(values[name]) if name in values else domain.default
